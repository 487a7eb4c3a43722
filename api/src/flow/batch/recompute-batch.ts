import { type Batch, DuplicateReceiptError, priceVersionOf } from "@infr/protocol";
import { bytesToHex } from "viem";
import type { Queryable } from "../../db/types.ts";
import { bytesOf } from "./batch-bytes.ts";
import { capturesOf, partiesOfBatch } from "./claim-store.ts";
import { UnknownPartyError } from "./compose-batch.ts";
import { composeTally } from "./compose-tally.ts";
import { pricesOfBatch, wronglyPriced } from "./recompute-store.ts";
import { type BatchBytes, unsignedBatch } from "./store.ts";
import { Tally } from "./tally.ts";

/** The co-signer's answer to a batch that is not what the captures make of it. */
export class BatchRefusedError extends Error {
  override readonly name = "BatchRefusedError";
  readonly code = "batch_refused";
  readonly reason: string;

  constructor(reason: string) {
    super(`The batch is not co-signed: ${reason}`);
    this.reason = reason;
  }
}

/**
 * Computes a batch again from the captures that it has claimed, and compares every byte with what is to be signed. A
 * changed line or root, a capture that was taken out, put in or changed after it was built, another price than the one
 * that a capture names: each makes other bytes, or is found here. Throws {@link BatchRefusedError}.
 */
export async function recomputeBatch(sql: Queryable, asked: Omit<Batch, "deadline">): Promise<void> {
  const built = await unsignedBatch(sql);
  if (!built || built.seq !== asked.seq) throw new BatchRefusedError(`batch ${asked.seq} is not the one that is built`);
  const batchId = built.batch_id;
  const wrong = await wronglyPriced(sql, batchId);
  if (wrong !== undefined) throw new BatchRefusedError(`${wrong} costs something else than its prices say`);
  for (const { version, prices } of await pricesOfBatch(sql, batchId)) {
    if (priceVersionOf(prices) !== version)
      throw new BatchRefusedError(`the prices ${version} are not those of its name`);
  }
  const bytes = await hashBatch(sql, { batchId, periodEnd: asked.periodEnd });
  const own = {
    prev: built.prev,
    debits: bytesToHex(bytes.debits),
    credits: bytesToHex(bytes.credits),
    referrals: bytesToHex(bytes.referrals),
    receiptsRoot: bytes.root,
  };
  for (const name of ["prev", "debits", "credits", "referrals", "receiptsRoot"] as const) {
    if (own[name] !== asked[name])
      throw new BatchRefusedError(`${name} is ${asked[name]}, computed again ${own[name]}`);
  }
}

async function hashBatch(
  sql: Queryable,
  { batchId, periodEnd }: { batchId: bigint; periodEnd: number },
): Promise<BatchBytes> {
  try {
    const tally = new Tally(await partiesOfBatch(sql, batchId));
    for await (const rows of capturesOf(sql, batchId)) {
      tally.add(rows);
      if (rows.some(({ time }) => time > periodEnd)) throw new BatchRefusedError("it has captures of after its period");
    }
    const batch = await composeTally(sql, { batchId, tally });
    if (batch === null) throw new BatchRefusedError("its gross is too small for its lines");
    return bytesOf(batch, tally.subRoots());
  } catch (error) {
    if (error instanceof UnknownPartyError || error instanceof DuplicateReceiptError) {
      throw new BatchRefusedError(error.message);
    }
    throw error;
  }
}
