import type { Queryable } from "../../db/types.ts";

export type UsageRow = {
  request_id: string;
  started_at: Date;
  model: string;
  node_id: string;
  node_name: string;
  key_id: string | null;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  prompt_nano: bigint;
  cached_nano: bigint;
  completion_nano: bigint;
  reasoning_nano: bigint;
  cost_nano: bigint;
  latency_ms: number;
  status: "ok" | "aborted" | "error";
  usage_source: "node" | "recount" | "drained";
  batch_seq: bigint | null;
};

const usageRows = (sql: Queryable) => sql`
  select u.request_id, u.started_at, u.model, u.node_id, n.name as node_name, u.key_id,
    u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.reasoning_tokens,
    u.prompt_nano, u.cached_nano, u.completion_nano, u.reasoning_nano, u.cost_nano,
    u.latency_ms, u.status, u.usage_source, b.seq as batch_seq
  from usage u
  join nodes n using (node_id)
  left join batches b on b.batch_id = u.batch_id`;

/** An account's requests, newest first; `before` is the last id of the previous page. */
export async function usagePage(
  sql: Queryable,
  {
    accountId,
    before,
    limit,
  }: { accountId: string; before: { startedAt: Date; requestId: string } | null; limit: number },
): Promise<UsageRow[]> {
  return sql<UsageRow[]>`
    ${usageRows(sql)}
    where u.account_id = ${accountId}
      ${before ? sql`and (u.started_at, u.request_id) < (${before.startedAt}, ${before.requestId})` : sql``}
    order by u.started_at desc, u.request_id desc
    limit ${limit}`;
}

/** One request of an account; undefined if it was not billed, or to somebody else. */
export async function usageOf(
  sql: Queryable,
  { accountId, requestId, startedAt }: { accountId: string; requestId: string; startedAt: Date },
): Promise<UsageRow | undefined> {
  const [row] = await sql<UsageRow[]>`
    ${usageRows(sql)}
    where u.account_id = ${accountId} and u.started_at = ${startedAt} and u.request_id = ${requestId}`;
  return row;
}
