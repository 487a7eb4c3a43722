import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { parseArgs } from "node:util";
import { creditEscrowAbi } from "@infr/contracts/abi";
import getPort from "get-port";
import postgres from "postgres";
import { createPublicClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { rpc } from "../scripts/anvil.ts";
import { endProcess, isRunning, spawnTied, waitFor } from "../scripts/process.ts";
import { startChain } from "../test/chain.ts";
import { type EmittedEvent, emitCall, placeEmitter } from "../test/log-emitter.ts";
import { openDatabase } from "./world.ts";

/**
 * How long after its block an event's row can be read: of the indexer, and of a bare subscriber that inserts the same
 * rows, in the same run, on the same chain and PostgreSQL, which really writes to disk.
 *
 *   pnpm bench index [--blocks 60]
 */
const ESCROW: Hex = `0x${"e5".repeat(20)}`;
const KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const EVENTS_PER_BLOCK = 500;
const BLOCK_SECONDS = 0.2;
const WARM_UP_BLOCKS = 40;
const POLL_MS = 2;

export type IndexLag = { indexLagP99Ms: number; subscriberLagP99Ms: number; lagRatio: number; events: number };

/** Measures it over so many blocks full of deposits. */
export async function measureIndexLag({ blocks }: { blocks: number }): Promise<IndexLag> {
  const database = await openDatabase();
  const chain = await startChain({ blockTime: BLOCK_SECONDS });
  await placeEmitter(chain.rpcUrl, ESCROW);
  const indexer = startPart("index-lag-indexer", ["indexer/scripts/start.ts"], {
    DATABASE_URL: database.url,
    RPC_URL: chain.rpcUrl,
    WS_URL: chain.wsUrl,
    CHAIN_ID: "31337",
    ESCROW_ADDRESS: ESCROW,
    PORT: String(await getPort()),
  });
  const subscriber = startPart("index-lag-subscriber", ["bench/log-subscriber.ts"], {
    DATABASE_URL: database.url,
    WS_URL: chain.wsUrl,
    ESCROW_ADDRESS: ESCROW,
  });
  const sql = postgres(database.url, { max: 4, onnotice: () => {} });
  try {
    for (const schema of ["indexer", "subscriber"]) await waitForTable(sql, schema);
    const watchers = [watch(sql, "indexer"), watch(sql, "subscriber")] as const;
    // A fresh process takes a second for a block at first: what it does when it is warm is measured.
    const warmUp = await fillBlocks(chain.rpcUrl, WARM_UP_BLOCKS);
    await Promise.all(watchers.map(({ seenAll }) => seenAll(warmUp)));
    const filled = await fillBlocks(chain.rpcUrl, blocks);
    const [index, bare] = await Promise.all(
      watchers.map(async ({ seenAll, stop }) => {
        const lags = lagsOf(await seenAll(filled), filled);
        await stop();
        return percentile(lags, 0.99);
      }),
    );
    if (index === undefined || bare === undefined) throw new Error("nothing was measured");
    const events = filled.length * EVENTS_PER_BLOCK;
    return { indexLagP99Ms: index, subscriberLagP99Ms: bare, lagRatio: index / bare, events };
  } finally {
    await sql.end();
    for (const child of [indexer, subscriber]) await endProcess(child, { graceMs: 10_000 });
    await chain.stop();
    await database.stop();
  }
}

type Block = { number: bigint; seenAt: number };

function startPart(name: string, words: string[], settings: Record<string, string>): ChildProcess {
  mkdirSync(".infr-test", { recursive: true });
  const log = openSync(`.infr-test/${name}.log`, "w");
  const env = { ...process.env, ...settings };
  const child = spawnTied([process.execPath, ...words], { stdio: ["ignore", log, log], env });
  closeSync(log);
  if (!isRunning(child)) throw new Error(`${name} did not start`);
  return child;
}

const waitForTable = (sql: postgres.Sql, schema: string) =>
  waitFor({
    what: `the table of the ${schema}`,
    timeoutMs: 60_000,
    check: async () => {
      const [row] = await sql<[{ name: string | null }]>`select to_regclass(${`${schema}.deposited`})::text as name`;
      return row.name !== null;
    },
  });

const any = (bytes: number, seed: number): Hex => `0x${seed.toString(16).padStart(bytes * 2, "0")}`;

/** A deposit each, with values of their own. */
const eventsFrom = (first: number): EmittedEvent[] =>
  Array.from({ length: EVENTS_PER_BLOCK }, (_, at) => ({
    eventName: "Deposited",
    args: {
      account: first + at,
      payer: any(20, first + at),
      rail: at % 6,
      amount: BigInt(5_000_000 + at),
      debtRepaid: 0,
      memo: any(32, first + at),
    },
  }));

/** Sends as many events as fill a block, as soon as the one before is there. @returns blocks, and when they were seen */
async function fillBlocks(rpcUrl: string, count: number): Promise<Block[]> {
  const account = privateKeyToAccount(KEY);
  const wallet = createWalletClient({ account, transport: http(rpcUrl) });
  const reader = createPublicClient({ transport: http(rpcUrl), cacheTime: 0 });
  let nonce = await reader.getTransactionCount({ address: account.address });
  const blocks: Block[] = [];
  let newest = await reader.getBlockNumber();
  while (blocks.length < count) {
    const data = emitCall(creditEscrowAbi, eventsFrom(nonce * EVENTS_PER_BLOCK));
    const fees = { gas: 12_000_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n };
    await wallet.sendTransaction({ to: ESCROW, data, nonce: nonce++, chain: null, ...fees });
    for (const sent = blocks.length; blocks.length === sent; ) {
      const number = BigInt(await rpc<string>(rpcUrl, "eth_blockNumber"));
      const seenAt = performance.now();
      if (number === newest) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      for (; newest < number; ) {
        newest += 1n;
        if ((await reader.getBlockTransactionCount({ blockNumber: newest })) > 0)
          blocks.push({ number: newest, seenAt });
      }
    }
  }
  return blocks;
}

/** Looks again and again which blocks have all of their rows. */
function watch(sql: postgres.Sql, schema: string) {
  const seen = new Map<bigint, number>();
  let from = 0n;
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const rows = await sql<Array<{ number: string; count: number }>>`
        select block_number::text as number, count(*)::int as count from ${sql(schema)}.deposited
        where block_number > ${String(from)}::bigint group by 1`;
      const at = performance.now();
      for (const { number, count } of rows) {
        if (count < EVENTS_PER_BLOCK || seen.has(BigInt(number))) continue;
        seen.set(BigInt(number), at);
        if (BigInt(number) > from) from = BigInt(number);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  })();
  const seenAll = async (blocks: Block[]) => {
    await waitFor({
      what: `the rows of the ${schema}`,
      timeoutMs: 60_000,
      check: async () => blocks.every(({ number }) => seen.has(number)),
    });
    return seen;
  };
  const stop = async () => {
    stopping.abort();
    await loop;
  };
  return { seenAll, stop };
}

const lagsOf = (seen: Map<bigint, number>, blocks: Block[]): number[] =>
  blocks.map(({ number, seenAt }) => (seen.get(number) ?? Number.NaN) - seenAt);

function percentile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { blocks: { type: "string", default: "100" } } });
  const figures = await measureIndexLag({ blocks: Number(values.blocks) });
  console.log(JSON.stringify(figures, (_, value) => (typeof value === "number" ? Number(value.toFixed(2)) : value)));
}
