import { creditEscrowAbi } from "@infr/contracts/abi";
import { createPublicClient, http } from "viem";
import { openDatabase as openPool } from "../api/src/db/open.ts";
import type { Sql } from "../api/src/db/types.ts";
import { capture } from "../api/src/testing/captures.ts";
import { waitFor } from "../scripts/process.ts";
import { startIndexer } from "../test/indexer.ts";
import { Part } from "../test/part.ts";
import { type Contracts, depositForAll, openContracts, ownerOf, SETTLER_KEY } from "./settlement-world.ts";
import { openDatabase } from "./world.ts";

const ACCOUNTS = 20;
/** Of each account, apart by a time that is no multiple of the interval. */
const ROUND_MS = 1_370;
const COST_NANO = 210_000_000n;
/** So that everybody can pay: his balance, and the day limit of $200. */
const DEPOSIT_MICRO = 150_000_000n;

/**
 * How long a charge that is due waits until the ledger has booked its settlement as mined: the real worker and indexer, a
 * chain with 200 ms blocks, one account after the other crossing the flush amount. Milliseconds, 99th percentile.
 */
export async function measureSettlementLag({
  intervalMs,
  rounds,
}: {
  intervalMs: number;
  rounds: number;
}): Promise<number> {
  const database = await openDatabase();
  const world = await openContracts({ blockTime: 0.2 });
  const { contracts, wsUrl } = world;
  const sql = openPool({ url: database.url, connections: 4 });
  const settings = {
    DATABASE_URL: database.url,
    RPC_URL: contracts.rpcUrl,
    CHAIN_ID: String(contracts.chainId),
    ESCROW_ADDRESS: contracts.escrow,
    USDC_ADDRESS: contracts.usdc,
    SETTLER_KEY,
    RELAYER_KEY: SETTLER_KEY,
    BATCH_INTERVAL_MS: String(intervalMs),
    LOG_LEVEL: "error",
  };
  const indexer = await startIndexer({ databaseUrl: database.url, wsUrl, ...contracts });
  await depositForAll(contracts, { accounts: ACCOUNTS + 1, amount: DEPOSIT_MICRO });
  const worker = new Part("bench-worker", ["api/src/worker.ts"], settings);
  try {
    const lags = await lagsOf(sql, { accounts: await openedAccounts(sql, contracts), rounds });
    console.log(`lag: ${lags.length} charges, median ${lags[Math.floor(lags.length / 2)]?.toFixed(0)} ms`);
    return lags[Math.ceil(lags.length * 0.99) - 1] ?? Number.NaN;
  } finally {
    await worker.stop();
    await indexer.stop();
    await sql.end();
    await world.stop();
    await database.stop();
  }
}

/** Waits until everybody's number is booked and lasting. */
async function openedAccounts(sql: Sql, { rpcUrl, escrow }: Contracts): Promise<string[]> {
  const reader = createPublicClient({ transport: http(rpcUrl) });
  const last = await reader.readContract({
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "idOf",
    args: [ownerOf(ACCOUNTS)],
  });
  return waitFor({
    what: "the accounts to be booked",
    timeoutMs: 60_000,
    check: async () => {
      const rows = await sql<Array<{ id: string }>>`
        select account_id as id from settleable_accounts where chain_account between 2 and ${last} order by chain_account`;
      return rows.length === ACCOUNTS + 1 ? rows.map(({ id }) => id) : null;
    },
  });
}

/** Makes charges due, one account after the other, and looks for them among what is settled. Ascending. */
async function lagsOf(sql: Sql, { accounts, rounds }: { accounts: string[]; rounds: number }): Promise<number[]> {
  const operatorId = accounts[ACCOUNTS] ?? "";
  const waiting = new Map<string, number>();
  const lags: number[] = [];
  let written = 0;
  for (let round = 0; round < rounds || waiting.size > 0; ) {
    if (round < rounds && performance.now() >= written + ROUND_MS / ACCOUNTS) {
      const accountId = accounts[round % ACCOUNTS] ?? "";
      await capture(sql, { accountId, operatorId, count: 1, cost: COST_NANO, name: `${round}` });
      written = performance.now();
      const [row] = await sql<Array<{ id: string }>>`
        select request_id as id from usage where account_id = ${accountId} order by started_at desc limit 1`;
      waiting.set(row?.id ?? "", written);
      round += 1;
    }
    const mined = await sql<Array<{ id: string }>>`
      select u.request_id as id from usage u join batches b using (batch_id)
      where b.state in ('mined', 'final') and u.request_id = any (${[...waiting.keys()]})`;
    for (const { id } of mined) {
      lags.push(performance.now() - (waiting.get(id) ?? 0));
      waiting.delete(id);
    }
  }
  return lags.sort((a, b) => a - b);
}
