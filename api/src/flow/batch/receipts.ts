import { microUsdc, nanoUsd } from "@infr/money";
import {
  type AccountLeaf,
  accountCommitment,
  buildAccountsTree,
  type Proof,
  type Receipt,
  ReceiptHasher,
  type ReceiptOfAccount,
  ReceiptsSubTree,
} from "@infr/protocol";
import { bytesToHex, type Hex } from "viem";
import type { Queryable } from "../../db/types.ts";
import { capturesOf, partiesOfBatch } from "./claim-store.ts";
import { type ComposedLine, PLATFORM_NUMBER } from "./compose-batch.ts";
import { keccak } from "./keccak.ts";
import { type ComposedAccountRow, composedAccounts } from "./store.ts";
import { receiptOf } from "./tally.ts";

/** Root over the leaves of a batch's accounts: 32 zero bytes of none. */
export function rootOf(accounts: ComposedLine[], subRoots: ReadonlyMap<string, Hex>): Hex {
  return buildAccountsTree(accounts.map((line) => leafOf(line, subRoots.get(line.accountId)))).root;
}

const NO_RECEIPTS: Hex = `0x${"00".repeat(32)}`;

/** The platform pays what rounding leaves over and may have advanced it: its leaf carries nothing. */
const leafOf = (line: ComposedLine, subRoot: Hex = NO_RECEIPTS): AccountLeaf => ({
  account: line.number,
  previousSeq: line.previousSeq,
  line: line.line,
  platformPaid: line.fundedNano,
  carryIn: line.number === PLATFORM_NUMBER ? nanoUsd(0n) : line.carryIn,
  carryOut: line.number === PLATFORM_NUMBER ? nanoUsd(0n) : line.carryOut,
  count: line.captures,
  subRoot,
});

/** A receipt with what it takes to check it against the chain alone. */
export type ProvenReceipt = {
  seq: bigint;
  root: Hex;
  receipt: Receipt;
  salt: Hex;
  receiptProof: Proof;
  account: AccountLeaf;
  accountProof: Proof;
};

/**
 * Proves a capture of a batch: hashes the receipts of its account again, and the leaves of all accounts from what was
 * stored of them. Undefined while it is in no batch.
 */
export async function proveReceipt(
  sql: Queryable,
  { requestId, accountId }: { requestId: string; accountId: string },
): Promise<ProvenReceipt | undefined> {
  const batch = await composedAccounts(sql, { requestId, accountId });
  if (!batch) return undefined;
  const { tree, receipt } = await hashReceipts(sql, { batchId: batch.batchId, accountId, requestId });
  const leaves = batch.accounts.map(storedLeaf);
  const account = leaves[batch.accounts.findIndex((row) => row.account_id === accountId)];
  const proven = receipt && tree.prove(receipt);
  if (!receipt || !proven || !account) throw new Error(`capture ${requestId} is not in its batch`);
  const accountProof = buildAccountsTree(leaves).proofs.get(account.account);
  if (!accountProof) throw new Error(`account ${account.account} is not in its batch`);
  const { ref, salt, ...rest } = receipt;
  return {
    seq: batch.seq,
    root: batch.root,
    receipt: { ...rest, accountCommitment: accountCommitment({ ref: bytesToHex(ref), salt: bytesToHex(salt) }) },
    salt: bytesToHex(salt),
    receiptProof: proven.proof,
    account,
    accountProof,
  };
}

/** The sub-tree of an account in a batch, and the one of its receipts that is asked for. */
async function hashReceipts(
  sql: Queryable,
  { batchId, accountId, requestId }: { batchId: bigint; accountId: string; requestId: string },
): Promise<{ tree: ReceiptsSubTree; receipt: ReceiptOfAccount | null }> {
  const tree = new ReceiptsSubTree(new ReceiptHasher(keccak));
  const parties = await partiesOfBatch(sql, batchId, accountId);
  let found: ReceiptOfAccount | null = null;
  for await (const rows of capturesOf(sql, batchId, accountId)) {
    for (const row of rows) {
      const receipt = receiptOf(row, parties);
      tree.add(receipt);
      if (row.request_id === requestId) found = receipt;
    }
  }
  return { tree, receipt: found };
}

/** An account's leaf as it was hashed. */
function storedLeaf(row: ComposedAccountRow): AccountLeaf {
  const isPlatform = Number(row.chain_account) === PLATFORM_NUMBER;
  return {
    account: Number(row.chain_account),
    previousSeq: row.previous_seq,
    line: microUsdc(row.line_micro),
    platformPaid: nanoUsd(row.funded_nano),
    carryIn: nanoUsd(isPlatform ? 0n : row.carry_in_nano),
    carryOut: nanoUsd(isPlatform ? 0n : row.carry_out_nano),
    count: row.receipts,
    subRoot: row.sub_root,
  };
}
