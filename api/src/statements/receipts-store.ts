import type { Queryable } from "../db/types.ts";

/** A batch in which an account has a leaf. */
export type AccountBatchRow = {
  batch_id: bigint;
  seq: bigint;
  receipts_root: `0x${string}`;
  chain_account: bigint;
  ref: `0x${string}`;
};

export async function accountBatch(
  sql: Queryable,
  { seq, accountId }: { seq: bigint; accountId: string },
): Promise<AccountBatchRow | undefined> {
  const [row] = await sql<AccountBatchRow[]>`
    select b.batch_id, b.seq, b.receipts_root, l.chain_account, a.ref
    from batches b join batch_accounts l using (batch_id) join accounts a using (account_id)
    where b.seq = ${seq} and b.state <> 'voided' and l.account_id = ${accountId} and a.ref is not null`;
  return row;
}

export type LeafRow = {
  chain_account: bigint;
  previous_seq: bigint;
  line_micro: bigint;
  funded_nano: bigint;
  carry_in_nano: bigint;
  carry_out_nano: bigint;
  receipts: number;
  sub_root: `0x${string}`;
};

/** The leaves of all accounts of a batch, in the order of its tree. */
export async function leavesOf(sql: Queryable, batchId: bigint): Promise<LeafRow[]> {
  return sql<LeafRow[]>`
    select chain_account, previous_seq, line_micro, funded_nano, carry_in_nano, carry_out_nano, receipts, sub_root
    from batch_accounts where batch_id = ${batchId} order by chain_account`;
}

export type ReceiptRow = {
  request_id: string;
  receipt_salt: Uint8Array;
  operator_number: bigint;
  model: string;
  price_version: `0x${string}`;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  units: bigint;
  cost_nano: bigint;
  funded_nano: bigint;
  usage_source: "node" | "recount" | "drained";
  captured_at: Date;
};

/** An account's captures in a batch, oldest first, from the one after `after` on. Numbers are those the batch was built with. */
export async function receiptPage(
  sql: Queryable,
  {
    batchId,
    accountId,
    after,
    limit,
  }: { batchId: bigint; accountId: string; after: { requestId: string; startedAt: Date } | null; limit: number },
): Promise<ReceiptRow[]> {
  return sql<ReceiptRow[]>`
    select u.request_id, u.receipt_salt, o.chain_account as operator_number, u.model, u.price_version, u.prompt_tokens,
      u.cached_tokens, u.completion_tokens, u.reasoning_tokens, u.units, u.cost_nano, u.funded_nano, u.usage_source,
      u.captured_at
    from usage u
    join batch_earners o on o.batch_id = u.batch_id and o.account_id = u.operator_id
    where u.batch_id = ${batchId} and u.account_id = ${accountId}
      ${after === null ? sql`` : sql`and (u.started_at, u.request_id) > (${after.startedAt}, ${after.requestId})`}
    order by u.started_at, u.request_id
    limit ${limit}`;
}

/** The ref of an account, which its receipts' commitments hide. */
export async function refOf(sql: Queryable, accountId: string): Promise<`0x${string}` | undefined> {
  const [row] = await sql<Array<{ ref: `0x${string}` }>>`
    select ref from accounts where account_id = ${accountId} and ref is not null`;
  return row?.ref;
}

export type PriceRow = {
  node_id: string;
  kind: "model" | "resource";
  model: string;
  prompt_nano: bigint;
  cached_nano: bigint;
  completion_nano: bigint;
  reasoning_nano: bigint;
  unit: string;
  unit_nano: bigint;
};

/** Sets of prices by their versions, in the order of these. */
export async function pricesOfVersions(sql: Queryable, versions: readonly string[]): Promise<PriceRow[]> {
  return sql<PriceRow[]>`
    select node_id, kind, model, prompt_nano, cached_nano, completion_nano, reasoning_nano, unit, unit_nano
    from prices where price_version = any (${[...versions]}::text[]) order by price_version`;
}
