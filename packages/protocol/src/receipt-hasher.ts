import type { Hex } from "viem";
import { DuplicateReceiptError } from "./errors.ts";
import { EMPTY_ROOT } from "./merkle.ts";
import { requireUint } from "./range.ts";
import { RECEIPT_TAG, type Receipt, USAGE_SOURCES } from "./receipt.ts";
import type { Proof } from "./receipts-tree.ts";

/** keccak256 of some bytes: 32 bytes, which the next call may overwrite. */
export type Keccak = (bytes: Uint8Array) => Uint8Array;

/** A receipt before its account is hidden: `ref` and `salt` make its `accountCommitment`. */
export type ReceiptOfAccount = Omit<Receipt, "accountCommitment"> & { ref: Uint8Array; salt: Uint8Array };

const HASH_BYTES = 32;
const WORDS = 15;
/** Words of a receipt's leaf, in the order of `abi.encode`. */
const WORD = {
  tag: 0,
  requestId: 1,
  accountCommitment: 2,
  operator: 3,
  model: 4,
  priceVersion: 5,
  promptTokens: 6,
  cachedTokens: 7,
  completionTokens: 8,
  reasoningTokens: 9,
  units: 10,
  cost: 11,
  platformPaid: 12,
  usageSource: 13,
  time: 14,
} as const;
const NUMBERS = [
  ["operator", 32],
  ["promptTokens", 64],
  ["cachedTokens", 64],
  ["completionTokens", 64],
  ["reasoningTokens", 64],
  ["units", 64],
  ["time", 40],
] as const;
const AMOUNTS = ["cost", "platformPaid"] as const;
/** Models and price versions that are kept hashed. There are few; a limit on everything. */
const MAX_KEPT = 10_000;

/**
 * The leaves of {@link receiptLeaf}, byte by byte the same, for who hashes millions of them: no strings of hex on the
 * way, one buffer for all, and a keccak256 of the caller's choosing. Throws `OutOfRangeError`.
 */
export class ReceiptHasher {
  readonly #keccak: Keccak;
  readonly #words = new Uint8Array(WORDS * HASH_BYTES);
  readonly #view = new DataView(this.#words.buffer);
  readonly #pair = new Uint8Array(2 * HASH_BYTES);
  readonly #kept = new Map<string, Uint8Array>();
  readonly #encoder = new TextEncoder();

  constructor(keccak: Keccak) {
    this.#keccak = keccak;
    this.#words.set(bytesOfHex(RECEIPT_TAG), WORD.tag * HASH_BYTES);
  }

  /** @returns 32 bytes, which the next call may overwrite */
  leafOf(receipt: ReceiptOfAccount): Uint8Array {
    this.#write(WORD.requestId, this.#keccak(this.#encoder.encode(receipt.requestId)));
    this.#write(WORD.accountCommitment, this.join(receipt.ref, receipt.salt));
    this.#write(
      WORD.model,
      this.#keep(receipt.model, (text) => this.#keccak(this.#encoder.encode(text))),
    );
    this.#write(WORD.priceVersion, this.#keep(receipt.priceVersion, bytesOfHex));
    for (const [field, bits] of NUMBERS) this.#writeNumber(field, receipt[field], bits);
    for (const field of AMOUNTS) {
      requireUint({ field, value: receipt[field], bits: 64 });
      this.#view.setBigUint64(WORD[field] * HASH_BYTES + 24, receipt[field]);
    }
    this.#words[WORD.usageSource * HASH_BYTES + 31] = USAGE_SOURCES.indexOf(receipt.usageSource);
    return this.#keccak(this.#keccak(this.#words));
  }

  /** An inner node: keccak256(left ‖ right). @returns 32 bytes, which the next call may overwrite */
  join(left: Uint8Array, right: Uint8Array): Uint8Array {
    this.#pair.set(left);
    this.#pair.set(right, HASH_BYTES);
    return this.#keccak(this.#pair);
  }

  #write(word: number, bytes: Uint8Array): void {
    this.#words.set(bytes, word * HASH_BYTES);
  }

  #writeNumber(field: (typeof NUMBERS)[number][0], value: number, bits: number): void {
    if (!Number.isSafeInteger(value) || value < 0 || (bits < 53 && value >= 2 ** bits)) {
      requireUint({ field, value, bits });
    }
    const end = (WORD[field] + 1) * HASH_BYTES;
    this.#view.setUint32(end - 8, Math.floor(value / 2 ** 32));
    this.#view.setUint32(end - 4, value >>> 0);
  }

  #keep(text: string, make: (text: string) => Uint8Array): Uint8Array {
    const known = this.#kept.get(text);
    if (known) return known;
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    const made = make(text).slice();
    this.#kept.set(text, made);
    return made;
  }
}

