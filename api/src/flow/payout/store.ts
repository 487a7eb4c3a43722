import type { Queryable, Sql, Tx } from "../../db/types.ts";

export type PayoutState = "pending" | "processing" | "sent" | "completed" | "failed" | "canceled";
export type PayoutMethod = "wallet" | "bank";

export type PayoutRow = {
  payout_id: string;
  account_id: string;
  method: PayoutMethod;
  state: PayoutState;
  amount_micro: bigint | null;
  recipient: string | null;
  reason: string | null;
  reopened: boolean;
  transaction_id: string | null;
  event_id: string | null;
  transfer_id: string | null;
  external_id: string | null;
  created_at: Date;
  updated_at: Date;
  /** Of the event that paid it. */
  transaction_hash: string | null;
  happened_at: Date | null;
  finality: "seen" | "safe" | "final" | null;
};

const rows = (sql: Queryable) => sql`
  select p.*, e.transaction_hash, e.happened_at, e.finality from payouts p left join chain_events e using (event_id)`;

/** An account's payouts, newest first. */
export async function payoutsOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<PayoutRow[]> {
  return sql<PayoutRow[]>`
    ${rows(sql)} where p.account_id = ${accountId} order by p.created_at desc, p.payout_id desc limit ${limit}`;
}

export async function payoutById(
  sql: Queryable,
  { payoutId, accountId }: { payoutId: string; accountId: string },
): Promise<PayoutRow | undefined> {
  const [row] = await sql<PayoutRow[]>`
    ${rows(sql)} where p.payout_id = ${payoutId} and p.account_id = ${accountId}`;
  return row;
}

/** The account's newest payout that is not sent yet. */
export async function openPayoutOf(sql: Queryable, accountId: string): Promise<PayoutRow | undefined> {
  const [row] = await sql<PayoutRow[]>`
    ${rows(sql)} where p.account_id = ${accountId} and p.state in ('pending', 'processing')
    order by p.created_at desc, p.payout_id desc limit 1`;
  return row;
}

/** @returns false if the account has an open payout already */
export async function insertRequest(
  sql: Queryable,
  request: { payoutId: string; accountId: string; method: PayoutMethod },
): Promise<boolean> {
  const inserted = await sql`
    insert into payouts (payout_id, account_id, method)
    select ${request.payoutId}, ${request.accountId}, ${request.method}
    where not exists (
      select from payouts where account_id = ${request.accountId} and state in ('pending', 'processing'))
    on conflict (account_id) where state in ('pending', 'processing') and not reopened do nothing
    returning payout_id`;
  return inserted.length === 1;
}

/** @returns false if it is not pending any more */
export async function cancelPending(
  sql: Queryable,
  { payoutId, accountId }: { payoutId: string; accountId: string },
): Promise<boolean> {
  const canceled = await sql`
    update payouts set state = 'canceled'
    where payout_id = ${payoutId} and account_id = ${accountId} and state = 'pending' returning payout_id`;
  return canceled.length === 1;
}

export type PendingRow = { payout_id: string; account_id: string; chain_account: bigint; method: PayoutMethod };

/** Requests of accounts that the contract knows, those first that were not looked at for longest. */
export async function pendingPayouts(sql: Queryable, limit: number): Promise<PendingRow[]> {
  return sql<PendingRow[]>`
    select p.payout_id, p.account_id, a.chain_account, p.method
    from payouts p join accounts a using (account_id)
    where p.state = 'pending' and a.chain_account is not null and a.frozen_reason is null
    order by p.updated_at, p.payout_id
    limit ${limit}`;
}

/** Notes why requests wait, which also puts them behind the others. */
export async function noteWaiting(sql: Sql, waiting: Array<{ payoutId: string; reason: string }>): Promise<void> {
  if (waiting.length === 0) return;
  await sql`
    update payouts p set reason = w.reason
    from unnest(${waiting.map(({ payoutId }) => payoutId)}::text[], ${waiting.map(({ reason }) => reason)}::text[])
      w(payout_id, reason)
    where p.payout_id = w.payout_id and p.state = 'pending'`;
}

/** Locks those that are still pending, so that no other process pushes them too. */
export async function lockPending(tx: Tx, payoutIds: string[]): Promise<Set<string>> {
  const locked = await tx<Array<{ payout_id: string }>>`
    select payout_id from payouts where payout_id in ${tx(payoutIds)} and state = 'pending'
    order by payout_id for update skip locked`;
  return new Set(locked.map((row) => row.payout_id));
}

export async function setProcessing(
  tx: Tx,
  { payoutIds, transactionId }: { payoutIds: string[]; transactionId: string },
): Promise<void> {
  await tx`
    update payouts set state = 'processing', transaction_id = ${transactionId}, reason = null
    where payout_id in ${tx(payoutIds)}`;
}

/** Payouts whose push was refused before it paid anybody wait again. */
export async function releaseRefused(sql: Sql): Promise<void> {
  await sql`
    update payouts p set state = 'pending', transaction_id = null, reason = t.error
    from transactions t
    where p.state = 'processing' and t.transaction_id = p.transaction_id and t.state = 'failed'`;
}

/** What is on its way to this account by a transaction of ours with this hash, in whichever version it was mined. */
export async function payoutOfTransaction(
  tx: Tx,
  { accountId, hash }: { accountId: string; hash: string },
): Promise<{ payout_id: string; method: PayoutMethod } | undefined> {
  const [row] = await tx<Array<{ payout_id: string; method: PayoutMethod }>>`
    select p.payout_id, p.method
    from payouts p join transaction_attempts a using (transaction_id)
    where a.hash = ${hash} and p.account_id = ${accountId} and p.state = 'processing' and p.event_id is null
    for update of p`;
  return row;
}

