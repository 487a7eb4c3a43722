import type { PendingQuery, Row } from "postgres";
import type { Queryable } from "../../db/types.ts";

export type UsageStatus = "ok" | "aborted" | "error";

/** What of an account's log is asked for; every field that is set has to match. */
export type UsageFilter = {
  model?: string | undefined;
  nodeId?: string | undefined;
  keyId?: string | undefined;
  /** Whose keys, or session, it was. */
  memberId?: string | undefined;
  /** Of the key. */
  project?: string | undefined;
  status?: UsageStatus | undefined;
  /** Requests that began at this moment or later. */
  from?: Date | undefined;
  /** Requests that began before this moment. */
  until?: Date | undefined;
};

export type UsageRow = {
  request_id: string;
  started_at: Date;
  model: string;
  node_id: string;
  node_name: string;
  key_id: string | null;
  user_id: string | null;
  /** Of its key. */
  project: string | null;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  units: bigint;
  prompt_nano: bigint;
  cached_nano: bigint;
  completion_nano: bigint;
  reasoning_nano: bigint;
  units_nano: bigint;
  cost_nano: bigint;
  latency_ms: number;
  status: UsageStatus;
  usage_source: "node" | "recount" | "drained";
  batch_seq: bigint | null;
};

/** Rows of the log, named `u`, with what is shown of their node and batch. */
const shownOf = (sql: Queryable, rows: PendingQuery<Row[]>) => sql`
  select u.request_id, u.started_at, u.model, u.node_id, n.name as node_name, u.key_id, u.user_id, k.project,
    u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.reasoning_tokens, u.units,
    u.prompt_nano, u.cached_nano, u.completion_nano, u.reasoning_nano, u.units_nano, u.cost_nano,
    u.latency_ms, u.status, u.usage_source, b.seq as batch_seq
  from (${rows}) u
  join nodes n using (node_id)
  left join api_keys k on k.key_id = u.key_id
  left join batches b on b.batch_id = u.batch_id`;

/** PostgreSQL reads no later date of JavaScript's. */
const BEGINNING = new Date(0);
const END_OF_TIME = new Date("9999-12-31T00:00:00Z");

type Place = { startedAt: Date; requestId: string };

/**
 * An account's requests, newest first; `before` is the last one of the previous page. By time it is a range of the
 * primary key. Other filters have no index of their own, which every request would have to pay for: the sums by day say
 * on which days there is anything, and only as many of those are read as fill the page.
 */
export async function usagePage(
  sql: Queryable,
  {
    accountId,
    filter = {},
    before,
    limit,
  }: { accountId: string; filter?: UsageFilter; before: Place | null; limit: number },
): Promise<UsageRow[]> {
  const { from, until } = filter;
  const last = [before?.startedAt, until].reduce((a, b) => (a && b && a < b ? a : (b ?? a)), undefined);
  // Also as plain bounds, which keep whole months out of it; only those that bind, or PostgreSQL expects too few rows.
  const within = sql`
    account_id = ${accountId}
    ${from ? sql`and started_at >= ${from}` : sql``}
    ${until ? sql`and started_at < ${until}` : sql``}
    ${before ? sql`and started_at <= ${before.startedAt} and (started_at, request_id) < (${before.startedAt}, ${before.requestId})` : sql``}`;
  // A literal: with a parameter, PostgreSQL takes a plan for any limit for dear, the longer the log, and plans each time.
  const newest = sql`order by started_at desc, request_id desc limit ${sql.unsafe(String(Math.trunc(limit)))}`;
  const rows = isBroad(filter)
    ? sql`select * from usage where ${within} ${newest}`
    : sql`
        select u.* from (${daysWith(sql, { accountId, filter, from: from ?? BEGINNING, last: last ?? END_OF_TIME, limit })}) d
        cross join lateral (
          select * from usage where ${within} and started_at >= d.day at time zone 'UTC'
            and started_at < (d.day + interval '1 day') at time zone 'UTC' ${matching(sql, accountId, filter)} ${newest}
        ) u ${newest}`;
  return sql<UsageRow[]>`
    ${shownOf(sql, rows)}
    order by u.started_at desc, u.request_id desc`;
}

const isBroad = ({ model, nodeId, keyId, memberId, project, status }: UsageFilter): boolean =>
  [model, nodeId, keyId, memberId, project, status].every((value) => value === undefined);

/**
 * The newest days with matches, as many as fill a page. What the first of them counts is not relied on: a part of that day
 * may lie on pages before.
 */
function daysWith(
  sql: Queryable,
  {
    accountId,
    filter,
    from,
    last,
    limit,
  }: { accountId: string; filter: UsageFilter; from: Date; last: Date; limit: number },
) {
  return sql`
    select day::timestamp as day from (
      select day, sum(case when day < (${last}::timestamptz at time zone 'UTC')::date then requests else 0 end)
        over (order by day desc) - requests as newer
      from (
        select day, sum(requests) as requests from usage_sums
        where account_id = ${accountId} and day >= (${from}::timestamptz at time zone 'UTC')::date
          and day <= (${last}::timestamptz at time zone 'UTC')::date ${matching(sql, accountId, filter)}
        group by day
      ) s
    ) s where newer < ${limit}`;
}

