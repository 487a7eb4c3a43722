import { microUsdc, nanoUsd } from "@infr/money";
import { type AccountLeaf, accountCommitment, buildAccountsTree, type Proof, type Receipt } from "@infr/protocol";
import { bytesToHex, type Hex } from "viem";
import type { Queryable } from "../db/types.ts";
import { timeOfId } from "../ids.ts";
import { priceTextsOf } from "./price-texts.ts";
import { accountBatch, type LeafRow, leavesOf, type ReceiptRow, receiptPage } from "./receipts-store.ts";

/** The platform's number: it pays what rounding leaves over and may have advanced it, so its leaf carries nothing. */
const PLATFORM_NUMBER = 1n;

/** A page of an account's receipts in a batch, with what it takes to check them all once the pages are put together. */
export type AccountReceiptsPage = {
  seq: bigint;
  root: Hex;
  ref: Hex;
  account: AccountLeaf;
  accountProof: Proof;
  receipts: Array<{ receipt: Receipt; salt: Hex }>;
  /** Texts of the price versions that this page's receipts name. */
  prices: string[];
  nextCursor: string | null;
};

/** Undefined where the account has no leaf in a live batch of this number. `cursor` is the last request id of a page. */
export async function readAccountReceipts(
  sql: Queryable,
  { seq, accountId, cursor, limit }: { seq: bigint; accountId: string; cursor: string | undefined; limit: number },
): Promise<AccountReceiptsPage | undefined> {
  const batch = await accountBatch(sql, { seq, accountId });
  if (!batch) return undefined;
  const leaves = (await leavesOf(sql, batch.batch_id)).map(leafOf);
  const number = Number(batch.chain_account);
  const account = leaves.find((leaf) => leaf.account === number);
  const accountProof = buildAccountsTree(leaves).proofs.get(number);
  if (!account || !accountProof) throw new Error(`account ${number} is missing from batch ${seq}`);
  const after = cursor === undefined ? null : { requestId: cursor, startedAt: timeOfId(cursor) };
  const rows = await receiptPage(sql, { batchId: batch.batch_id, accountId, after, limit: limit + 1 });
  const page = rows.slice(0, limit);
  return {
    seq: batch.seq,
    root: batch.receipts_root,
    ref: batch.ref,
    account,
    accountProof,
    receipts: page.map((row) => receiptOf(row, batch.ref)),
    prices: await priceTextsOf(
      sql,
      page.map((row) => row.price_version),
    ),
    nextCursor: rows.length > limit ? (page.at(-1)?.request_id ?? null) : null,
  };
}

function receiptOf(row: ReceiptRow, ref: Hex): { receipt: Receipt; salt: Hex } {
  const salt = bytesToHex(row.receipt_salt);
  const receipt = {
    requestId: row.request_id,
    accountCommitment: accountCommitment({ ref, salt }),
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
  };
  return { receipt, salt };
}

function leafOf(row: LeafRow): AccountLeaf {
  const isPlatform = row.chain_account === PLATFORM_NUMBER;
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
