import type { Queryable } from "../db/types.ts";

/** Lines count from the batch that was built before the referral ended, if it has. */
const counted = (sql: Queryable) => sql`
  referrals r
  left join batch_accounts l on l.account_id = r.account_id
  left join batches b on b.batch_id = l.batch_id and b.state <> 'voided' and (r.ended_at is null or b.built_at < r.ended_at)`;

const settled = (sql: Queryable) => sql`
  coalesce(sum(l.line_micro) filter (where b.state in ('mined', 'final')), 0)::bigint as gross_micro`;

export type ReferredRow = {
  pseudonym: string;
  referred_at: Date;
  ended_at: Date | null;
  /** What they have paid in settled batches, in µUSDC. */
  gross_micro: bigint;
};

/** Whom a referrer has brought, newest first. Who they are is not his to know. */
export async function referredBy(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<ReferredRow[]> {
  return sql<ReferredRow[]>`
    select 'person_' || substr(md5(${accountId} || ' ' || r.account_id), 1, 12) as pseudonym, r.referred_at, r.ended_at,
      ${settled(sql)}
    from ${counted(sql)}
    where r.referrer_id = ${accountId}
    group by r.account_id, r.referred_at, r.ended_at
    order by r.referred_at desc, r.account_id
    limit ${limit}`;
}

export type ReferralTotals = {
  referral_code: string;
  people: number;
  gross_micro: bigint;
  in_batch_micro: bigint;
  unsettled_nano: bigint;
};

/** Over everybody whom he has brought. */
export async function referralTotals(sql: Queryable, accountId: string): Promise<ReferralTotals | undefined> {
  const [row] = await sql<ReferralTotals[]>`
    select a.referral_code, t.people, t.gross_micro, t.in_batch_micro, t.unsettled_nano
    from accounts a cross join lateral (
      select count(distinct r.account_id)::int as people, ${settled(sql)},
        coalesce(sum(l.line_micro) filter (where b.state in ('built', 'signed', 'submitted')), 0)::bigint as in_batch_micro,
        coalesce((
          select sum(v.unsettled_nano) from referrals o join balances v using (account_id)
          where o.referrer_id = a.account_id and o.ended_at is null), 0)::bigint as unsettled_nano
      from ${counted(sql)}
      where r.referrer_id = a.account_id
    ) t
    where a.account_id = ${accountId}`;
  return row;
}

export type EarnedTotals = { referral_nano: bigint; earned_nano: bigint; out_nano: bigint; carried_micro: bigint };

/**
 * What settled batches have made of it: his referral earnings, all that he has earned, what of that has left his earnings
 * (paid out, or made credit), and the referred gross that waits for a batch with room for it.
 */
export async function earnedTotals(sql: Queryable, accountId: string): Promise<EarnedTotals> {
  const [row] = await sql<[EarnedTotals]>`
    with mine as (
      select debit_book as other, amount_nano from entries
      where credit_account = ${accountId} and credit_book = 'earnings'
      union all
      select credit_book, -amount_nano from entries
      where debit_account = ${accountId} and debit_book = 'earnings'
    )
    select coalesce(sum(amount_nano) filter (where other = 'earnings'), 0)::bigint as referral_nano,
      coalesce(sum(amount_nano) filter (where other in ('earnings', 'unsettled')), 0)::bigint as earned_nano,
      coalesce(-sum(amount_nano) filter (where other not in ('earnings', 'unsettled')), 0)::bigint as out_nano,
      coalesce((
        select l.carry_out_micro from batch_referrers l join batches b using (batch_id)
        where l.account_id = ${accountId} and b.state <> 'voided'
        order by l.batch_id desc limit 1), 0)::bigint as carried_micro
    from mine`;
  return row;
}
