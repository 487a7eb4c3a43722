import { setTimeout as sleep } from "node:timers/promises";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { createPublicClient, type Hex, http, type PublicClient, parseEventLogs } from "viem";
import type { Sql } from "../../api/src/db/types.ts";

const POLL_MS = 50;
const HASHES_KEPT = 64;

type Seen = { number: bigint; hash: Hex };

/**
 * A bare follower of the contract's logs that keeps the indexer's views, rows of blocks that were reorganised away taken
 * out. It stands in for Ponder here, which takes seconds for a deep reorganisation; the views and their columns are the
 * same, and `test/reorg.test.ts` and the flow test run Ponder itself.
 */
export async function startFollower({ sql, rpcUrl, escrow }: { sql: Sql; rpcUrl: string; escrow: Hex }) {
  await createViews(sql);
  const client = createPublicClient({ transport: http(rpcUrl, { retryCount: 0, timeout: 2_000 }), cacheTime: 0 });
  const stopping = new AbortController();
  const seen: Seen[] = [];
  const state = { isDirty: false };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await follow({ sql, client, escrow, seen, state }).catch(() => {}); // the chain or the database is being restarted
      await sleep(POLL_MS);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

type Following = {
  sql: Sql;
  client: PublicClient;
  escrow: Hex;
  /** The chain as of the last rounds. */
  seen: Seen[];
  /** Whether rows above the last of them may be of a chain that is no more. */
  state: { isDirty: boolean };
};

async function follow({ sql, client, escrow, seen, state }: Following): Promise<void> {
  const head = await client.getBlock();
  const known = seen.length;
  while (seen.length > 0 && !(await isCanonical(client, seen.at(-1) as Seen))) seen.pop();
  const fromBlock = (seen.at(-1)?.number ?? -1n) + 1n;
  if (seen.length < known || state.isDirty)
    for (const { table } of EVENTS)
      await sql`delete from ${sql(`indexer.${table}`)} where block_number >= ${fromBlock}`;
  if (head.number === null || head.number < fromBlock) return;
  state.isDirty = true;
  const logs = await client.getLogs({ address: escrow, fromBlock, toBlock: head.number });
  await sql.begin(async (tx) => {
    for (const log of parseEventLogs({ abi: creditEscrowAbi, logs })) {
      const { timestamp } = await client.getBlock({ blockNumber: log.blockNumber });
      const args = log.args as Record<string, unknown>;
      const row = {
        id: `31337:${log.blockHash}:${log.logIndex}`,
        block_number: log.blockNumber.toString(),
        block_hash: log.blockHash,
        block_timestamp: timestamp.toString(),
        log_index: log.logIndex,
        transaction_hash: log.transactionHash,
        ...Object.fromEntries(
          inputsOf(log.eventName).map((input) => [columnOf(input), String(args[input.name]).toLowerCase()]),
        ),
      };
      await tx`insert into ${tx(`indexer.${snakeCase(log.eventName)}`)} ${tx(row)} on conflict do nothing`;
    }
  });
  if (!(await isCanonical(client, head))) return; // the next round takes out what may be of another chain
  state.isDirty = false;
  seen.push({ number: head.number, hash: head.hash });
  if (seen.length > HASHES_KEPT) seen.shift();
}

async function isCanonical(client: PublicClient, { number, hash }: Seen): Promise<boolean> {
  try {
    return (await client.getBlock({ blockNumber: number })).hash === hash;
  } catch (error) {
    if (error instanceof Error && error.name === "BlockNotFoundError") return false;
    throw error;
  }
}

const snakeCase = (name: string): string => name.replaceAll(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
type Input = { name: string; type: string };

/** `from` and `to` are words of SQL; where a log was and which log an event speaks of have the same names. */
function columnOf({ name, type }: Input): string {
  if (type === "uint32" && (name === "from" || name === "to")) return `${name}_account`;
  const others: Record<string, string> = { to: "recipient", blockHash: "of_block_hash", logIndex: "of_log_index" };
  return others[name] ?? snakeCase(name);
}

const sqlType = ({ type }: Input): string =>
  type.startsWith("uint") ? "numeric" : type === "bool" ? "boolean" : "text";

const EVENTS = creditEscrowAbi
  .filter((item) => item.type === "event")
  .map(({ name, inputs }) => ({ name, table: snakeCase(name), inputs: inputs as readonly Input[] }));

const inputsOf = (event: string): readonly Input[] => EVENTS.find(({ name }) => name === event)?.inputs ?? [];

async function createViews(sql: Sql): Promise<void> {
  await sql`create schema indexer`;
  for (const { table, inputs } of EVENTS) {
    const own = inputs.map((input) => `"${columnOf(input)}" ${sqlType(input)}`).join(", ");
    await sql.unsafe(`create table indexer.${table} (id text primary key, block_number bigint, block_hash text,
      block_timestamp bigint, log_index integer, transaction_hash text${own === "" ? "" : `, ${own}`})`);
  }
}
