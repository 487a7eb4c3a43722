import { type Address, type Hex, hashTypedData, hexToBigInt, numberToHex, type TypedDataDomain } from "viem";
import { requireUint } from "./range.ts";

/** A batch as the contract's `settle` takes it. */
export interface Batch {
  /** One more than the last number used: `nextBatch()`. */
  seq: bigint;
  /** {@link storedDigest} of the last live batch, 32 zero bytes for the first: `nextBatch()`. */
  prev: Hex;
  /** Root of {@link buildReceiptsTree}. */
  receiptsRoot: Hex;
  /** Usage up to this second is included, in seconds since 1970. */
  periodEnd: number;
  /** Last second, in chain time, at which the batch may be settled: at most 10 minutes ahead. */
  deadline: number;
  /** {@link encodeLines} of what accounts pay. */
  debits: Hex;
  /** {@link encodeLines} of gross per operator; Σ = Σ debits. */
  credits: Hex;
  /** {@link encodeLines} of referred gross per referrer; Σ ≤ Σ debits. */
  referrals: Hex;
}

/** Where a signature counts. */
export interface EscrowAddress {
  chainId: number;
  escrow: Address;
}

export const settlementTypes = {
  Settlement: [
    { name: "seq", type: "uint64" },
    { name: "prev", type: "bytes32" },
    { name: "receiptsRoot", type: "bytes32" },
    { name: "periodEnd", type: "uint40" },
    { name: "deadline", type: "uint40" },
    { name: "debits", type: "bytes" },
    { name: "credits", type: "bytes" },
    { name: "referrals", type: "bytes" },
  ],
} as const;

/** EIP-712 domain of everything that is signed for the escrow. */
export const escrowDomain = ({ chainId, escrow }: EscrowAddress) =>
  ({ name: "CreditEscrow", version: "1", chainId, verifyingContract: escrow }) as const satisfies TypedDataDomain;

/** What the settler signs, ready for viem's `signTypedData`. Throws `OutOfRangeError`. */
export function settlementTypedData(at: EscrowAddress, batch: Batch) {
  requireUint({ field: "seq", value: batch.seq, bits: 64, min: 1n });
  requireUint({ field: "periodEnd", value: batch.periodEnd, bits: 40 });
  requireUint({ field: "deadline", value: batch.deadline, bits: 40 });
  return {
    domain: escrowDomain(at),
    types: settlementTypes,
    primaryType: "Settlement",
    message: { ...batch },
  } as const;
}

/** The digest that the settler signs: `batchHash` of `BatchSettled`. Another deadline makes another digest. */
export const settlementDigest = (at: EscrowAddress, batch: Batch): Hex => hashTypedData(settlementTypedData(at, batch));

/**
 * What the contract keeps of a digest, and what the next batch names as `prev`: its high 216 bits, the low 40 cleared
 * (in storage the batch's time stands there).
 */
export const storedDigest = (digest: Hex): Hex => numberToHex((hexToBigInt(digest) >> 40n) << 40n, { size: 32 });
