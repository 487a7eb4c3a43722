import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { parseArgs } from "node:util";
import { creditEscrowAbi } from "@infr/contracts/abi";
import getPort from "get-port";
import postgres from "postgres";
import { createPublicClient, type Hex, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { rpc } from "../scripts/anvil.ts";
import { endProcess, isRunning, spawnTied, waitFor } from "../scripts/process.ts";
import { startChain, type TestChain } from "../test/chain.ts";
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
const CHAIN_ID = 31_337;
const WARM_UP_BLOCKS = 40;
const PATIENCE_MS = 60_000;
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
    CHAIN_ID: String(CHAIN_ID),
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
    const calls = await signCalls(chain.rpcUrl, WARM_UP_BLOCKS + blocks);
    // A fresh process takes a second for a block at first: what it does when it is warm is measured.
    await measureLags(chain, { sql, calls: calls.slice(0, WARM_UP_BLOCKS) });
    const [index, bare] = await measureLags(chain, { sql, calls: calls.slice(WARM_UP_BLOCKS) });
    const [indexLagP99Ms, subscriberLagP99Ms] = [percentile(index, 0.99), percentile(bare, 0.99)];
    const told = (lags: number[]) => [0.5, 0.9, 0.99].map((part) => percentile(lags, part).toFixed(0)).join(", ");
    console.log(`ms of half, 90 % and 99 % of blocks: ${told(index)}; bare: ${told(bare)}`);
    const events = blocks * EVENTS_PER_BLOCK;
    return { indexLagP99Ms, subscriberLagP99Ms, lagRatio: indexLagP99Ms / subscriberLagP99Ms, events };
  } finally {
    await sql.end();
    for (const child of [indexer, subscriber]) await endProcess(child, { graceMs: 10_000 });
    await chain.stop();
    await database.stop();
  }
}

/** A block full of events, and when the chain announced it. */
type Block = { hash: Hex; seenAt: number };

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
    timeoutMs: PATIENCE_MS,
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

/** Transactions that fill a block each, made beforehand: the processors are for what is measured. */
async function signCalls(rpcUrl: string, count: number): Promise<Hex[]> {
  const account = privateKeyToAccount(KEY);
  const first = Number(await rpc<string>(rpcUrl, "eth_getTransactionCount", [account.address, "latest"]));
  const fees = { gas: 12_000_000n, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n };
  const calls: Hex[] = [];
  for (let nonce = first; nonce < first + count; nonce += 1) {
    const data = emitCall(creditEscrowAbi, eventsFrom(nonce * EVENTS_PER_BLOCK));
    calls.push(await account.signTransaction({ chainId: CHAIN_ID, to: ESCROW, data, nonce, ...fees }));
  }
  return calls;
}

/** Has a block filled by each call, and waits for its rows. @returns milliseconds: of the indexer, of the subscriber */
async function measureLags(
  chain: TestChain,
  { sql, calls }: { sql: postgres.Sql; calls: Hex[] },
): Promise<[number[], number[]]> {
  const watchers = [watch(sql, "indexer"), watch(sql, "subscriber")] as const;
  await fillBlocks(chain, { calls, onBlock: (block) => watchers.forEach(({ expect }) => expect(block)) });
  const [index, bare] = await Promise.all(watchers.map(({ finish }) => finish(calls.length)));
  return [index ?? [], bare ?? []];
}

/** Sends each call as soon as the block of the one before is announced, so that every block is full. */
async function fillBlocks(
  { rpcUrl, wsUrl }: TestChain,
  { calls, onBlock }: { calls: Hex[]; onBlock: (block: Block) => void },
): Promise<void> {
  const { transport } = createPublicClient({ transport: webSocket(wsUrl) });
  let announced = Promise.withResolvers<void>();
  const { unsubscribe } = await transport.subscribe({
    params: ["newHeads"],
    onData: ({ result }) => {
      if (BigInt(result.gasUsed) === 0n) return;
      onBlock({ hash: result.hash, seenAt: performance.now() });
      announced.resolve();
    },
  });
  for (const call of calls) {
    announced = Promise.withResolvers();
    await rpc(rpcUrl, "eth_sendRawTransaction", [call]);
    await announced.promise;
  }
  await unsubscribe();
  (await transport.getRpcClient()).close();
}

/** Looks again and again whether the oldest block that is waited for has all of its rows. */
function watch(sql: postgres.Sql, schema: string) {
  const waiting: Block[] = [];
  const lags: number[] = [];
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const [block] = waiting;
      if (block && (await hasAllRows(sql, { schema, block }))) {
        lags.push(performance.now() - block.seenAt);
        waiting.shift();
      } else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  })();
  const finish = async (blocks: number): Promise<number[]> => {
    const check = () => lags.length === blocks;
    await waitFor({ what: `the rows of the ${schema}`, timeoutMs: PATIENCE_MS, check });
    stopping.abort();
    await loop;
    return lags;
  };
  return { expect: (block: Block) => waiting.push(block), finish };
}

/** Rows are keyed by their block, so this reads them alone, however many there are. */
async function hasAllRows(sql: postgres.Sql, { schema, block }: { schema: string; block: Block }): Promise<boolean> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from ${sql(schema)}.deposited
    where id between ${`${CHAIN_ID}:${block.hash}:`} and ${`${CHAIN_ID}:${block.hash};`}`;
  return row.count === EVENTS_PER_BLOCK;
}

function percentile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { blocks: { type: "string", default: "100" } } });
  const figures = await measureIndexLag({ blocks: Number(values.blocks) });
  console.log(JSON.stringify(figures, (_, value) => (typeof value === "number" ? Number(value.toFixed(2)) : value)));
}
