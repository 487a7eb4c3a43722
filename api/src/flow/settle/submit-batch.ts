import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, bytesToHex, encodeFunctionData } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction, transactionState } from "../../chain/outbox-store.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { type BatchRow, openBatch, type SignatureRow, setSubmitted, setUnsigned } from "./store.ts";

type Context = { sql: Sql; chain: Chain; relayer: Address };

/**
 * Brings a signed batch to the chain through the outbox; anybody may submit it, so the relayer does. A batch whose
 * deadline has passed unsettled goes back to be signed again: no chain can take the old signature any more.
 */
export async function submitBatch(context: Context): Promise<void> {
  const open = await openBatch(context.sql);
  if (!open?.signature) return;
  const { batch, signature } = open;
  if (batch.state === "signed") await submit(context, batch, signature);
  else if (batch.state === "submitted" && (await isDead(context, batch, signature)))
    await setUnsigned(context.sql, batch.batch_id);
}

async function submit({ sql, chain, relayer }: Context, batch: BatchRow, signature: SignatureRow): Promise<void> {
  const data = encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "settle",
    args: [
      {
        seq: batch.seq,
        prev: batch.prev,
        receiptsRoot: batch.receipts_root,
        periodEnd: Math.floor(batch.period_end.getTime() / 1000),
        deadline: Number(signature.deadline),
        debits: bytesToHex(batch.debits),
        credits: bytesToHex(batch.credits),
        referrals: bytesToHex(batch.referrals),
      },
      signature.signature,
    ],
  });
  await sql.begin(async (tx) => {
    const { transaction_id: transactionId } = await queueTransaction(tx, {
      transactionId: newId("tx"),
      accountId: null,
      kind: "settle",
      cause: `settle:${signature.digest}`,
      sender: relayer,
      target: chain.escrow,
      data,
    });
    await setSubmitted(tx, { batchId: batch.batch_id, digest: signature.digest, transactionId });
  });
}

/** The batch is not settled, and its signature is past its deadline or was refused by the contract. */
async function isDead({ sql, chain }: Context, batch: BatchRow, signature: SignatureRow): Promise<boolean> {
  const block = await chain.client.getBlock();
  const [seq] = await chain.client.readContract({
    address: chain.escrow,
    abi: creditEscrowAbi,
    functionName: "nextBatch",
    blockNumber: block.number,
  });
  if (seq !== batch.seq) return false;
  const transaction =
    signature.transaction_id === null ? undefined : await transactionState(sql, signature.transaction_id);
  return block.timestamp > signature.deadline || transaction?.state === "failed";
}
