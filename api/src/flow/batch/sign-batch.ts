import { settlementDigest, settlementTypedData } from "@infr/protocol";
import { bytesToHex } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Signer } from "../../chain/signers/signer.ts";
import type { Sql } from "../../db/types.ts";
import { type CoSigner, joinSignatures } from "./co-signature.ts";
import { BatchRefusedError } from "./recompute-batch.ts";
import { dropUnsigned, saveSignature, unsignedBatch } from "./store.ts";

/**
 * Chain time for which a signature is good: the contract allows ten minutes, a batch that fails waits as long. A co-signer
 * needs a part of it to compute the batch again.
 */
const VALID_SECONDS = { alone: 120n, coSigned: 540n };

type Context = {
  sql: Sql;
  chain: Chain;
  settler: Signer;
  /** Whose signature the contract wants beside the settler's. */
  coSigner?: CoSigner | undefined;
};

/**
 * Signs the batch that is built and not signed, with a deadline in the chain's own time. What the co-signer refuses is
 * given up: its captures wait for a batch that he agrees with. Throws {@link BatchRefusedError}.
 * @returns whether one was signed
 */
export async function signBatch({ sql, chain, settler, coSigner }: Context): Promise<boolean> {
  const batch = await unsignedBatch(sql);
  if (!batch) return false;
  const { timestamp } = await chain.client.getBlock();
  const deadline = timestamp + (coSigner ? VALID_SECONDS.coSigned : VALID_SECONDS.alone);
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
  try {
    const signature = await settler.signTypedData(settlementTypedData(domain, settlement));
    await saveSignature(sql, {
      batchId: batch.batch_id,
      digest: settlementDigest(domain, settlement),
      deadline,
      signature: coSigner
        ? joinSignatures([{ signer: settler.address, signature }, await coSigner(settlement)])
        : signature,
    });
    return true;
  } catch (error) {
    if (error instanceof BatchRefusedError) await dropUnsigned(sql, batch.batch_id);
    throw error;
  }
}
