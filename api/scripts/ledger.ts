import { existsSync, readFileSync } from "node:fs";
import { openDatabase } from "../src/db/open.ts";
import type { Sql } from "../src/db/types.ts";
import { rebuildUsageDays } from "../src/flow/capture/rollup-store.ts";
import { checkLedger } from "../src/ledger/check-ledger.ts";
import { reconcileCommand } from "./reconcile-command.ts";

const DEV_FILE = ".infr/dev.json";

const HELP = `pnpm ledger <command>

  check           recomputes every balance, counter, limit and sum of usage from entries, holds and the usage log, and
                  prints what differs. It reads one snapshot of the database, locks nothing and changes nothing. Exit
                  code 0 if nothing differs, 1 if something does.
  reconcile       compares ledger, indexer, contract and USDC at a block, prints what differs and keeps the result. Needs
                  RPC_URL, CHAIN_ID, ESCROW_ADDRESS and USDC_ADDRESS where DATABASE_URL is set. Exit codes as above.
  rebuild-usage   works the sums of usage by day out anew, from the usage log. Requests go on meanwhile.

  DATABASE_URL   the database to check; that of the running stack (pnpm dev) where it is not set`;

/** @returns null where neither the environment nor a running stack names a database */
function databaseUrl(): string | null {
  const given = process.env["DATABASE_URL"];
  if (given) return given;
  if (!existsSync(DEV_FILE)) return null;
  return (JSON.parse(readFileSync(DEV_FILE, "utf8")) as { databaseUrl: string }).databaseUrl;
}

/** By the word that runs it. @returns the exit code */
const COMMANDS: Record<string, (sql: Sql) => Promise<number>> = {
  check: async (sql) => ((await checkLedger({ sql, say: console.log })).length === 0 ? 0 : 1),
  reconcile: (sql) => reconcileCommand(sql, DEV_FILE),
  "rebuild-usage": async (sql) => {
    const { removed, added } = await rebuildUsageDays(sql);
    console.log(`Sums of usage by day: ${removed} were wrong and are gone, ${added} are new.`);
    return 0;
  },
};

async function run(words: string[]): Promise<number> {
  if (words.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const command = COMMANDS[words.join(" ")];
  const url = databaseUrl();
  if (!command || url === null) {
    console.error(command ? "Set DATABASE_URL, or start the stack with `pnpm dev` in another terminal first." : HELP);
    return 2;
  }
  const sql = openDatabase({ url, connections: 1 });
  try {
    return await command(sql);
  } finally {
    await sql.end();
  }
}

// pnpm hands a separating "--" on.
process.exitCode = await run(process.argv.slice(2).filter((word) => word !== "--"));
