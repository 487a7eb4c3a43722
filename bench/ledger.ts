import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { parseArgs } from "node:util";
import { migrate } from "../api/src/db/migrate.ts";
import { openDatabase as openPool } from "../api/src/db/open.ts";
import { newId } from "../api/src/ids.ts";
import { Batcher } from "../api/src/ledger/commit/batcher.ts";
import { commitOperations, renewLease } from "../api/src/ledger/commit/store.ts";
import { differences } from "../api/src/ledger/store.ts";
import { exited, spawnTied } from "../scripts/process.ts";
import { pairsPerSecond, stepByStep } from "./ledger-load.ts";
import { median } from "./load.ts";
import { openDatabase } from "./world.ts";

/**
 * Holds and captures through the group commit, on one account, on many, and from several processes, against one call
 * of the function for each step; interleaved in one run.
 *
 *   pnpm bench ledger [--rounds 5] [--seconds 2]
 */
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "2" } },
});
const rounds = Number(values.rounds);
const ms = Number(values.seconds) * 1000;
const IN_FLIGHT = 64;
const ACCOUNTS = 10_000;
const PROCESSES = 4;
const HOT = "acct_hot";
const spread = (n: number): string => `acct_${n % ACCOUNTS}`;

const database = await openDatabase();
const sql = openPool({ url: database.url, connections: 10 });

/** A hot account and ten thousand others, all with money. */
async function prepare(): Promise<void> {
  await migrate(sql);
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref)
    select id, 'personal', '0x' || left(md5(id) || md5(id), 40), '0x' || repeat('0', 64), '0x' || md5(id) || md5(id || '.')
    from (select 'acct_' || n as id from generate_series(0, ${ACCOUNTS - 1}) n union all values (${HOT}), ('acct_operator')) a`;
  await sql`
    insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
    select 'deposit:' || account_id, 1, 'escrow', '', 'credit', account_id, 1000000000000000
    from accounts where kind = 'personal'`;
  await sql`vacuum analyze`;
}

async function measure(): Promise<Record<string, number>> {
  const instanceId = newId("inst");
  await renewLease(sql, { instanceId, leaseMs: 3_600_000, first: true });
  const batcher = new Batcher({ sql, instanceId });
  const steps = stepByStep((operations) => commitOperations(sql, { instanceId, operations }));
  const rates = { hot: [] as number[], spread: [] as number[], steps: [] as number[], four: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    const hot = await pairsPerSecond(batcher, { account: () => HOT, inFlight: IN_FLIGHT, ms });
    const many = await pairsPerSecond(batcher, { account: spread, inFlight: IN_FLIGHT, ms });
    const step = await pairsPerSecond(steps, { account: () => HOT, inFlight: IN_FLIGHT, ms });
    const four = await fourProcesses();
    console.log(
      `${round === 0 ? "warm-up" : `round ${round}`}: hot ${shown(hot)}, ${ACCOUNTS} accounts ${shown(many)}, step by step ${shown(step)}, ${PROCESSES} processes ${shown(four)}`,
    );
    if (round === 0) continue;
    rates.hot.push(hot);
    rates.spread.push(many);
    rates.steps.push(step);
    rates.four.push(four);
  }
  const ratio = (of: number[], to: number[]): number => median(of.map((rate, at) => rate / (to[at] ?? 0)));
  return {
    hotPerSecond: Math.round(median(rates.hot)),
    groupCommitRatio: ratio(rates.hot, rates.steps),
    hotToSpread: ratio(rates.hot, rates.spread),
    fourProcessRatio: ratio(rates.four, rates.hot),
    drift: (await differences(sql)).length,
  };
}

const shown = (rate: number): string => `${rate.toFixed(0)}/s`;

/** The sum of what several processes do on the hot account; they begin together. */
async function fourProcesses(): Promise<number> {
  const children = await Promise.all(Array.from({ length: PROCESSES }, startProcess));
  for (const { child } of children) child.stdin?.write("go\n");
  const rates = await Promise.all(children.map(async ({ lines }) => Number((await once(lines, "line"))[0])));
  await Promise.all(children.map(({ child }) => exited(child)));
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function startProcess(): Promise<{ child: ChildProcess; lines: Interface }> {
  const words = [process.execPath, "bench/ledger-process.ts", "--url", database.url];
  const child = spawnTied([...words, "--account", HOT, "--ms", String(ms)], { stdio: ["pipe", "pipe", "inherit"] });
  if (!child.stdout) throw new Error("a pipe was asked for");
  const lines = createInterface(child.stdout);
  await once(lines, "line");
  return { child, lines };
}

try {
  await prepare();
  const figures = await measure();
  console.log(
    JSON.stringify(
      Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toFixed(2))])),
    ),
  );
} finally {
  await sql.end();
  await database.stop();
}
