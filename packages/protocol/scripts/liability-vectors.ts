import { microUsdc } from "@infr/money";
import { type Hex, keccak256, stringToHex } from "viem";
import { accountCommitment, buildLiabilitiesTree, type Liability, liabilityLeaf, siblingPlaces } from "../src/index.ts";

const as = {
  day: "2026-11-20",
  chainId: 8453,
  escrow: "0x00000000000000000000000000000000000e5c40",
  block: 38_123_456n,
} as const;
const word = (text: string): Hex => keccak256(stringToHex(text));

/** Five accounts, so that a level is odd; amounts from nothing to the most that a field can hold. */
export function liabilityVectors() {
  const amounts = [0n, 1n, 25_000_000n, 2n ** 40n, 2n ** 64n - 1n];
  const liabilities = amounts.map(
    (amount, index): Liability => ({
      commitment: accountCommitment({ ref: word(`ref ${index}`), salt: word(`salt ${index}`) }),
      credit: microUsdc(amount),
      earnings: microUsdc(BigInt(index * 7)),
      vouchers: microUsdc(index === 2 ? 5_000_000n : 0n),
    }),
  );
  const { root, total, levels, places } = buildLiabilitiesTree({ as, liabilities });
  const proofOf = (index: number) => ({
    index,
    count: places.size,
    siblings: siblingPlaces({ index, count: places.size }).map((at) => levels[at.level]?.[at.index]),
  });
  const claims = liabilities.map((liability) => ({
    liability,
    leaf: liabilityLeaf(liability).hash,
    proof: proofOf(places.get(liability.commitment) ?? -1),
  }));
  return { as, root, total, claims };
}
