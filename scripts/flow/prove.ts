import { creditEscrowAbi } from "@infr/contracts/abi";
import { microUsdc, nanoToMicro, parseUsd } from "@infr/money";
import { accountCommitment, verifyReceipt } from "@infr/protocol";
import { createPublicClient, type Hex, http } from "viem";
import type { Charge } from "./chat.ts";
import { must, type Signed } from "./session.ts";
import type { FlowChain } from "./wallet.ts";

/** A charge whose receipt was checked against the root that the chain holds. */
export type ProvenCharge = {
  requestId: string;
  seq: number;
  root: Hex;
  transactionHash: Hex;
  gross: string;
  account: { line: string; carryIn: string; carryOut: string };
  valid: boolean;
};

/**
 * Checks a charge's receipt against the chain: what was charged, whose it is, and that the batch's root holds it. The
 * root comes from the chain's own event, not from the API.
 * @returns null while its batch is not settled
 */
export async function proveCharge({
  stack,
  buyer,
  charge,
}: {
  stack: FlowChain;
  buyer: Signed;
  charge: Charge;
}): Promise<ProvenCharge | null> {
  const { data: answer } = await buyer.client.GET("/api/receipts/{requestId}", {
    params: { path: { requestId: charge.requestId } },
  });
  if (!answer) return null;
  const batch = must(await buyer.client.GET("/api/batches/{seq}", { params: { path: { seq: answer.seq } } }));
  if (batch.state !== "mined" && batch.state !== "final") return null;
  const reader = createPublicClient({ transport: http(stack.rpc), cacheTime: 0 });
  const [event] = await reader.getContractEvents({
    address: stack.contracts.escrow,
    abi: creditEscrowAbi,
    eventName: "BatchSettled",
    args: { seq: BigInt(answer.seq) },
    fromBlock: 0n,
  });
  const root = event?.args.receiptsRoot;
  if (!event || !root) return null;
  const receipt = {
    ...answer.receipt,
    accountCommitment: answer.receipt.accountCommitment as Hex,
    priceVersion: answer.receipt.priceVersion as Hex,
    cost: parseUsd(answer.receipt.cost),
    platformPaid: parseUsd(answer.receipt.platformPaid),
  };
  const account = {
    ...answer.account,
    previousSeq: BigInt(answer.account.previousSeq),
    line: microUsdc(nanoToMicro(parseUsd(answer.account.line)).micro),
    platformPaid: parseUsd(answer.account.platformPaid),
    carryIn: parseUsd(answer.account.carryIn),
    carryOut: parseUsd(answer.account.carryOut),
    subRoot: answer.account.subRoot as Hex,
  };
  const proofOf = (proof: { index: number; count: number; proof: string[] }) => ({
    ...proof,
    proof: proof.proof as Hex[],
  });
  const valid =
    verifyReceipt({
      root,
      receipt,
      receiptProof: proofOf(answer.receiptProof),
      account,
      accountProof: proofOf(answer.accountProof),
    }) &&
    receipt.cost === charge.cost &&
    receipt.requestId === charge.requestId &&
    receipt.accountCommitment === accountCommitment({ ref: buyer.account.ref, salt: answer.salt as Hex });
  return {
    requestId: charge.requestId,
    seq: answer.seq,
    root,
    transactionHash: event.transactionHash,
    gross: batch.gross,
    account: answer.account,
    valid,
  };
}
