import { creditEscrowAbi } from "@infr/contracts/abi";
import type { Address, Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { isSigned, type SignedBatch, settleCall } from "./settle-call.ts";
import { countSubmissions, giveUpBatch, type OpenBatchRow, openBatch, setSubmitted, submissionOf } from "./store.ts";

type Context = { sql: Sql; chain: Chain; relayer: Address };

/** Pause before a transaction is tried again that was refused before it was sent, or was mined and reverted. */
const RETRY_MS = 2_000;

/**
 * Brings a signed batch to the chain through the outbox; anybody may submit it, so the relayer does. What the chain
 * refuses is tried again until the deadline. A batch that was not settled by then is given up: no chain can take it any
 * more, and its captures go into the next one.
 * @returns whether a transaction was queued
 */
export async function submitBatch(context: Context): Promise<boolean> {
  const batch = await openBatch(context.sql);
  if (!batch || !isSigned(batch)) return false;
  if (await isDead(context, batch)) {
    await giveUpBatch(context.sql, batch.batch_id);
    return false;
  }
  if (batch.state !== "signed") return submitAgain(context, batch);
  await submit(context, { batch, cause: causeOf(batch) });
  return true;
}

const causeOf = ({ digest }: OpenBatchRow): string => `settle:${digest}`;

/** One that was never sent goes into the queue again; one that was mined and reverted is a new transaction. */
async function submitAgain(context: Context, batch: SignedBatch): Promise<boolean> {
  const before = await submissionOf(context.sql, batch.batch_id);
  if (before?.state !== "failed" || before.age_ms < RETRY_MS || !(await isNext(context, batch))) return false;
  const again = async () => `${causeOf(batch)}#${(await countSubmissions(context.sql, batch.batch_id)) + 1}`;
  const cause = before.nonce === null ? before.cause : await again();
  await submit(context, { batch, cause });
  return true;
}

/** Whether the chain waits for this batch: it may have been settled, and its event be on the way. */
async function isNext({ chain }: Context, batch: SignedBatch): Promise<boolean> {
  const next = await nextOf(chain, "latest");
  return next.seq === batch.seq && next.prev === batch.prev;
}

async function nextOf({ client, escrow }: Chain, at: bigint | "latest"): Promise<{ seq: bigint; prev: Hex }> {
  const [seq, prev] = await client.readContract({
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "nextBatch",
    ...(at === "latest" ? {} : { blockNumber: at }),
  });
  return { seq, prev };
}

async function submit(
  { sql, chain, relayer }: Context,
  { batch, cause }: { batch: SignedBatch; cause: string },
): Promise<void> {
  await sql.begin(async (tx) => {
    const { transaction_id: transactionId } = await queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId: null,
      kind: "settle",
      cause,
      sender: relayer,
      target: chain.escrow,
      data: settleCall(batch),
    });
    await setSubmitted(tx, { batchId: batch.batch_id, transactionId });
  });
}

/**
 * No chain that holds the safe block can take it any more: its number is the next there, and the deadline has passed, or
 * another batch than its predecessor is the last that is live: the predecessor was undone.
 */
async function isDead({ chain }: Context, batch: SignedBatch): Promise<boolean> {
  const [safe, newest] = await Promise.all([chain.client.getBlock({ blockTag: "safe" }), nextOf(chain, "latest")]);
  if (newest.seq !== batch.seq || (safe.timestamp <= batch.deadline && newest.prev === batch.prev)) return false;
  const { seq, prev } = await nextOf(chain, safe.number);
  return seq === batch.seq && (safe.timestamp > batch.deadline || prev !== batch.prev);
}
