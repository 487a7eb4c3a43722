import type { Queryable } from "../../db/types.ts";

const SECONDS_PER_DAY = 86_400;

/**
 * What an account's requests cost that began in the last so many days, to this moment: whole days (UTC) from the sums of
 * the log, and of the day that has partly gone by as much as is left of it. So it takes as long for a long log as for a
 * short one.
 */
export async function spentInDays(
  sql: Queryable,
  { accountId, days, now }: { accountId: string; days: number; now: Date },
): Promise<bigint> {
  const [row] = await sql<Array<{ spent: bigint }>>`
    select coalesce(sum(cost_nano * case when day > oldest then 1 else left_of_it end), 0)::bigint as spent
    from usage_sums cross join (
      select utc::date - ${days}::int as oldest, 1 - extract(epoch from utc::time) / ${SECONDS_PER_DAY}::int as left_of_it
      from (select ${now}::timestamptz at time zone 'UTC' as utc) t
    ) w
    where account_id = ${accountId} and day >= oldest and day <= oldest + ${days}::int`;
  return row?.spent ?? 0n;
}

export type KeyUsageRow = { total: bigint; day: bigint; week: bigint; month: bigint };

/**
 * What a key's requests cost, ever and in the windows that run now (UTC, weeks from Monday). Windows are whole days, so
 * the sums by day say it exactly; a request counts for the day on which it began, as on the usage page.
 */
export async function usageOfKey(
  sql: Queryable,
  { accountId, keyId, now }: { accountId: string; keyId: string; now: Date },
): Promise<KeyUsageRow> {
  const [row] = await sql<[KeyUsageRow]>`
    select coalesce(sum(cost_nano), 0)::bigint as total,
      coalesce(sum(cost_nano) filter (where day >= today), 0)::bigint as day,
      coalesce(sum(cost_nano) filter (where day >= date_trunc('week', today)), 0)::bigint as week,
      coalesce(sum(cost_nano) filter (where day >= date_trunc('month', today)), 0)::bigint as month
    from usage_sums cross join (select (${now}::timestamptz at time zone 'UTC')::date::timestamp as today) w
    where account_id = ${accountId} and key_id = ${keyId}`;
  return row;
}
