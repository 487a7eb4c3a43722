import { settlementDigest, settlementTypedData } from "@infr/protocol";
import { bytesToHex } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Signer } from "../../chain/signers/signer.ts";
import type { Sql } from "../../db/types.ts";
import { saveSignature, unsignedBatch } from "./store.ts";

/** Chain time for which a signature is good: the contract allows ten minutes, a batch that fails waits as long. */
const VALID_SECONDS = 120n;

/** Signs the batch that is built and not signed, with a deadline in the chain's own time. */
export async function signBatch({ sql, chain, settler }: { sql: Sql; chain: Chain; settler: Signer }): Promise<void> {
  const batch = await unsignedBatch(sql);
  if (!batch) return;
  const { timestamp } = await chain.client.getBlock();
  const deadline = timestamp + VALID_SECONDS;
  const settlement = {
    seq: batch.seq,
    prev: batch.prev,
    receiptsRoot: batch.receipts_root,
    periodEnd: Math.floor(batch.period_end.getTime() / 1000),
    deadline: Number(deadline),
    debits: bytesToHex(batch.debits),
    credits: bytesToHex(batch.credits),
    referrals: bytesToHex(batch.referrals),
  };
  const domain = { chainId: chain.chainId, escrow: chain.escrow };
  const signature = await settler.signTypedData(settlementTypedData(domain, settlement));
  await saveSignature(sql, {
    batchId: batch.batch_id,
    digest: settlementDigest(domain, settlement),
    deadline,
    signature,
  });
}
