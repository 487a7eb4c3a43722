import { nanoUsd } from "@infr/money";
import fc from "fast-check";
import { bytesToHex, hexToBytes, keccak256 } from "viem";
import { describe, expect, test } from "vitest";
import { DuplicateReceiptError, OutOfRangeError } from "./errors.ts";
import { EMPTY_ROOT } from "./merkle.ts";
import { accountCommitment, type Receipt, receiptLeaf, USAGE_SOURCES } from "./receipt.ts";
import { ReceiptHasher, type ReceiptOfAccount, ReceiptsSubTree } from "./receipt-hasher.ts";
import { buildSubTree } from "./receipts-tree.ts";

const keccak = (bytes: Uint8Array): Uint8Array => keccak256(bytes, "bytes");
const hasher = new ReceiptHasher(keccak);

const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const amount = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(nanoUsd);
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const receipt: fc.Arbitrary<ReceiptOfAccount> = fc.record({
  requestId: fc.string({ unit: "grapheme" }),
  ref: bytes32,
  salt: bytes32,
  operator: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  model: fc.string({ unit: "grapheme" }),
  priceVersion: bytes32.map((bytes) => bytesToHex(bytes)),
  promptTokens: count,
  cachedTokens: count,
  completionTokens: count,
  reasoningTokens: count,
  units: count,
  cost: amount,
  platformPaid: amount,
  usageSource: fc.constantFrom(...USAGE_SOURCES),
  time: fc.integer({ min: 0, max: 2 ** 40 - 1 }),
});
const shown = ({ ref, salt, ...rest }: ReceiptOfAccount): Receipt => ({
  ...rest,
  accountCommitment: accountCommitment({ ref: bytesToHex(ref), salt: bytesToHex(salt) }),
});
const treeOf = (receipts: ReceiptOfAccount[]): ReceiptsSubTree => {
  const tree = new ReceiptsSubTree(hasher);
  for (const each of receipts) tree.add(each);
  return tree;
};

describe("ReceiptHasher", () => {
  test("default: the leaves of receiptLeaf", () => {
    fc.assert(
      fc.property(receipt, (each) => {
        expect(bytesToHex(hasher.leafOf(each))).toBe(receiptLeaf(shown(each)));
      }),
    );
  });

  test("error: OutOfRangeError for what its word has no room for", () => {
    const [valid] = fc.sample(receipt, 1);
    if (!valid) throw new Error("nothing was sampled");
    for (const change of [{ time: 2 ** 40 }, { operator: 2 ** 32 }, { units: -1 }, { promptTokens: 0.5 }]) {
      expect(() => hasher.leafOf({ ...valid, ...change })).toThrow(OutOfRangeError);
    }
    expect(() => hasher.leafOf({ ...valid, cost: nanoUsd(2n ** 64n) })).toThrow(OutOfRangeError);
  });
});

describe("ReceiptsSubTree", () => {
  const several = fc.uniqueArray(receipt, { selector: ({ requestId }) => requestId, maxLength: 40 });

  test("default: root and proofs of buildSubTree, whatever the order", () => {
    fc.assert(
      fc.property(several, (receipts) => {
        const slow = buildSubTree(receipts.map(shown));
        const tree = treeOf(receipts.toReversed());
        expect(tree.count).toBe(slow.count);
        expect(tree.subRoot()).toBe(slow.subRoot);
        for (const each of receipts) {
          expect(tree.prove(each)).toEqual({ subRoot: slow.subRoot, proof: slow.proofs.get(each.requestId) });
        }
      }),
      { numRuns: 50 },
    );
  });

  test("behavior: one that was asked for its root and gets more has another", () => {
    fc.assert(
      fc.property(several, (receipts) => {
        const tree = new ReceiptsSubTree(hasher);
        for (const [index, each] of receipts.entries()) {
          tree.add(each);
          expect(tree.subRoot()).toBe(treeOf(receipts.slice(0, index + 1)).subRoot());
        }
      }),
      { numRuns: 5 },
    );
  });

  test("behavior: nothing has the zero root, and what was not added has no proof", () => {
    const [one] = fc.sample(receipt, 1);
    if (!one) throw new Error("nothing was sampled");
    expect(treeOf([]).subRoot()).toBe(EMPTY_ROOT);
    expect(treeOf([one]).prove({ ...one, salt: hexToBytes(`0x${"77".repeat(32)}`) })).toBeNull();
  });

  test("error: DuplicateReceiptError", () => {
    const [one] = fc.sample(receipt, 1);
    if (!one) throw new Error("nothing was sampled");
    expect(() => treeOf([one, one]).subRoot()).toThrow(DuplicateReceiptError);
  });
});
