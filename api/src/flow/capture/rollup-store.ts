import type { Sql } from "../../db/types.ts";

const MAX_MOVED = 10_000;

/**
 * Moves what was logged since the last time into the sums by day: at most 10,000 rows. Any number of workers may; a row
 * is taken by one of them, and is gone from where it was in the statement that adds it.
 * @returns how many rows were moved
 */
export async function rollUpUsage(sql: Sql): Promise<number> {
  const [moved] = await sql<Array<{ n: number }>>`
    with taken as (
      delete from usage_deltas
      where ctid = any (array(select ctid from usage_deltas limit ${MAX_MOVED} for update skip locked))
      returning *
    ), added as (
      insert into usage_days as d
      select account_id, day, model, node_id, key_id, user_id, status, sum(requests), sum(prompt_tokens),
        sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(units), sum(cost_nano), sum(funded_nano)
      from taken group by 1, 2, 3, 4, 5, 6, 7
      order by 1, 2, 3, 4, 5, 6, 7
      on conflict (account_id, day, model, node_id, key_id, user_id, status) do update set
        requests = d.requests + excluded.requests,
        prompt_tokens = d.prompt_tokens + excluded.prompt_tokens,
        cached_tokens = d.cached_tokens + excluded.cached_tokens,
        completion_tokens = d.completion_tokens + excluded.completion_tokens,
        reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens,
        units = d.units + excluded.units,
        cost_nano = d.cost_nano + excluded.cost_nano,
        funded_nano = d.funded_nano + excluded.funded_nano
    )
    select count(*)::int as n from taken`;
  return moved?.n ?? 0;
}

/**
 * Works the sums out anew from the log. The job waits meanwhile; requests don't: what they add is not in this snapshot,
 * neither as a row of the log nor as one that is still to be moved.
 * @returns rows that were taken out and put in: 0 if every sum was right
 */
export async function rebuildUsageDays(sql: Sql): Promise<{ removed: number; added: number }> {
  return sql.begin("isolation level repeatable read", async (tx) => {
    // The lock comes before the snapshot, which would otherwise be older than what the job moved while we waited for it.
    await tx`lock table usage_days in share row exclusive mode`;
    await tx`create temporary table truth (like usage_days) on commit drop`;
    await tx`
      insert into truth
      select account_id, day, model, node_id, key_id, user_id, status, sum(requests), sum(prompt_tokens),
        sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(units), sum(cost_nano), sum(funded_nano)
      from (
        select * from usage_truth
        union all
        select account_id, day, model, node_id, key_id, user_id, status, -requests, -prompt_tokens, -cached_tokens,
          -completion_tokens, -reasoning_tokens, -units, -cost_nano, -funded_nano from usage_deltas
      ) s
      group by 1, 2, 3, 4, 5, 6, 7
      having sum(requests) <> 0`;
    const removed = await tx`
      delete from usage_days d
      using (select * from usage_days except select * from truth) w
      where (d.account_id, d.day, d.model, d.node_id, d.key_id, d.user_id, d.status)
        = (w.account_id, w.day, w.model, w.node_id, w.key_id, w.user_id, w.status)`;
    const added = await tx`insert into usage_days select * from truth except select * from usage_days`;
    return { removed: removed.count, added: added.count };
  });
}
