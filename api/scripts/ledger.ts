import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readAccounts } from "../src/accounting/accounts.ts";
import { readPeriod } from "../src/accounting/period.ts";
import { FORMATS, type Format, formatAccounts, formatTrialBalance } from "../src/accounting/report.ts";
import { readTrialBalance } from "../src/accounting/trial-balance.ts";
import { openDatabase } from "../src/db/open.ts";
import type { Queryable, Sql } from "../src/db/types.ts";
import { rebuildUsageDays } from "../src/flow/capture/rollup-store.ts";
import { checkLedger } from "../src/ledger/check-ledger.ts";
import { reviewsCommand, suspenseCommand } from "./deposit-commands.ts";
import { reconcileCommand } from "./reconcile-command.ts";

const DEV_FILE = ".infr/dev.json";

const HELP = `pnpm ledger <command>

  check           recomputes every balance, counter, limit and sum of usage from entries, holds and the usage log, and
                  prints what differs. It reads one snapshot of the database, locks nothing and changes nothing. Exit
                  code 0 if nothing differs, 1 if something does.
  reconcile       compares ledger, indexer, contract and USDC at a block, prints what differs and keeps the result. Needs
                  RPC_URL, CHAIN_ID, ESCROW_ADDRESS and USDC_ADDRESS where DATABASE_URL is set. Exit codes as above.
  rebuild-usage   works the sums of usage by day out anew, from the usage log. Requests go on meanwhile.
  trial-balance   every book before, in and after a month: opening, debits, credits, closing. Both ends sum to zero.
  accounts        deferred revenue, unused credit, operator payable, platform revenue, breakage of a month.

  suspense        plain transfers to the contract that nobody was credited for; for those older than seven days the call
                  by which the governor queues their refund. Nothing is sent.

  reviews         deposits above REVIEW_DEPOSIT_USD.

  --month 2026-11       of trial-balance and accounts, UTC; all of time if left out
  --format text|csv|json

  DATABASE_URL   the database to check; that of the running stack (pnpm dev) where it is not set`;

/** @returns null where neither the environment nor a running stack names a database */
function databaseUrl(): string | null {
  const given = process.env["DATABASE_URL"];
  if (given) return given;
  if (!existsSync(DEV_FILE)) return null;
  return (JSON.parse(readFileSync(DEV_FILE, "utf8")) as { databaseUrl: string }).databaseUrl;
}

type Options = { month: string | undefined; format: Format };

/** By the word that runs it. @returns the exit code */
const COMMANDS: Record<string, (sql: Sql, options: Options) => Promise<number>> = {
  check: async (sql) => ((await checkLedger({ sql, say: console.log })).length === 0 ? 0 : 1),
  reconcile: (sql) => reconcileCommand(sql, DEV_FILE),
  "rebuild-usage": async (sql) => {
    const { removed, added } = await rebuildUsageDays(sql);
    console.log(`Sums of usage by day: ${removed} were wrong and are gone, ${added} are new.`);
    return 0;
  },
  suspense: (sql) => suspenseCommand(sql),
  reviews: (sql) => reviewsCommand(sql),
  "trial-balance": (sql, { month, format }) =>
    report(sql, async (tx) => formatTrialBalance(await readTrialBalance(tx, readPeriod(month)), format)),
  accounts: (sql, { month, format }) =>
    report(sql, async (tx) => formatAccounts(await readAccounts(tx, readPeriod(month)), format)),
};

/** Reads in one snapshot, beside servers under load. */
async function report(sql: Sql, read: (tx: Queryable) => Promise<string>): Promise<number> {
  console.log(await sql.begin("isolation level repeatable read read only", (tx) => read(tx)));
  return 0;
}

/** @returns null for options that don't exist */
function readWords(args: string[]): (Options & { words: string[]; help: boolean }) | null {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { month: { type: "string" }, format: { type: "string", default: "text" }, help: { type: "boolean" } },
    });
    const format = FORMATS.find((each) => each === values.format);
    if (!format) return null;
    readPeriod(values.month);
    return { words: positionals, month: values.month, format, help: values.help ?? false };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}

async function run(args: string[]): Promise<number> {
  const request = readWords(args);
  if (request?.help) {
    console.log(HELP);
    return 0;
  }
  const command = COMMANDS[request?.words.join(" ") ?? ""];
  const url = databaseUrl();
  if (!request || !command || url === null) {
    console.error(command ? "Set DATABASE_URL, or start the stack with `pnpm dev` in another terminal first." : HELP);
    return 2;
  }
  const sql = openDatabase({ url, connections: 1 });
  try {
    return await command(sql, request);
  } finally {
    await sql.end();
  }
}

// pnpm hands a separating "--" on.
process.exitCode = await run(process.argv.slice(2).filter((word) => word !== "--"));
