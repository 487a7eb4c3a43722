import type { NanoUsd } from "@infr/money";
import type { Queryable, Sql, Tx } from "../db/types.ts";

/** What is left but for holds, which mostly come back. */
const left = (sql: Queryable) => sql`(b.chain_nano - b.debt_nano - b.unsettled_nano + b.funded_nano)`;

/** At the last threshold, 0, one is when nothing is left. */
const isBelow = (sql: Queryable) => sql`(${left(sql)} < w.threshold_nano or ${left(sql)} <= 0)`;

export type CrossingRow = { account_id: string; threshold_nano: bigint; crossings: number; left_nano: bigint };

/** One process looks at a time. @returns false if it is another one */
export async function lockWarnings(tx: Tx): Promise<boolean> {
  const [row] = await tx<Array<{ mine: boolean }>>`
    select pg_try_advisory_xact_lock(hashtextextended('balance_warnings', 0)) as mine`;
  return row?.mine === true;
}

/** Takes up thresholds that somebody has fallen below: nobody else gets them, and not again before they are armed anew. */
export async function takeCrossings(tx: Tx, { limit }: { limit: number }): Promise<CrossingRow[]> {
  return tx<CrossingRow[]>`
    with crossed as (
      select w.account_id, w.threshold_nano, ${left(tx)} as left_nano
      from balance_warnings w join balances b using (account_id)
      where w.armed and ${isBelow(tx)}
      order by w.account_id, w.threshold_nano
      limit ${limit}
      for update of w skip locked
    )
    update balance_warnings w set armed = false, crossings = w.crossings + 1
    from crossed c
    where w.account_id = c.account_id and w.threshold_nano = c.threshold_nano
    returning w.account_id, w.threshold_nano, w.crossings, c.left_nano`;
}

/** Arms thresholds for those who have as much again, and forgets thresholds that are no longer configured. */
export async function armWarnings(sql: Sql, thresholds: NanoUsd[]): Promise<void> {
  const values = thresholds.map(String);
  await sql`
    insert into balance_warnings as w (account_id, threshold_nano)
    select b.account_id, t.nano
    from balances b cross join unnest(${values}::bigint[]) t(nano)
    where ${left(sql)} >= t.nano and ${left(sql)} > 0 and b.account_id <> 'acct_platform'
      and not exists (
        select from balance_warnings k where k.account_id = b.account_id and k.threshold_nano = t.nano and k.armed)
    order by b.account_id, t.nano
    on conflict (account_id, threshold_nano) do update set armed = true where not w.armed`;
  await sql`delete from balance_warnings where threshold_nano <> all(${values}::bigint[])`;
}