/**
 * The sub-tree of one account's receipts, added in any order: {@link buildSubTree} in 32 bytes a receipt. Two receipts
 * that are the same throw {@link DuplicateReceiptError}.
 */
export class ReceiptsSubTree {
  readonly #hasher: ReceiptHasher;
  #leaves = new Uint8Array(16 * HASH_BYTES);
  #count = 0;
  /** Of what was added so far, once it was asked for. */
  #root: Hex | null = null;

  constructor(hasher: ReceiptHasher) {
    this.#hasher = hasher;
  }

  get count(): number {
    return this.#count;
  }

  add(receipt: ReceiptOfAccount): void {
    const at = this.#count * HASH_BYTES;
    if (at === this.#leaves.length) {
      const larger = new Uint8Array(this.#leaves.length * 2);
      larger.set(this.#leaves);
      this.#leaves = larger;
    }
    this.#leaves.set(this.#hasher.leafOf(receipt), at);
    this.#count += 1;
    this.#root = null;
  }

  /** Root over all that was added, 32 zero bytes over nothing. */
  subRoot(): Hex {
    this.#root ??= this.#climb(-1).root;
    return this.#root;
  }

  /** Root, and the place of one of the receipts that were added. */
  prove(receipt: ReceiptOfAccount): { subRoot: Hex; proof: Proof } | null {
    const leaf = this.#hasher.leafOf(receipt).slice();
    const sorted = this.#sorted();
    const index = placeOf(leaf, sorted, this.#count);
    if (index < 0) return null;
    const { root, siblings } = this.#climb(index, sorted);
    return { subRoot: root, proof: { index, count: this.#count, proof: siblings } };
  }

  /** Level by level; the last node of an odd level goes up as it is. */
  #climb(index: number, level = this.#sorted()): { root: Hex; siblings: Hex[] } {
    if (this.#count === 0) return { root: EMPTY_ROOT, siblings: [] };
    const siblings: Hex[] = [];
    for (let [width, place] = [this.#count, index]; width > 1; width = Math.ceil(width / 2), place >>= 1) {
      if (place >= 0 && (place ^ 1) < width) siblings.push(hexOfBytes(nodeAt(level, place ^ 1)));
      for (let left = 0; left < width; left += 2) {
        const node =
          left + 1 < width ? this.#hasher.join(nodeAt(level, left), nodeAt(level, left + 1)) : nodeAt(level, left);
        level.set(node, (left / 2) * HASH_BYTES);
      }
    }
    return { root: hexOfBytes(nodeAt(level, 0)), siblings };
  }

  /** A copy of the leaves, ascending. */
  #sorted(): Uint8Array {
    const view = new DataView(this.#leaves.buffer);
    const keys = new Float64Array(this.#count);
    for (let n = 0; n < this.#count; n += 1) {
      keys[n] = view.getUint32(n * HASH_BYTES) * 2 ** 16 + view.getUint16(n * HASH_BYTES + 4);
    }
    const order = Uint32Array.from({ length: this.#count }, (_, n) => n).sort(
      (a, b) => (keys[a] as number) - (keys[b] as number) || compare(this.#leaves, a, b),
    );
    const sorted = new Uint8Array(this.#count * HASH_BYTES);
    for (const [place, n] of order.entries()) {
      if (place > 0 && compare(this.#leaves, order[place - 1] as number, n) === 0) {
        throw new DuplicateReceiptError(hexOfBytes(nodeAt(this.#leaves, n)));
      }
      sorted.set(nodeAt(this.#leaves, n), place * HASH_BYTES);
    }
    return sorted;
  }
}

const nodeAt = (nodes: Uint8Array, place: number): Uint8Array =>
  nodes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);

function compare(nodes: Uint8Array, a: number, b: number): number {
  for (let at = 0; at < HASH_BYTES; at += 1) {
    const difference = (nodes[a * HASH_BYTES + at] as number) - (nodes[b * HASH_BYTES + at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @returns −1 if it is not there */
function placeOf(leaf: Uint8Array, sorted: Uint8Array, count: number): number {
  const text = hexOfBytes(leaf);
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hexOfBytes(nodeAt(sorted, middle)) < text) low = middle + 1;
    else high = middle;
  }
  return low < count && hexOfBytes(nodeAt(sorted, low)) === text ? low : -1;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const hexOfBytes = (bytes: Uint8Array): Hex => {
  let text = "0x";
  for (const byte of bytes) text += HEX[byte];
  return text as Hex;
};

const bytesOfHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: HASH_BYTES }, (_, at) => Number.parseInt(text.slice(2 + 2 * at, 4 + 2 * at), 16));
