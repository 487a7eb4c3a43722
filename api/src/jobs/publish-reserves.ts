import { creditEscrowAbi } from "@infr/contracts/abi";
import { microUsdc } from "@infr/money";
import { BaseError, erc20Abi, LimitExceededRpcError, RpcRequestError } from "viem";
import { unbookedEvents, viewsExist } from "../chain/events-store.ts";
import type { Chain } from "../chain/open.ts";
import type { Sql } from "../db/types.ts";
import { buildDay, type ContractState } from "../reserves/build-day.ts";
import { dayRow } from "../reserves/store.ts";

const DAY_SECONDS = 86_400n;

type Context = { sql: Sql; chain: Chain };

/**
 * Publishes what was owed at the end of the last day that is over, once the chain is final beyond it and everything that the
 * indexer has of it is booked. @returns the day, if this call has built it
 */
export async function publishReserves({ sql, chain }: Context): Promise<string | null> {
  if (!(await viewsExist(sql, chain.viewsSchema))) return null;
  const [waiting] = await unbookedEvents(sql, { schema: chain.viewsSchema, limit: 1 });
  const bookedUpTo = waiting ? waiting.block_number - 1n : null;
  return publishLastDay({ sql, chain }, bookedUpTo);
}

/**
 * The same, for a ledger that has booked everything up to a block; null: everything there is. Days are the chain's, not this
 * machine's. What the contract owed then is compared if the node still has the state of that block.
 */
export async function publishLastDay({ sql, chain }: Context, bookedUpTo: bigint | null): Promise<string | null> {
  const head = await chain.client.getBlock({ blockTag: "finalized" });
  const end = head.timestamp - (head.timestamp % DAY_SECONDS);
  const day = new Date(Number(end - DAY_SECONDS) * 1000).toISOString().slice(0, 10);
  if (await dayRow(sql, day)) return null;
  const block = (await firstBlockSince(chain, { time: end, high: head.number })) - 1n;
  if (block < 0n) return null; // the chain is younger than the day
  if (bookedUpTo !== null && bookedUpTo < block) return null;
  const as = { day, chainId: chain.chainId, escrow: chain.escrow, block };
  const { hash: blockHash } = await chain.client.getBlock({ blockNumber: block });
  return (await buildDay(sql, { as, blockHash, contract: await readContractAt(chain, block) })) ? day : null;
}

/** The first block at or after a time; the one after `high` if there is none. */
async function firstBlockSince({ client }: Chain, { time, high }: { time: bigint; high: bigint }): Promise<bigint> {
  let [from, to] = [0n, high + 1n];
  while (from < to) {
    const middle = (from + to) / 2n;
    if ((await client.getBlock({ blockNumber: middle })).timestamp >= time) to = middle;
    else from = middle + 1n;
  }
  return from;
}

/** Null where the node says that it has no state of that block any more. */
async function readContractAt({ client, escrow, usdc }: Chain, blockNumber: bigint): Promise<ContractState | null> {
  try {
    // Before its deployment the contract owed nothing.
    const code = await client.getCode({ address: escrow, blockNumber });
    if (code === undefined) return { liabilities: microUsdc(0n), held: microUsdc(0n) };
    const [liabilities, held] = await Promise.all([
      client.readContract({ address: escrow, abi: creditEscrowAbi, functionName: "liabilities", blockNumber }),
      client.readContract({ address: usdc, abi: erc20Abi, functionName: "balanceOf", args: [escrow], blockNumber }),
    ]);
    return { liabilities: microUsdc(liabilities), held: microUsdc(held) };
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/** The node has answered, with an error, and not because it was asked too often: asking again would not help. */
const isRefusal = (error: unknown): boolean =>
  error instanceof BaseError &&
  error.walk((cause) => cause instanceof RpcRequestError) !== null &&
  error.walk((cause) => cause instanceof LimitExceededRpcError) === null;
