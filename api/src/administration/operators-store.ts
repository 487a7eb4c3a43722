import type { Queryable, Tx } from "../db/types.ts";

export type OperatorRow = {
  account_id: string;
  nodes: number;
  live: number;
  since: Date;
  is_low: boolean;
  settled_micro: bigint;
};

/** Who sells nodes, newest first. `newDays`: for how long the platform does not know an operator well. */
export async function operatorsOf(
  sql: Queryable,
  { limit, newDays }: { limit: number; newDays: number },
): Promise<OperatorRow[]> {
  return sql<OperatorRow[]>`
    with operators as (
      select account_id, count(*)::int as nodes, count(*) filter (where enabled and live)::int as live,
        min(created_at) as since
      from nodes group by 1 order by since desc, account_id limit ${limit}
    )
    select o.*, account_id in (select operators_of_low_standing(make_interval(days => ${newDays}))) as is_low,
      coalesce((
        select sum(l.line_micro) from batch_earners l join batches b using (batch_id)
        where l.account_id = o.account_id and b.state in ('mined', 'final')), 0)::bigint as settled_micro
    from operators o order by since desc, account_id`;
}

/** @returns false if nobody sells nodes from this account */
export async function saveStanding(
  tx: Tx,
  { accountId, standing }: { accountId: string; standing: "good" | "low" },
): Promise<boolean> {
  const saved = await tx`
    insert into operator_standings (account_id, standing)
    select ${accountId}, ${standing} where exists (select from nodes where account_id = ${accountId})
    on conflict (account_id) do update set standing = excluded.standing, set_at = now()
    returning account_id`;
  return saved.length === 1;
}
