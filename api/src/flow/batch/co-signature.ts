import type { Batch } from "@infr/protocol";
import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";
import { BatchRefusedError } from "./recompute-batch.ts";

/** Somebody who signs a batch after he has computed it again. Throws {@link BatchRefusedError}. */
export type CoSigner = (batch: Batch) => Promise<Signed>;
export type Signed = { signer: Address; signature: Hex };

/** Recomputing a million captures takes a minute, on a slow machine several; the signature is good for nine. */
const TIMEOUT_MS = 400_000;

/** The co-signer at an address: our own process elsewhere, with a key of its own. */
export function remoteCoSigner(url: string): CoSigner {
  return async (batch) => {
    const response = await fetch(new URL("/co-signatures", url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...batch, seq: batch.seq.toString() }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as Partial<Signed> & { reason?: string };
    if (response.status === 409) throw new BatchRefusedError(answer.reason ?? "no reason was given");
    if (!answer.signer || !answer.signature) throw new Error(`the co-signer answered ${response.status}`);
    return { signer: answer.signer, signature: answer.signature };
  };
}

/** Two signatures as SettlerWallet takes them (OpenZeppelin's MultiSignerERC7913): signers by their hash, ascending. */
export function joinSignatures(signatures: readonly Signed[]): Hex {
  const ordered = signatures.toSorted((a, b) => (keccak256(a.signer) < keccak256(b.signer) ? -1 : 1));
  return encodeAbiParameters(
    [{ type: "bytes[]" }, { type: "bytes[]" }],
    [ordered.map(({ signer }) => signer), ordered.map(({ signature }) => signature)],
  );
}
