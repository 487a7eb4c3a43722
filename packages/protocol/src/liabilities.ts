import { type MicroUsdc, microUsdc } from "@infr/money";
import { concatHex, type Hex, keccak256, numberToHex, pad, stringToHex } from "viem";
import { NotAscendingError } from "./errors.ts";
import { requireUint } from "./range.ts";
import type { EscrowAddress } from "./settlement.ts";

/** What is owed, in µUSDC, by kind: unspent credit, earnings not paid out, open vouchers. */
export interface Owed {
  credit: MicroUsdc;
  earnings: MicroUsdc;
  vouchers: MicroUsdc;
}

/** What one account is owed at the end of a day. Each amount fits 64 bits. */
export interface Liability extends Owed {
  /** `accountCommitment` of the account's ref and a salt of this day: says whose it is only to those who know the salt. */
  commitment: Hex;
}

/** A node of the tree: everything below it is owed this much together. Each sum fits 128 bits. */
export interface SumNode extends Owed {
  hash: Hex;
}

/** When and where it was owed. */
export interface DayEnd extends EscrowAddress {
  /** UTC, such as `2026-11-21`. */
  day: string;
  /** The last block of that day. */
  block: bigint;
}

/** Place of a leaf, and the nodes beside its way up. */
export interface SumProof {
  index: number;
  /** Leaves in the tree. */
  count: number;
  siblings: SumNode[];
}

export interface LiabilitiesTree {
  /** What is published: {@link liabilitiesRootOf}. */
  root: Hex;
  total: Owed;
  /** Leaves first, the top last. */
  levels: SumNode[][];
  /** Place of a leaf, by commitment. */
  places: ReadonlyMap<Hex, number>;
}

const LEAF_TAG = keccak256(stringToHex("infr liability v1"));
const NODE_TAG = keccak256(stringToHex("infr liabilities node v1"));
const ROOT_TAG = keccak256(stringToHex("infr liabilities v1"));
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;
const NOTHING: Owed = { credit: microUsdc(0n), earnings: microUsdc(0n), vouchers: microUsdc(0n) };
const EMPTY: SumNode = { ...NOTHING, hash: `0x${"00".repeat(32)}` };

/** Days from 1970-01-01 to a date such as `2026-11-21`. Throws `OutOfRangeError` for what no calendar has. */
export function dayNumber(day: string): number {
  const ms = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  // Date.parse takes February 30 for March 2.
  const isDate = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
  const number = isDate ? ms / DAY_MS : -1;
  requireUint({ field: "day", value: number, bits: 32 });
  return number;
}

/** Leaf of an account: `keccak256(keccak256(abi.encode(tag, commitment, credit, earnings, vouchers)))`, and its amounts. */
export function liabilityLeaf({ commitment, ...owed }: Liability): SumNode {
  return { ...pick(owed), hash: keccak256(keccak256(concatHex([LEAF_TAG, commitment, ...words(owed, 64)]))) };
}

/**
 * The node above two others: `keccak256(abi.encode(tag, left, right))`, each side as hash, credit, earnings, vouchers. Both
 * sides' sums are hashed, not only what they come to: with the sum alone one side could be made smaller than it is.
 * Throws `OutOfRangeError`.
 */
export function joinSums(left: SumNode, right: SumNode): SumNode {
  const owed = {
    credit: microUsdc(left.credit + right.credit),
    earnings: microUsdc(left.earnings + right.earnings),
    vouchers: microUsdc(left.vouchers + right.vouchers),
  };
  words(owed, 128);
  const hash = keccak256(concatHex([NODE_TAG, left.hash, ...words(left, 128), right.hash, ...words(right, 128)]));
  return { ...owed, hash };
}

/**
 * What is published for a day: `keccak256(abi.encode(tag, uint32 day, uint64 chainId, address escrow, uint64 block, uint32
 * leaves, top, credit, earnings, vouchers))`. Throws `OutOfRangeError`.
 */
