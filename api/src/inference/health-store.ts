import type { Queryable, Sql } from "../db/types.ts";
import type { HealthCounts, NodeHealth } from "./node-health.ts";

/** Writes down what this process saw since the last time; what could not be written comes with the next. */
export async function writeNodeHealth(sql: Queryable, health: NodeHealth): Promise<void> {
  const counts = health.takeCounts();
  try {
    await saveHealth(sql, counts);
  } catch (error) {
    health.giveBack(counts);
    throw error;
  }
}

/** Adds to this minute's sums. */
async function saveHealth(sql: Queryable, counts: Array<{ nodeId: string } & HealthCounts>): Promise<void> {
  if (counts.length === 0) return;
  const rows = counts.map((count) => ({
    node_id: count.nodeId,
    requests: count.requests,
    failures: count.failures,
    latency_ms: count.latencyMs,
    first_tokens: count.firstTokens,
    first_token_ms: count.firstTokenMs,
    tokens: count.tokens,
    tokens_ms: count.tokensMs,
    recounts: count.recounts,
    over_reports: count.overReports,
    reported_tokens: count.reportedTokens,
    counted_tokens: count.countedTokens,
    overruns: count.overruns,
  }));
  await sql`
    insert into node_health as h (node_id, minute, requests, failures, latency_ms, first_tokens, first_token_ms, tokens,
      tokens_ms, recounts, over_reports, reported_tokens, counted_tokens, overruns)
    select node_id, date_trunc('minute', now()), requests, failures, latency_ms, first_tokens, first_token_ms, tokens,
      tokens_ms, recounts, over_reports, reported_tokens, counted_tokens, overruns
    from json_populate_recordset(null::node_health, ${JSON.stringify(rows)}::text::json)
    order by node_id
    on conflict (node_id, minute) do update set
      requests = h.requests + excluded.requests,
      failures = h.failures + excluded.failures,
      latency_ms = h.latency_ms + excluded.latency_ms,
      first_tokens = h.first_tokens + excluded.first_tokens,
      first_token_ms = h.first_token_ms + excluded.first_token_ms,
      tokens = h.tokens + excluded.tokens,
      tokens_ms = h.tokens_ms + excluded.tokens_ms,
      recounts = h.recounts + excluded.recounts,
      over_reports = h.over_reports + excluded.over_reports,
      reported_tokens = h.reported_tokens + excluded.reported_tokens,
      counted_tokens = h.counted_tokens + excluded.counted_tokens,
      overruns = h.overruns + excluded.overruns`;
}

/** A node that is to be asked, and one of its models. */
export type Canary = { node_id: string; url: string; model: string; path: string };

/** Takes up nodes whose canary is due, and puts the next one off: nobody else asks them until then. */
export async function claimCanaries(
  sql: Queryable,
  { everyMs, limit }: { everyMs: number; limit: number },
): Promise<Canary[]> {
  return sql<Canary[]>`
    with due as (
      select node_id from nodes n
      where enabled and canary_at <= now()
        and exists (select from node_models m where m.node_id = n.node_id and m.kind = 'model')
      order by canary_at limit ${limit} for update skip locked
    ), claimed as (
      update nodes n set canary_at = now() + make_interval(secs => ${everyMs / 1000})
      from due where n.node_id = due.node_id
      returning n.node_id, n.url
    )
    select node_id, url, model, path from claimed
    cross join lateral (
      select model, path from node_models m
      where m.node_id = claimed.node_id and m.kind = 'model' order by random() limit 1
    ) m`;
}

/** Failures in a row after which a node is not live any more; the first success brings it back. */
const FAILURES_TO_DEATH = 5;

