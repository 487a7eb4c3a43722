import { parseUsd } from "@infr/money";
import { NotSettledError, openSettledBatches, verifyReceiptFile } from "@infr/sdk/verify";
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
 * Checks a charge's receipt against the chain, as anybody would: what was charged, whose it is, and that the settled batch
 * holds it.
 * @returns null while its batch is not settled and booked
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
  const { data: file } = await buyer.client.GET("/api/receipts/{requestId}", {
    params: { path: { requestId: charge.requestId } },
  });
  if (!file) return null;
  const booked = must(await buyer.client.GET("/api/batches/{seq}", { params: { path: { seq: file.seq } } }));
  if (booked.state !== "mined" && booked.state !== "final") return null;
  const client = createPublicClient({ transport: http(stack.rpc), cacheTime: 0 });
  const batches = await openSettledBatches({ client, escrow: stack.contracts.escrow });
  const verified = await verifyReceiptFile(file, batches).catch((error: unknown) => {
    if (error instanceof NotSettledError) return null;
    throw error;
  });
  if (!verified) return null;
  const isCharge =
    file.receipt.requestId === charge.requestId &&
    parseUsd(file.receipt.cost) === charge.cost &&
    file.ref === buyer.account.ref;
  return {
    requestId: charge.requestId,
    seq: file.seq,
    root: verified.batch.receiptsRoot,
    transactionHash: verified.batch.transactionHash,
    gross: booked.gross,
    account: file.account,
    valid: verified.ok && isCharge,
  };
}