export function liabilitiesRootOf({ as, count, top }: { as: DayEnd; count: number; top: SumNode }): Hex {
  requireUint({ field: "chainId", value: as.chainId, bits: 64 });
  requireUint({ field: "block", value: as.block, bits: 64 });
  requireUint({ field: "count", value: count, bits: 32 });
  const place = [word(dayNumber(as.day)), word(as.chainId), pad(as.escrow), word(as.block)];
  return keccak256(concatHex([ROOT_TAG, ...place, word(count), top.hash, ...words(top, 128)]));
}

/**
 * The tree over what everybody is owed, ordered by leaf: as salts are new every day, so is everybody's place, and nobody
 * keeps his neighbours. The last node of an odd level goes up as it is. Throws {@link NotAscendingError} for an account
 * that comes twice, `OutOfRangeError` for an amount below zero or above 64 bits.
 */
export function buildLiabilitiesTree({
  as,
  liabilities,
}: {
  as: DayEnd;
  liabilities: readonly Liability[];
}): LiabilitiesTree {
  const leaves = liabilities
    .map((liability) => ({ commitment: liability.commitment, node: liabilityLeaf(liability) }))
    .sort((a, b) => (a.node.hash < b.node.hash ? -1 : 1));
  const places = new Map(leaves.map(({ commitment }, index) => [commitment, index]));
  if (places.size !== leaves.length) throw new NotAscendingError(leaves.length, places.size);
  const levels = [leaves.map(({ node }) => node)];
  for (let level = levels[0] as SumNode[]; level.length > 1; levels.push(level)) level = above(level);
  const top = levels.at(-1)?.[0] ?? EMPTY;
  return { root: liabilitiesRootOf({ as, count: leaves.length, top }), total: pick(top), levels, places };
}

/** The last node of an odd level goes up as it is. */
const above = (level: readonly SumNode[]): SumNode[] =>
  Array.from({ length: Math.ceil(level.length / 2) }, (_, index) => {
    const [left, right] = [level[2 * index] as SumNode, level[2 * index + 1]];
    return right ? joinSums(left, right) : left;
  });

/** Where the nodes of a proof stand, from the leaf upwards. */
export function siblingPlaces({
  index,
  count,
}: {
  index: number;
  count: number;
}): Array<{ level: number; index: number }> {
  const places: Array<{ level: number; index: number }> = [];
  for (let [position, width, level] = [index, count, 0]; width > 1; level += 1) {
    if ((position ^ 1) < width) places.push({ level, index: position ^ 1 });
    [position, width] = [position >>> 1, Math.ceil(width / 2)];
  }
  return places;
}

/**
 * Whether a day's root counts this liability in, whole: its leaf stands at its place, no sum on the way is below zero or
 * overflows, and what all are owed together is `total`.
 */
export function verifyLiability(claim: {
  root: Hex;
  as: DayEnd;
  total: Owed;
  liability: Liability;
  proof: SumProof;
}): boolean {
  const { root, as, total, liability, proof } = claim;
  try {
    const top = climbSums(liabilityLeaf(liability), proof);
    if (top === null) return false;
    const adds = top.credit === total.credit && top.earnings === total.earnings && top.vouchers === total.vouchers;
    return adds && liabilitiesRootOf({ as, count: proof.count, top }) === root;
  } catch {
    return false; // out of range
  }
}

function climbSums(leaf: SumNode, { index, count, siblings }: SumProof): SumNode | null {
  if (index < 0 || index >= count) return null;
  const places = siblingPlaces({ index, count });
  if (places.length !== siblings.length) return null;
  return siblings.reduce(
    (node, sibling, used) => ((places[used]?.index ?? 0) % 2 === 1 ? joinSums(node, sibling) : joinSums(sibling, node)),
    leaf,
  );
}

const pick = ({ credit, earnings, vouchers }: Owed): Owed => ({ credit, earnings, vouchers });

const word = (value: bigint | number): Hex => numberToHex(value, { size: 32 });

function words(owed: Owed, bits: number): Hex[] {
  return (["credit", "earnings", "vouchers"] as const).map((field) => {
    requireUint({ field, value: owed[field], bits });
    return word(owed[field]);
  });
}
