import { once } from "node:events";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { verifyReceipt } from "@infr/protocol";
import { migrate } from "../api/src/db/migrate.ts";
import { openDatabase as openPool } from "../api/src/db/open.ts";
import type { Sql } from "../api/src/db/types.ts";
import { type ProvenReceipt, proveReceipt } from "../api/src/flow/batch/receipts.ts";
import { exited, spawnTied } from "../scripts/process.ts";
import { measureIndexLag } from "./index-lag.ts";
import { measureSettlementLag } from "./settlement-lag.ts";
import { bookAccounts, type Contracts, depositForAll, openContracts } from "./settlement-world.ts";
import { openDatabase } from "./world.ts";

/**
 * One batch of a million usage rows: time and memory of the process that builds, signs and submits it, what it costs
 * on-chain, how fast receipts are verified; how long a charge that is due waits until it is settled, and an event until it can
 * be read.
 */
const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    accounts: { type: "string", default: "1000" },
    operators: { type: "string", default: "50" },
    "lag-rounds": { type: "string", default: "400" },
    "interval-ms": { type: "string", default: "2000" },
    "index-blocks": { type: "string", default: "100" },
    help: { type: "boolean", default: false },
  },
});
const [rows, accounts, operators] = [Number(values.rows), Number(values.accounts), Number(values.operators)];

const GAS_PRICE_ETH = 0.005e-9;
const USD_PER_ETH = 3_000;
/** What an account's line comes to: above the $0.20 at which it is flushed. */
const LINE_NANO = 260_000_000;
const PROVEN = 100;
const VERIFY_MS = 5_000;

type Built = {
  captures: number;
  builtSeconds: number;
  cpuSeconds: number;
  seconds: number;
  rssMb: number;
  gasUsed: number;
  grossMicro: number;
  lines: number;
};

async function measureBatch(): Promise<Record<string, number>> {
  const database = await openDatabase();
  // Blocks go on while the batch is built, or its deadline would have passed in the chain's own time.
  const world = await openContracts({ blockTime: 1 });
  const sql = openPool({ url: database.url, connections: 2 });
  try {
    await migrate(sql);
    await depositForAll(world.contracts, { accounts: accounts + operators, amount: 5_000_000n });
    await bookAccounts(sql, accounts + operators);
    await insertUsage(sql);
    const built = await runBuilder(database.url, world.contracts);
    if (built.captures !== rows) throw new Error(`${built.captures} of ${rows} rows are in the batch`);
    console.log(`${built.captures} rows, ${built.lines} lines: built in ${built.builtSeconds.toFixed(1)} s`);
    console.log(`the builder had a processor for ${built.cpuSeconds.toFixed(1)} s`);
    console.log(`settled with ${built.gasUsed} gas, gross $${(built.grossMicro / 1e6).toFixed(2)}`);
    return {
      usageRows: rows,
      seconds: built.seconds,
      rssMb: built.rssMb,
      receiptsPerSecond: await verifyReceipts(sql),
      usdPerThousandGross: (built.gasUsed * GAS_PRICE_ETH * USD_PER_ETH * 1_000) / (built.grossMicro / 1e6),
    };
  } finally {
    await sql.end();
    await world.stop();
    await database.stop();
  }
}

/** Rows evenly over accounts and operators; nothing but the log, which is all that a batch is made of. */
async function insertUsage(sql: Sql): Promise<void> {
  const startedAt = performance.now();
  const perRow = Math.floor((LINE_NANO * accounts) / rows);
  await sql`alter table usage disable trigger usage_append_deltas`;
  await sql`
    insert into usage (account_id, started_at, request_id, captured_at, key_id, user_id, model, node_id, operator_id,
      price_version, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano,
      completion_nano, reasoning_nano, cost_nano, funded_nano, latency_ms, status, usage_source, receipt_salt)
    select 'acct_' || i % ${accounts}::int, at, 'req_' || lpad(i::text, 26, '0'), at, 'key_1', 'user_1', 'm/' || i % 4, 'node_1',
      'acct_' || ${accounts}::int + (i / ${accounts}::int) % ${operators}::int, '0x' || repeat('11', 32), 900, 100, 300, 0, ${perRow}::bigint,
      0, i % 1000, 0, ${perRow}::bigint + i % 1000, 0, 800, 'ok', 'node', sha256(i::text::bytea)
    from generate_series(${rows - 1}::int, 0, -1) i
    cross join lateral (select now() - i * interval '50 microseconds' as at) t`;
  await sql`alter table usage enable trigger usage_append_deltas`;
  await sql`vacuum (analyze) usage`;
  await sql`checkpoint`;
  console.log(`${rows} rows written in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}

async function runBuilder(databaseUrl: string, contracts: Contracts): Promise<Built> {
  const child = spawnTied([process.execPath, "bench/settlement-builder.ts"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: databaseUrl,
      RPC_URL: contracts.rpcUrl,
      CHAIN_ID: String(contracts.chainId),
      ESCROW_ADDRESS: contracts.escrow,
      USDC_ADDRESS: contracts.usdc,
    },
  });
  if (!child.stdout) throw new Error("a pipe was asked for");
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), exited(child).then(() => ["null"])]);
  const built = JSON.parse(String(line)) as Built | null;
  if (!built) throw new Error("the builder ended without a batch");
  return built;
}

/** Receipts a second that one thread verifies, proofs at hand: each leaf, path and account anew. */
async function verifyReceipts(sql: Sql): Promise<number> {
  const proven: ProvenReceipt[] = [];
  for (let n = 0; n < PROVEN; n += 1) {
    const accountId = `acct_${n % accounts}`;
    const [row] = await sql<Array<{ id: string }>>`
      select request_id as id from usage where account_id = ${accountId} offset ${n} limit 1`;
    const one = row && (await proveReceipt(sql, { requestId: row.id, accountId }));
    if (one) proven.push(one);
  }
  let verified = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < VERIFY_MS) {
    const one = proven[verified % proven.length];
    if (!one || !verifyReceipt(one)) throw new Error("a receipt does not verify");
    verified += 1;
  }
  return verified / ((performance.now() - startedAt) / 1000);
}

if (values.help) {
  console.log(
    "pnpm bench settlement [--rows 1000000] [--accounts 1000] [--operators 50] [--lag-rounds 400] [--interval-ms 2000] [--index-blocks 100]",
  );
} else {
  const figures = await measureBatch();
  const settlementLagP99Ms = await measureSettlementLag({
    intervalMs: Number(values["interval-ms"]),
    rounds: Number(values["lag-rounds"]),
  });
  const { indexLagP99Ms } = await measureIndexLag({ blocks: Number(values["index-blocks"]) });
  const all = { ...figures, settlementLagP99Ms, indexLagP99Ms };
  console.log(
    JSON.stringify(Object.fromEntries(Object.entries(all).map(([name, value]) => [name, Number(value.toFixed(3))]))),
  );
}
