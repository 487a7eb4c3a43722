import type { Queryable } from "../../db/types.ts";
import { matching, type UsageFilter } from "./store.ts";

/** What a day's sum can be split by. */
type UsageSplit = "model" | "key" | "node";

/** One day's sum of one of the dearest, or (id null) of all others. Days without usage have no row. */
export type SeriesRow = { day: string; id: string | null; requests: bigint; tokens: bigint; cost_nano: bigint };

/**
 * What an account used on some days (UTC, both included), day by day, split by one thing: the `most` dearest of the whole
 * range by themselves, all others in one. Exact at any moment, as the sums by day are.
 */
export async function usageSeries(
  sql: Queryable,
  {
    accountId,
    from,
    to,
    by,
    filter,
    most,
  }: {
    accountId: string;
    from: string;
    to: string;
    by: UsageSplit;
    filter: Omit<UsageFilter, "from" | "until">;
    most: number;
  },
): Promise<SeriesRow[]> {
  const column = { model: sql`model`, key: sql`key_id`, node: sql`node_id` }[by];
  return sql<SeriesRow[]>`
    with daily as (
      select day, ${column} as id, sum(requests) as requests,
        sum(prompt_tokens + cached_tokens + completion_tokens + reasoning_tokens) as tokens, sum(cost_nano) as cost_nano
      from usage_sums
      where account_id = ${accountId} and day between ${from}::text::date and ${to}::text::date ${matching(sql, accountId, filter)}
      group by 1, 2
    ), ranked as (
      select id, row_number() over (order by sum(cost_nano) desc, id) <= ${most} as is_shown from daily group by id
    )
    select day::text as day, case when is_shown then id end as id, sum(requests)::bigint as requests,
      sum(tokens)::bigint as tokens, sum(cost_nano)::bigint as cost_nano
    from daily join ranked using (id)
    group by 1, 2
    having sum(requests) > 0
    order by 1, 2`;
}

/** The names of keys or nodes, by id. */
export async function namesOf(
  sql: Queryable,
  { by, ids }: { by: UsageSplit; ids: string[] },
): Promise<Map<string, string>> {
  if (by === "model" || ids.length === 0) return new Map();
  const rows = await (by === "key"
    ? sql<Array<{ id: string; name: string }>>`select key_id as id, name from api_keys where key_id = any (${ids})`
    : sql<Array<{ id: string; name: string }>>`select node_id as id, name from nodes where node_id = any (${ids})`);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
