import { creditEscrowAbi } from "@infr/contracts/abi";
import { bytesToHex, encodeFunctionData, type Hex } from "viem";
import type { OpenBatchRow } from "./store.ts";

/** A batch that was signed. */
export type SignedBatch = OpenBatchRow & { deadline: bigint; signature: Hex };

/** Whether it was: both are kept together. */
export const isSigned = (batch: OpenBatchRow): batch is SignedBatch =>
  batch.deadline !== null && batch.signature !== null;

/** The call that settles a signed batch: anybody may make it. */
export const settleCall = (batch: SignedBatch): Hex =>
  encodeFunctionData({
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
