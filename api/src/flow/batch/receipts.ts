import { microUsdc, nanoUsd } from "@infr/money";
import {
  type AccountLeaf,
  type AccountReceipts,
  accountCommitment,
  buildAccountsTree,
  buildReceiptsTree,
  buildSubTree,
  type Proof,
  type Receipt,
  type ReceiptsTree,
} from "@infr/protocol";
import { bytesToHex, type Hex } from "viem";
import type { Queryable } from "../../db/types.ts";
import { type ComposedLine, PLATFORM_NUMBER } from "./compose-batch.ts";
import { type ClaimedRow, type ComposedAccountRow, claimedCaptures, composedAccounts } from "./store.ts";

/** The public receipt of a capture: whose it is can only be told with its salt. */
export const receiptOf = (row: ClaimedRow): Receipt => ({
  requestId: row.request_id,
  accountCommitment: accountCommitment({ ref: row.account_ref, salt: bytesToHex(row.receipt_salt) }),
  operator: Number(row.operator_number),
  model: row.model,
  priceVersion: row.price_version,
  promptTokens: row.prompt_tokens,
  cachedTokens: row.cached_tokens,
  completionTokens: row.completion_tokens,
  reasoningTokens: row.reasoning_tokens,
  units: Number(row.units),
  cost: nanoUsd(row.cost_nano),
  platformPaid: nanoUsd(row.funded_nano),
  usageSource: row.usage_source,
  time: Math.floor(row.captured_at.getTime() / 1000),
});

/** The tree over a batch's receipts: the same rows always give the same root. */
export function treeOf({ captures, accounts }: { captures: ClaimedRow[]; accounts: LeafInput[] }): ReceiptsTree {
  const receipts = Map.groupBy(captures, (row) => Number(row.account_number));
  return buildReceiptsTree({
    accounts: accounts.map(
      (account): AccountReceipts => ({
        account: account.number,
        previousSeq: account.previousSeq,
        line: account.line,
        // The platform pays what rounding leaves over and may have advanced it: its leaf carries nothing.
        carryIn: account.number === PLATFORM_NUMBER ? nanoUsd(0n) : account.carryIn,
        carryOut: account.number === PLATFORM_NUMBER ? nanoUsd(0n) : account.carryOut,
        receipts: (receipts.get(account.number) ?? []).map(receiptOf),
      }),
    ),
  });
}

/** What an account's leaf says besides its receipts. */
export type LeafInput = Pick<ComposedLine, "number" | "previousSeq" | "line" | "carryIn" | "carryOut">;

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
 * Proves a capture of a batch: rebuilds the receipts of its account, and the leaves of all accounts from what was stored
 * of them. Undefined while it is in no batch.
 */
export async function proveReceipt(
  sql: Queryable,
  { requestId, accountId }: { requestId: string; accountId: string },
): Promise<ProvenReceipt | undefined> {
  const batch = await composedAccounts(sql, { requestId, accountId });
  if (!batch) return undefined;
  const captures = await claimedCaptures(sql, batch.batchId, accountId);
  const row = captures.find((capture) => capture.request_id === requestId);
  const leaves = batch.accounts.map(leafOf);
  const account = leaves.find((leaf) => leaf.account === Number(row?.account_number));
  if (!row || !account) throw new Error(`capture ${requestId} is not in its batch`);
  const receiptProof = buildSubTree(captures.map(receiptOf)).proofs.get(requestId);
  const accountProof = buildAccountsTree(leaves).proofs.get(account.account);
  if (!receiptProof || !accountProof) throw new Error(`capture ${requestId} is missing from its own tree`);
  const salt = bytesToHex(row.receipt_salt);
  return { seq: batch.seq, root: batch.root, receipt: receiptOf(row), salt, receiptProof, account, accountProof };
}

/** An account's leaf as it was hashed. */
function leafOf(row: ComposedAccountRow): AccountLeaf {
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
