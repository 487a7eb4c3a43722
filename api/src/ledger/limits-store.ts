import type { Queryable, Tx } from "../db/types.ts";
import type { LimitScope, Period } from "./commit/operations.ts";
import { lockBalances } from "./store.ts";

export type LimitRow = {
  scope: LimitScope;
  subject_id: string;
  period: Period;
  amount_nano: bigint;
  used_nano: bigint;
  held_nano: bigint;
  resets_at: Date | null;
};

type Subject = { accountId: string; scope: LimitScope; subjectId: string };

/** The windows' counters as they are now: a window that has ended since the last request starts at zero. */
export async function selectLimits(
  sql: Queryable,
  { accountId, scope, subjects }: { accountId: string; scope: LimitScope | null; subjects: string[] | null },
): Promise<LimitRow[]> {
  return sql<LimitRow[]>`
    select scope, subject_id, period, amount_nano, held_nano,
      case when period_start < start_of_period(period, now()) then 0 else used_nano end as used_nano,
      case when period <> 'total' then
        (start_of_period(period, now()) at time zone 'UTC' + ('1 ' || period)::interval) at time zone 'UTC'
      end as resets_at
    from limits
    where account_id = ${accountId} and scope in ('account', 'member', 'project', 'key')
      ${scope === null ? sql`` : sql`and scope = ${scope}`}
      ${subjects === null ? sql`` : sql`and subject_id in ${sql(subjects)}`}
    order by scope, subject_id, array_position(array['day', 'week', 'month', 'total'], period)
    limit 10000`;
}

/** @returns false if there is no such limit */
export async function updateLimit(
  tx: Tx,
  { accountId, scope, subjectId, period, amount }: Subject & { period: Period; amount: bigint },
): Promise<boolean> {
  await lockBalances(tx, [accountId]);
  const rows = await tx`
    update limits set amount_nano = ${amount}
    where account_id = ${accountId} and scope = ${scope} and subject_id = ${subjectId} and period = ${period}
    returning limit_id`;
  return rows.length === 1;
}

/** What is known of a subject's usage without holding a lock. */
export type KnownUsage = { from: Date; moment: string; started: string; used: bigint };

/** Sums the usage log up to a moment after which only little can have been added. */
export async function knownUsage(
  sql: Queryable,
  { accountId, scope, subjectId, period }: Subject & { period: Period },
): Promise<KnownUsage> {
  // As text: a JavaScript date has no microseconds. A statement of its own, so that its lock ends with it.
  const [row] = await sql<Array<{ moment: string; started: string }>>`
    select moment::text as moment, started::text as started from ledger_moment(${accountId})`;
  if (!row) throw new Error("ledger_moment answered nothing");
  const [sum] = await sql<Array<{ from: Date; used: bigint }>>`
    select start as from, used_by_subject(
      ${accountId}, ${scope}, ${subjectId}, start, ${row.moment}::text::timestamptz, '-infinity') as used
    from start_of_period(${period}, ${row.moment}::text::timestamptz) start`;
  if (!sum) throw new Error("the usage log answered nothing");
  return { ...row, ...sum };
}

export async function insertLimit(
  tx: Tx,
  { accountId, scope, subjectId, period, amount }: Subject & { period: Period; amount: bigint },
  known: KnownUsage,
): Promise<void> {
  await tx`
    select from set_limit(${accountId}, ${scope}, ${subjectId}, ${period}, ${amount}, ${known.from},
      ${known.moment}::text::timestamptz, ${known.started}::text::timestamptz, ${known.used})`;
}

/** @returns false if there is no such limit */
export async function deleteLimit(
  sql: Queryable,
  { accountId, scope, subjectId, period }: Subject & { period: Period },
): Promise<boolean> {
  const rows = await sql`
    delete from limits
    where account_id = ${accountId} and scope = ${scope} and subject_id = ${subjectId} and period = ${period}
    returning limit_id`;
  return rows.length === 1;
}

/** How many limits an account has; under the lock of its balance that number stays. */
export async function countLimits(tx: Tx, accountId: string): Promise<number> {
  await lockBalances(tx, [accountId]);
  const [row] = await tx<Array<{ n: number }>>`select count(*)::int as n from limits where account_id = ${accountId}`;
  return row?.n ?? 0;
}
