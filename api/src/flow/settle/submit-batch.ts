import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, bytesToHex, encodeFunctionData, type Hex } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { giveUpBatches, type OpenBatchRow, openBatch, setSubmitted, submissionOf } from "./store.ts";

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
  if (!batch || batch.deadline === null || batch.signature === null) return false;
  const signed = { ...batch, deadline: batch.deadline, signature: batch.signature };
  if (await isDead(context, signed)) {
    await context.sql.begin((tx) => giveUpBatches(tx, { batchId: batch.batch_id, seq: batch.seq }));
    return false;
  }
  if (batch.state !== "signed") return submitAgain(context, signed);
  await submit(context, { batch: signed, cause: causeOf(batch) });
  return true;
}

const causeOf = ({ digest }: OpenBatchRow): string => `settle:${digest}`;

/** One that was never sent goes into the queue again; one that was mined and reverted is a new transaction. */
async function submitAgain(context: Context, batch: Signed): Promise<boolean> {
  const before = await submissionOf(context.sql, batch.batch_id);
  if (before?.state !== "failed" || before.age_ms < RETRY_MS || !(await isNext(context, batch))) return false;
  const cause = before.nonce === null ? before.cause : `${causeOf(batch)}#${before.tries + 1}`;
  await submit(context, { batch, cause });
  return true;
}

/** Whether the chain waits for this batch: it may have been settled, and its event be on the way. */
async function isNext({ chain }: Context, batch: Signed): Promise<boolean> {
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

type Signed = OpenBatchRow & { deadline: bigint; signature: `0x${string}` };

async function submit(
  { sql, chain, relayer }: Context,
  { batch, cause }: { batch: Signed; cause: string },
): Promise<void> {
  const data = encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "settle",
    args: [
      {
        seq: batch.seq,
        prev: batch.prev,
        receiptsRoot: batch.receipts_root,
        periodEnd: Math.floor(batch.period_end.getTime() / 1000),
        deadline: Number(batch.deadline),
        debits: bytesToHex(batch.debits),
        credits: bytesToHex(batch.credits),
        referrals: bytesToHex(batch.referrals),
      },
      batch.signature,
    ],
  });
  await sql.begin(async (tx) => {
    const { transaction_id: transactionId } = await queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId: null,
      kind: "settle",
      cause,
      sender: relayer,
      target: chain.escrow,
      data,
    });
    await setSubmitted(tx, { batchId: batch.batch_id, transactionId });
  });
}

/**
 * No chain that holds the safe block can take it any more: its number is the next there, and the deadline has passed, or
 * another batch than its predecessor is the last that is live: the predecessor was undone.
 */
async function isDead({ chain }: Context, batch: Signed): Promise<boolean> {
  const [safe, newest] = await Promise.all([chain.client.getBlock({ blockTag: "safe" }), nextOf(chain, "latest")]);
  if (newest.seq !== batch.seq || (safe.timestamp <= batch.deadline && newest.prev === batch.prev)) return false;
  const { seq, prev } = await nextOf(chain, safe.number);
  return seq === batch.seq && (safe.timestamp > batch.deadline || prev !== batch.prev);
}
