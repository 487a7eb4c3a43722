import { concatHex, type Hex, keccak256 } from "viem";

/**
 * Ordered binary Merkle trees. An inner node is `keccak256(left ‖ right)`, not sorted; the last node of an odd level
 * goes up as it is, never paired with itself. With the count of leaves committed beside the root, index and count fix the
 * shape of every proof, so that no leaf can be shown at two places, left out unseen, or counted twice.
 */
export const EMPTY_ROOT: Hex = `0x${"00".repeat(32)}`;

export interface MerkleTree {
  root: Hex;
  /** Siblings from the leaf upwards, for each leaf. */
  proofs: Hex[][];
}

/** Root and all proofs; {@link EMPTY_ROOT} without leaves. */
export function buildMerkleTree(leaves: readonly Hex[]): MerkleTree {
  const proofs: Hex[][] = leaves.map(() => []);
  let level = [...leaves];
  for (let height = 0; level.length > 1; height += 1) {
    for (const [leaf, proof] of proofs.entries()) {
      const sibling = level[Math.floor(leaf / 2 ** height) ^ 1];
      if (sibling) proof.push(sibling);
    }
    const next: Hex[] = [];
    for (let index = 0; index < level.length; index += 2) next.push(join(level, index));
    level = next;
  }
  return { root: level[0] ?? EMPTY_ROOT, proofs };
}

/** The root that a leaf at `index` of `count` leaves and its proof lead to; null if the proof has another length. */
export function climb(leaf: Hex, { index, count, proof }: { index: number; count: number; proof: readonly Hex[] }) {
  if (index < 0 || index >= count) return null;
  let node = leaf;
  let used = 0;
  for (let [position, width] = [index, count]; width > 1; position >>>= 1, width = Math.ceil(width / 2)) {
    if ((position ^ 1) >= width) continue;
    const sibling = proof[used];
    used += 1;
    if (!sibling) return null;
    node = keccak256(concatHex(position % 2 === 0 ? [node, sibling] : [sibling, node]));
  }
  return used === proof.length ? node : null;
}

function join(level: readonly Hex[], index: number): Hex {
  const [left, right] = [level[index] as Hex, level[index + 1]];
  return right ? keccak256(concatHex([left, right])) : left;
}