type Paid = { payoutId: string; eventId: string; amountMicro: bigint; recipient: string };

/** The contract has paid. To a wallet that is all; what is for a bank is with the off-ramp now. */
export async function setPaid(tx: Tx, { payoutId, eventId, amountMicro, recipient }: Paid): Promise<void> {
  await tx`
    update payouts set state = case method when 'wallet' then 'sent' else state end, event_id = ${eventId},
      amount_micro = ${amountMicro}, recipient = ${recipient}, reason = null
    where payout_id = ${payoutId}`;
}

export async function insertSeen(tx: Tx, seen: Paid & { accountId: string; at: Date }): Promise<void> {
  await tx`
    insert into payouts (payout_id, account_id, method, state, amount_micro, recipient, event_id, created_at)
    values (${seen.payoutId}, ${seen.accountId}, 'wallet', 'sent', ${seen.amountMicro}, ${seen.recipient},
      ${seen.eventId}, ${seen.at})`;
}

/**
 * The event that paid it was reorganised away: one that was asked for is on its way again, one that was only seen never
 * was.
 */
export async function unsetPaid(tx: Tx, eventId: string): Promise<void> {
  await tx`delete from payouts where event_id = ${eventId} and transaction_id is null`;
  await tx`
    update payouts set state = 'processing', event_id = null, amount_micro = null, recipient = null, reason = null
    where event_id = ${eventId}`;
}

export async function setSkipped(
  tx: Tx,
  { payoutId, eventId, reason }: { payoutId: string; eventId: string; reason: string },
): Promise<void> {
  await tx`
    update payouts set state = 'failed', event_id = ${eventId}, reason = ${reason} where payout_id = ${payoutId}`;
}

/** A payout to a wallet whose event is final has come to its end. */
export async function completePayouts(sql: Sql): Promise<void> {
  await sql`
    update payouts p set state = 'completed'
    from chain_events e
    where p.state = 'sent' and p.method = 'wallet' and e.event_id = p.event_id and e.finality = 'final'`;
}

export async function chainAccountOf(sql: Queryable, accountId: string): Promise<number | null> {
  const [row] = await sql<Array<{ chain_account: bigint | null }>>`
    select chain_account from accounts where account_id = ${accountId}`;
  return row?.chain_account == null ? null : Number(row.chain_account);
}

/** What the contract has ever paid an account, in µUSDC. */
export async function paidTotal(sql: Queryable, accountId: string): Promise<bigint> {
  const [row] = await sql<[{ total: bigint }]>`
    select coalesce(sum(amount_micro), 0)::bigint as total from payouts
    where account_id = ${accountId} and event_id is not null and amount_micro is not null`;
  return row.total;
}

export async function payoutCounts(sql: Queryable): Promise<Array<{ state: PayoutState; count: number }>> {
  return sql<Array<{ state: PayoutState; count: number }>>`
    select state, count(*)::int as count from payouts group by 1 order by 1`;
}

/** Gross of an account's lines in batches that are on their way, in µUSDC. */
export async function inBatches(sql: Queryable, accountId: string): Promise<bigint> {
  const [row] = await sql<[{ total: bigint }]>`
    select coalesce(sum(line_micro), 0)::bigint as total
    from batch_earners join batches using (batch_id)
    where account_id = ${accountId} and state in ('built', 'signed', 'submitted')`;
  return row.total;
}

export type EarnedRow = {
  seq: bigint;
  state: "built" | "signed" | "submitted" | "mined" | "final";
  gross_micro: bigint;
  earned_nano: bigint;
  referral_nano: bigint;
  settled_at: Date | null;
  transaction_hash: string | null;
};

/** What an account has earned by each batch: its gross line, and what settlement booked of it. Newest first. */
export async function earnedByBatch(
  sql: Queryable,
  { accountId, limit, before }: { accountId: string; limit: number; before: bigint | null },
): Promise<EarnedRow[]> {
  return sql<EarnedRow[]>`
    with booked as (
      select b.batch_id,
        coalesce(sum(n.amount_nano) filter (where n.debit_book = 'unsettled'), 0)::bigint as earned,
        coalesce(sum(n.amount_nano) filter (where n.debit_book = 'earnings'), 0)::bigint as referral
      from entries n
      join chain_events e on e.event_id = split_part(substr(n.cause, 8), '#', 1)
      join batches b on b.settled_event_id = e.event_id
      where n.credit_account = ${accountId} and n.credit_book = 'earnings'
        and n.cause = 'settle:' || e.event_id || case when e.times_booked > 1 then '#' || e.times_booked else '' end
      group by 1
    ), mine as (
      select batch_id from batch_earners where account_id = ${accountId} and line_micro > 0
      union select batch_id from booked
    )
    select b.seq, b.state, coalesce(l.line_micro, 0)::bigint as gross_micro, coalesce(k.earned, 0)::bigint as earned_nano,
      coalesce(k.referral, 0)::bigint as referral_nano, e.happened_at as settled_at, e.transaction_hash
    from mine
    join batches b using (batch_id)
    left join batch_earners l on l.batch_id = b.batch_id and l.account_id = ${accountId}
    left join booked k on k.batch_id = b.batch_id
    left join chain_events e on e.event_id = b.settled_event_id
    where b.state <> 'voided' ${before === null ? sql`` : sql`and b.seq < ${before}`}
    order by b.seq desc
    limit ${limit}`;
}