/** Writes down how a canary ended. @returns whether the node is live after it, and was before */
export async function saveCanary(
  sql: Sql,
  { nodeId, ok, latencyMs }: { nodeId: string; ok: boolean; latencyMs: number },
): Promise<{ isLive: boolean; wasLive: boolean }> {
  return sql.begin(async (tx) => {
    const [before] = await tx<Array<{ live: boolean }>>`
      select live from nodes where node_id = ${nodeId} for update`;
    const [after] = await tx<Array<{ live: boolean }>>`
      update nodes set
        canary_failures = case when ${ok} then 0 else canary_failures + 1 end,
        live = ${ok} or (live and canary_failures + 1 < ${FAILURES_TO_DEATH}),
        canary_ms = case when ${ok} then ${Math.round(latencyMs)}::integer else canary_ms end
      where node_id = ${nodeId}
      returning live`;
    await tx`
      insert into node_health as h (node_id, minute, canaries, canary_failures)
      values (${nodeId}, date_trunc('minute', now()), 1, ${ok ? 0 : 1})
      on conflict (node_id, minute) do update set
        canaries = h.canaries + 1, canary_failures = h.canary_failures + excluded.canary_failures`;
    return { isLive: after?.live ?? false, wasLive: before?.live ?? false };
  });
}

/** Whether any node can be routed to. */
export async function anyNodeLive(sql: Queryable): Promise<boolean> {
  const rows = await sql`
    select from nodes n
    where enabled and live and exists (select from node_models m where m.node_id = n.node_id and m.kind = 'model')
    limit 1`;
  return rows.length > 0;
}

const KEPT = "40 days";

/** Drops minutes that nobody looks at any more. */
export async function trimHealth(sql: Queryable): Promise<void> {
  await sql`delete from node_health where minute < now() - ${KEPT}::interval`;
}

/** Sums of a node's health since a moment. */
export type HealthRow = {
  node_id: string;
  requests: bigint;
  failures: bigint;
  latency_ms: bigint;
  first_tokens: bigint;
  first_token_ms: bigint;
  tokens: bigint;
  tokens_ms: bigint;
  canaries: bigint;
  canary_failures: bigint;
  recounts: bigint;
  over_reports: bigint;
  reported_tokens: bigint;
  counted_tokens: bigint;
  overruns: bigint;
};

/** How nodes did in the last hours; nodes that nothing is known of are not in it. */
export async function healthOfNodes(
  sql: Queryable,
  { nodeIds, hours }: { nodeIds: string[]; hours: number },
): Promise<Map<string, HealthRow>> {
  const rows = await sql<HealthRow[]>`
    select node_id, ${sumsOf(sql)} from node_health
    where node_id = any (${nodeIds}) and minute >= now() - make_interval(hours => ${hours})
    group by node_id`;
  return new Map(rows.map((row) => [row.node_id, row]));
}

/** The same for one node, day by day (UTC), newest first. */
export async function healthByDay(
  sql: Queryable,
  { nodeId, days }: { nodeId: string; days: number },
): Promise<Array<HealthRow & { day: Date }>> {
  return sql<Array<HealthRow & { day: Date }>>`
    select node_id, date_trunc('day', minute, 'UTC') as day, ${sumsOf(sql)} from node_health
    where node_id = ${nodeId} and minute >= date_trunc('day', now(), 'UTC') - make_interval(days => ${days - 1})
    group by node_id, day order by day desc`;
}

const sumsOf = (sql: Queryable) => sql`
  sum(requests)::bigint as requests, sum(failures)::bigint as failures, sum(latency_ms)::bigint as latency_ms,
  sum(first_tokens)::bigint as first_tokens, sum(first_token_ms)::bigint as first_token_ms,
  sum(tokens)::bigint as tokens, sum(tokens_ms)::bigint as tokens_ms, sum(canaries)::bigint as canaries,
  sum(canary_failures)::bigint as canary_failures, sum(recounts)::bigint as recounts,
  sum(over_reports)::bigint as over_reports, sum(reported_tokens)::bigint as reported_tokens,
  sum(counted_tokens)::bigint as counted_tokens, sum(overruns)::bigint as overruns`;