/** The columns have the same names in the log and in its sums. A key never changes its project. */
export function matching(
  sql: Queryable,
  accountId: string,
  { model, nodeId, keyId, memberId, project, status }: UsageFilter,
) {
  return sql`
    ${model === undefined ? sql`` : sql`and model = ${model}`}
    ${nodeId === undefined ? sql`` : sql`and node_id = ${nodeId}`}
    ${keyId === undefined ? sql`` : sql`and key_id = ${keyId}`}
    ${memberId === undefined ? sql`` : sql`and user_id = ${memberId}`}
    ${project === undefined ? sql`` : sql`and key_id in (select k.key_id from api_keys k where k.account_id = ${accountId} and k.project = ${project})`}
    ${status === undefined ? sql`` : sql`and status = ${status}`}`;
}

/** What usage can be summed by. */
export type UsageGroup = "day" | "model" | "key" | "node" | "member" | "project";

export type UsageSums = {
  requests: bigint;
  prompt_tokens: bigint;
  cached_tokens: bigint;
  completion_tokens: bigint;
  reasoning_tokens: bigint;
  units: bigint;
  cost_nano: bigint;
};
export type GroupedSums = UsageSums & { id: string; name: string | null };

/**
 * What an account used on some days (UTC, both included), in total and by one thing: exact at any moment, also while
 * requests are running, because what is not yet moved into the sums by day is added. Days come newest first, everything
 * else dearest first. Groups beyond `limit` are in the total only.
 */
export async function usageSummary(
  sql: Queryable,
  {
    accountId,
    from,
    to,
    by,
    filter,
    limit,
  }: {
    accountId: string;
    from: string;
    to: string;
    by: UsageGroup;
    filter: Omit<UsageFilter, "from" | "until">;
    limit: number;
  },
): Promise<{ total: UsageSums; groups: GroupedSums[] }> {
  const column = {
    day: sql`day::text`,
    model: sql`model`,
    key: sql`key_id`,
    node: sql`node_id`,
    member: sql`user_id`,
    project: sql`project`,
  }[by];
  // A key never changes its project.
  const sums =
    by === "project"
      ? sql`(select s.*, coalesce((select project from api_keys k where k.key_id = s.key_id), '') as project from usage_sums s) u`
      : sql`usage_sums`;
  const rows = await sql<Array<GroupedSums & { is_total: boolean }>>`
    with summed as (
      select grouping(${column}) = 1 as is_total, ${column} as id, coalesce(sum(requests), 0)::bigint as requests,
        coalesce(sum(prompt_tokens), 0)::bigint as prompt_tokens, coalesce(sum(cached_tokens), 0)::bigint as cached_tokens,
        coalesce(sum(completion_tokens), 0)::bigint as completion_tokens,
        coalesce(sum(reasoning_tokens), 0)::bigint as reasoning_tokens, coalesce(sum(units), 0)::bigint as units,
        coalesce(sum(cost_nano), 0)::bigint as cost_nano
      from ${sums}
      where account_id = ${accountId} and day between ${from}::text::date and ${to}::text::date ${matching(sql, accountId, filter)}
      group by grouping sets ((), (${column}))
    )
    select s.*, ${{ key: sql`k.name`, node: sql`n.name`, member: sql`p.name`, day: sql`null`, model: sql`null`, project: sql`null` }[by]} as name
    from summed s
    ${by === "member" ? sql`left join people p on p.user_id = s.id` : sql``}
    ${by === "key" ? sql`left join api_keys k on k.key_id = s.id` : sql``}
    ${by === "node" ? sql`left join nodes n on n.node_id = s.id` : sql``}
    order by is_total desc, ${by === "day" ? sql`id desc` : sql`cost_nano desc, id`}
    limit ${limit + 1}`;
  const [total, ...groups] = rows;
  if (!total) throw new Error("the sums of usage have no total");
  return { total, groups };
}

/** One request of an account, of one of its people if named; undefined if it was not billed, or to somebody else. */
export async function usageOf(
  sql: Queryable,
  {
    accountId,
    memberId,
    requestId,
    startedAt,
  }: { accountId: string; memberId?: string | undefined; requestId: string; startedAt: Date },
): Promise<UsageRow | undefined> {
  const [row] = await sql<UsageRow[]>`
    ${shownOf(
      sql,
      sql`
        select * from usage where account_id = ${accountId} and started_at = ${startedAt} and request_id = ${requestId}
          ${matching(sql, accountId, { memberId })}`,
    )}`;
  return row;
}
