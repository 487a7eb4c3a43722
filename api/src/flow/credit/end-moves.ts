import { creditEscrowAbi } from "@infr/contracts/abi";
import type { Address } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction, transactionState } from "../../chain/outbox-store.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { anyOpenMove, type ClearedRow, endMove, lapsedMoves, setCleared, stuckMoves } from "./clearing-store.ts";
import { termsOf } from "./move-order.ts";
import type { Terms } from "./moves-store.ts";
import { readOwner } from "./read-owner.ts";

const MAX_MOVES = 100;
/** A reorganisation may have put the event a little before the block at which its move was cleared. */
const MARGIN_BLOCKS = 64n;

type Context = { sql: Sql; chain: Chain; relayer: Address };
type Safe = { number: bigint; timestamp: bigint };

/**
 * Brings moves to their end that did not come: those that nobody signed or cleared in time, and cleared ones once no chain
 * can take them any more. What the chain refused before that is tried again.
 */
export async function endMoves(context: Context): Promise<void> {
  const { sql, chain } = context;
  if (!(await anyOpenMove(sql))) return;
  const [{ timestamp: now }, safe] = await Promise.all([
    chain.client.getBlock(),
    chain.client.getBlock({ blockTag: "safe" }),
  ]);
  for (const moveId of await lapsedMoves(sql, { now, limit: MAX_MOVES }))
    await endMove(sql, {
      moveId,
      state: "expired",
      reason: "It was not signed, or not cleared, in time. Ask for it again.",
    });
  for (const row of await stuckMoves(sql, { now: safe.timestamp, limit: MAX_MOVES }))
    await attend(context, { row, safe });
}

async function attend(context: Context, { row, safe }: { row: ClearedRow; safe: Safe }): Promise<void> {
  const terms = termsOf(row);
  if (!terms) throw new Error(`${row.move_id} was cleared without terms`);
  if (BigInt(terms.deadline) < safe.timestamp) await endCleared(context, { row, terms, safe });
  else if (row.is_refused && (await readOwner(context.chain, terms.fromNumber)).nonce === terms.nonce)
    await sendAgain(context, row);
}

/**
 * A cleared move stays held until the safe block's time has passed its deadline without it: from there on no chain can take
 * it. The chain itself is asked whether it came: the indexer may be behind.
 */
async function endCleared(
  { sql, chain }: Context,
  { row, terms, safe }: { row: ClearedRow; terms: Terms; safe: Safe },
): Promise<void> {
  const { nonce } = await readOwner(chain, terms.fromNumber, safe.number);
  const isUnused = nonce <= terms.nonce;
  if (!isUnused && (await hasCome(chain, { row, terms, safe }))) return; // its event is on the way to the ledger
  const reason = isUnused
    ? "The chain did not take it in time. Ask for it again."
    : "Another operation of this account used up its nonce. Ask for it again.";
  await endMove(sql, { moveId: row.move_id, state: isUnused ? "expired" : "failed", reason });
}

async function hasCome(
  { client, escrow }: Chain,
  { row, terms, safe }: { row: ClearedRow; terms: Terms; safe: Safe },
): Promise<boolean> {
  const first = row.cleared_block - MARGIN_BLOCKS;
  const range = { address: escrow, abi: creditEscrowAbi, fromBlock: first > 0n ? first : 0n, toBlock: safe.number };
  const { fromNumber: from, toNumber: to } = terms;
  if (row.voucher_key !== null) {
    const created = { ...range, eventName: "VoucherCreated", args: { key: row.voucher_key, from } } as const;
    return (await client.getContractEvents(created)).length > 0;
  }
  const transferred = { ...range, eventName: "Transferred", args: { from, to } } as const;
  return (await client.getContractEvents(transferred)).some(({ args }) => args.memo === row.memo);
}

/** One that was never sent goes into the queue again; one that was mined and undone is a new transaction. */
async function sendAgain({ sql, chain, relayer }: Context, row: ClearedRow): Promise<void> {
  const before = await transactionState(sql, row.transaction_id);
  if (!before) throw new Error(`${row.move_id} has lost its transaction`);
  await sql.begin(async (tx) => {
    const { transaction_id: transactionId } = await queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId: row.account_id,
      kind: "move",
      cause: row.was_sent ? `move:${row.move_id}#${before.transaction_id}` : before.cause,
      sender: relayer,
      target: chain.escrow,
      data: before.data,
    });
    await setCleared(tx, { moveId: row.move_id, transactionId, block: row.cleared_block });
  });
}
