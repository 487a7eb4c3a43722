import type { Queryable } from "../../db/types.ts";

/** What an account's requests cost that began since then. */
export async function spentSince(
  sql: Queryable,
  { accountId, since }: { accountId: string; since: Date },
): Promise<bigint> {
  const [row] = await sql<Array<{ spent: bigint }>>`
    select coalesce(sum(cost_nano), 0)::bigint as spent from usage
    where account_id = ${accountId} and started_at >= ${since}`;
  return row?.spent ?? 0n;
}

export type KeyUsageRow = { total: bigint; day: bigint; week: bigint; month: bigint };

/** What a key's requests cost, ever and in the windows that run now (UTC, weeks from Monday). */
export async function usageOfKey(
  sql: Queryable,
  { accountId, keyId }: { accountId: string; keyId: string },
): Promise<KeyUsageRow> {
  const [row] = await sql<[KeyUsageRow]>`
    select coalesce(sum(cost_nano), 0)::bigint as total,
      coalesce(sum(cost_nano) filter (where captured_at >= start_of_period('day', now())), 0)::bigint as day,
      coalesce(sum(cost_nano) filter (where captured_at >= start_of_period('week', now())), 0)::bigint as week,
      coalesce(sum(cost_nano) filter (where captured_at >= start_of_period('month', now())), 0)::bigint as month
    from usage where account_id = ${accountId} and key_id = ${keyId}`;
  return row;
}
