import { microUsdc, nanoUsd } from "@infr/money";
import fc from "fast-check";
import { type Hex, keccak256, stringToHex } from "viem";
import { describe, expect, test } from "vitest";
import { DuplicateReceiptError, NotAscendingError, UnbalancedAccountError } from "./errors.ts";
import { buildMerkleTree, climb, EMPTY_ROOT } from "./merkle.ts";
import type { Receipt } from "./receipt.ts";
import { type AccountReceipts, buildReceiptsTree, buildSubTree, verifyReceipt } from "./receipts-tree.ts";

const hashOf = (text: string): Hex => keccak256(stringToHex(text));

const receipt = (requestId: string, cost = 5_000n): Receipt => ({
  requestId,
  accountCommitment: hashOf("commitment"),
  operator: 9,
  model: "demo/large",
  priceVersion: `0x${"11".repeat(32)}`,
  promptTokens: 10,
  cachedTokens: 0,
  completionTokens: 5,
  reasoningTokens: 0,
  units: 0,
  cost: nanoUsd(cost),
  platformPaid: nanoUsd(0n),
  usageSource: "node",
  time: 1_795_000_000,
});

const account = (id: number, receipts: Receipt[]): AccountReceipts => ({
  account: id,
  previousSeq: 0n,
  line: microUsdc(receipts.reduce((sum, { cost }) => sum + cost, 0n) / 1000n),
  carryIn: nanoUsd(0n),
  carryOut: nanoUsd(0n),
  receipts,
});

const batch = [
  account(2, [receipt("a"), receipt("b"), receipt("c")]),
  account(3, [receipt("d")]),
  account(9, [receipt("e"), receipt("f")]),
];

function claim(id: number, requestId: string) {
  const tree = buildReceiptsTree({ accounts: batch });
  const proven = tree.accounts.get(id);
  const receiptProof = proven?.receipts.get(requestId);
  if (!proven || !receiptProof) throw new Error("the batch has no such receipt");
  const { leaf, index, count, proof } = proven;
  return {
    root: tree.root,
    receipt: receipt(requestId),
    receiptProof,
    account: leaf,
    accountProof: { index, count, proof },
  };
}

describe("buildReceiptsTree", () => {
  test("default: every receipt can be verified", () => {
    for (const { account: id, receipts } of batch) {
      for (const { requestId } of receipts) expect(verifyReceipt(claim(id, requestId))).toBe(true);
    }
  });

  test("behavior: an empty batch has the zero root", () => {
    expect(buildReceiptsTree({ accounts: [] }).root).toBe(EMPTY_ROOT);
  });

  test("behavior: account 1's line need not be the sum of its receipts", () => {
    const platform = { ...account(1, [receipt("x")]), line: microUsdc(77n) };
    expect(() => buildReceiptsTree({ accounts: [platform] })).not.toThrow();
  });

  test("error: NotAscendingError for an account that comes twice", () => {
    const [first] = batch as [AccountReceipts];
    expect(() => buildReceiptsTree({ accounts: [first, first] })).toThrow(NotAscendingError);
  });

  test("error: DuplicateReceiptError", () => {
    expect(() => buildReceiptsTree({ accounts: [account(2, [receipt("a"), receipt("a")])] })).toThrow(
      DuplicateReceiptError,
    );
  });

  test("error: UnbalancedAccountError", () => {
    const wrong = { ...account(2, [receipt("a")]), line: microUsdc(6n) };
    expect(() => buildReceiptsTree({ accounts: [wrong] })).toThrow(UnbalancedAccountError);
  });
});

describe("buildSubTree", () => {
  test("behavior: does not depend on the order of receipts", () => {
    const receipts = [receipt("a"), receipt("b"), receipt("c")];
    expect(buildSubTree(receipts.toReversed()).subRoot).toBe(buildSubTree(receipts).subRoot);
  });
});

describe("verifyReceipt", () => {
  test("behavior: refuses a receipt that was changed", () => {
    const valid = claim(2, "a");
    expect(verifyReceipt({ ...valid, receipt: { ...valid.receipt, cost: nanoUsd(1n) } })).toBe(false);
  });

  test("behavior: refuses another count, place or account", () => {
    const valid = claim(2, "b");
    const { receiptProof, accountProof, account: leaf } = valid;
    const other = (receiptProof.index + 1) % 3;
    expect(verifyReceipt({ ...valid, receiptProof: { ...receiptProof, count: 4 } })).toBe(false);
    expect(verifyReceipt({ ...valid, receiptProof: { ...receiptProof, index: other } })).toBe(false);
    expect(verifyReceipt({ ...valid, accountProof: { ...accountProof, count: 4 } })).toBe(false);
    expect(verifyReceipt({ ...valid, account: { ...leaf, line: microUsdc(1n) } })).toBe(false);
  });
});

describe("climb", () => {
  test("behavior: each leaf has one place and one proof", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), (count, at, elsewhere) => {
        const leaves = Array.from({ length: count }, (_, index) => hashOf(`${index}`));
        const { root, proofs } = buildMerkleTree(leaves);
        const index = at % count;
        const [leaf, proof] = [leaves[index] as Hex, proofs[index] as Hex[]];
        expect(climb(leaf, { index, count, proof })).toBe(root);
        expect(climb(leaf, { index, count, proof: [...proof, root] })).toBeNull();
        if (proof.length > 0) expect(climb(leaf, { index, count, proof: proof.slice(1) })).toBeNull();
        const other = elsewhere % count;
        if (other !== index) expect(climb(leaf, { index: other, count, proof })).not.toBe(root);
        expect(climb(leaf, { index: count, count, proof })).toBeNull();
      }),
    );
  });
});
