import { type MicroUsdc, microToNano, type NanoUsd, nanoUsd } from "@infr/money";
import type { Hex } from "viem";
import { DuplicateReceiptError, NotAscendingError, UnbalancedAccountError } from "./errors.ts";
import { buildMerkleTree, climb, EMPTY_ROOT } from "./merkle.ts";
import { type AccountLeaf, accountLeaf, type Receipt, receiptLeaf, receiptsRootOf } from "./receipt.ts";

/** The platform's account: it pays what accounts don't and the rounding, so its line is not the sum of its receipts. */
const PLATFORM = 1;

/** All receipts of an account in a batch, and how they became its line. */
export interface AccountReceipts {
  account: number;
  previousSeq: bigint;
  line: MicroUsdc;
  carryIn: NanoUsd;
  carryOut: NanoUsd;
  /** In any order: the sub-tree has them by leaf. */
  receipts: readonly Receipt[];
}

/** Place of a leaf in its tree. */
export interface Proof {
  index: number;
  /** Leaves in the tree. */
  count: number;
  /** Siblings from the leaf upwards. */
  proof: Hex[];
}

export interface ProvenAccount extends Proof {
  leaf: AccountLeaf;
  /** By request id. */
  receipts: Map<string, Proof>;
}

export interface ReceiptsTree {
  /** `receiptsRoot` of the batch: 32 zero bytes if it has no receipts. */
  root: Hex;
  /** By account number. */
  accounts: Map<number, ProvenAccount>;
}

/**
 * The receipts of a batch in two levels: a sub-tree per account, and a tree over the accounts' leaves by id. Accounts
 * have to rise strictly; each one's receipts and carry have to add up to its line, except for account 1. Throws
 * {@link NotAscendingError}, {@link DuplicateReceiptError}, {@link UnbalancedAccountError}, `OutOfRangeError`.
 */
export function buildReceiptsTree({ accounts }: { accounts: readonly AccountReceipts[] }): ReceiptsTree {
  let previous = 0;
  const proven = accounts.map((input) => {
    if (input.account <= previous) throw new NotAscendingError(input.account, previous);
    previous = input.account;
    return proveAccount(input);
  });
  const tree = buildAccountsTree(proven.map(({ leaf }) => leaf));
  return {
    root: tree.root,
    accounts: new Map(
      proven.map(({ leaf, receipts }) => [leaf.account, { leaf, receipts, ...proofIn(tree.proofs, leaf.account) }]),
    ),
  };
}

/** The upper level alone, from the leaves of all accounts of a batch in ascending order. */
export function buildAccountsTree(leaves: readonly AccountLeaf[]): { root: Hex; proofs: Map<number, Proof> } {
  const tree = buildMerkleTree(leaves.map(accountLeaf));
  const count = leaves.length;
  return {
    root: count === 0 ? EMPTY_ROOT : receiptsRootOf({ count, root: tree.root }),
    proofs: new Map(leaves.map(({ account }, index) => [account, { index, count, proof: tree.proofs[index] ?? [] }])),
  };
}

function proofIn(proofs: ReadonlyMap<number, Proof>, account: number): Proof {
  const proof = proofs.get(account);
  if (!proof) throw new NotAscendingError(account, account);
  return proof;
}

/** Root and proofs of one account's receipts, which an account holder can recompute from his receipts alone. */
export function buildSubTree(receipts: readonly Receipt[]): {
  subRoot: Hex;
  count: number;
  proofs: Map<string, Proof>;
} {
  const sorted = receipts
    .map((receipt) => ({ receipt, leaf: receiptLeaf(receipt) }))
    .sort((a, b) => (a.leaf < b.leaf ? -1 : 1));
  const seen = new Set<string>();
  for (const { receipt } of sorted) {
    if (seen.has(receipt.requestId)) throw new DuplicateReceiptError(receipt.requestId);
    seen.add(receipt.requestId);
  }
  const tree = buildMerkleTree(sorted.map(({ leaf }) => leaf));
  const count = sorted.length;
  return {
    subRoot: tree.root,
    count,
    proofs: new Map(
      sorted.map(({ receipt }, index) => [receipt.requestId, { index, count, proof: tree.proofs[index] ?? [] }]),
    ),
  };
}

/** Whether a receipt is in the batch with this root, under this account's leaf. */
export function verifyReceipt(claim: {
  root: Hex;
  receipt: Receipt;
  receiptProof: Proof;
  account: AccountLeaf;
  accountProof: Proof;
}): boolean {
  const { root, receipt, receiptProof, account, accountProof } = claim;
  if (receiptProof.count !== account.count) return false;
  if (climb(receiptLeaf(receipt), receiptProof) !== account.subRoot) return false;
  const top = climb(accountLeaf(account), accountProof);
  return top !== null && receiptsRootOf({ count: accountProof.count, root: top }) === root;
}

function proveAccount(input: AccountReceipts): { leaf: AccountLeaf; receipts: Map<string, Proof> } {
  const { account, previousSeq, line, carryIn, carryOut, receipts } = input;
  const costs = receipts.reduce((sum, receipt) => sum + receipt.cost, 0n);
  const platformPaid = nanoUsd(receipts.reduce((sum, receipt) => sum + receipt.platformPaid, 0n));
  const actualNano = carryIn + costs - platformPaid - carryOut;
  const expectedNano = microToNano(line);
  if (account !== PLATFORM && actualNano !== expectedNano) {
    throw new UnbalancedAccountError(account, { expectedNano, actualNano });
  }
  const { subRoot, count, proofs } = buildSubTree(receipts);
  return {
    leaf: { account, previousSeq, line, platformPaid, carryIn, carryOut, count, subRoot },
    receipts: proofs,
  };
}
