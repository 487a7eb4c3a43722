import { microUsdc, nanoUsd } from "@infr/money";
import {
  type AccountReceipts,
  accountCommitment,
  buildReceiptsTree,
  type Receipt,
  type ReceiptsTree,
} from "@infr/protocol";
import { bytesToHex, type Hex } from "viem";
import type { Queryable } from "../../db/types.ts";
import { type ComposedLine, PLATFORM_NUMBER } from "./compose-batch.ts";
import { type ClaimedRow, claimedCaptures, composedAccounts } from "./store.ts";

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
  tree: ReceiptsTree;
  accountNumber: number;
};

/** Proves a capture of a batch, from the rows that the batch was built from. Undefined while it is in no batch. */
export async function proveReceipt(
  sql: Queryable,
  { requestId, accountId }: { requestId: string; accountId: string },
): Promise<ProvenReceipt | undefined> {
  const batch = await composedAccounts(sql, { requestId, accountId });
  if (!batch) return undefined;
  const captures = await claimedCaptures(sql, batch.batchId);
  const row = captures.find((capture) => capture.request_id === requestId);
  if (!row) throw new Error(`capture ${requestId} is not in its batch`);
  const accounts = batch.accounts.map((account) => ({
    number: Number(account.chain_account),
    previousSeq: account.previous_seq,
    line: microUsdc(account.line_micro),
    carryIn: nanoUsd(account.carry_in_nano),
    carryOut: nanoUsd(account.carry_out_nano),
  }));
  return {
    seq: batch.seq,
    root: batch.root,
    receipt: receiptOf(row),
    salt: bytesToHex(row.receipt_salt),
    tree: treeOf({ captures, accounts }),
    accountNumber: Number(row.account_number),
  };
}
