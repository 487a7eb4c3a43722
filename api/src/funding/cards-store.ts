import type { Queryable, Sql, Tx } from "../db/types.ts";
import type { CardNews, SeenCard } from "./card-processor.ts";

export type PaymentState = "open" | "action" | "paid" | "failed";

export type PaymentRow = {
  payment_id: string;
  account_id: string;
  purpose: "purchase" | "recharge" | "subscription";
  state: PaymentState;
  /** All in US cents. */
  asked_cents: bigint;
  received_cents: bigint;
  refunded_cents: bigint;
  disputed_cents: bigint;
  /** Nano-dollars of credit that it buys, until when; null: what was received, for ever. */
  credit_nano: bigint | null;
  credit_until: Date | null;
  session_id: string | null;
  intent_id: string | null;
  lot_id: string | null;
  method_id: string | null;
  reason: string | null;
  /** Number of the last answer of the processor that was learnt. */
  learnt: number;
  created_at: Date;
};

const columnsOf = (sql: Queryable) => sql`
  payment_id, account_id, purpose, state, asked_cents, received_cents, refunded_cents, disputed_cents, credit_nano,
  credit_until, session_id, intent_id, lot_id, method_id, reason, learnt, created_at`;

/** Stores an event the first time it comes. @returns whether it was handled before */
export async function storeEvent(sql: Sql, provider: string, event: CardNews): Promise<boolean> {
  const { eventId, kind, about, subjectId } = event;
  await sql`
    insert into payment_events (provider, event_id, kind, about, subject_id)
    values (${provider}, ${eventId}, ${kind}, ${about}, ${subjectId}) on conflict (provider, event_id) do nothing`;
  const [row] = await sql<[{ handled: boolean }]>`
    select handled_at is not null as handled from payment_events where provider = ${provider} and event_id = ${eventId}`;
  return row.handled;
}

export async function setHandled(sql: Sql, provider: string, eventId: string): Promise<void> {
  await sql`
    update payment_events set handled_at = now()
    where provider = ${provider} and event_id = ${eventId} and handled_at is null`;
}

/** Events that nobody has handled to the end, oldest first: for as long as their sender would repeat them. */
export async function openEvents(
  sql: Sql,
  { provider, olderThanMs, limit }: { provider: string; olderThanMs: number; limit: number },
): Promise<CardNews[]> {
  const rows = await sql<
    Array<{ event_id: string; kind: string; about: CardNews["about"]; subject_id: string | null }>
  >`
    select event_id, kind, about, subject_id from payment_events
    where provider = ${provider} and handled_at is null
      and received_at < now() - make_interval(secs => ${olderThanMs / 1000})
      and received_at > now() - interval '3 days'
    order by received_at limit ${limit}`;
  return rows.map(({ event_id, kind, about, subject_id }) => ({
    eventId: event_id,
    kind,
    about,
    subjectId: subject_id,
  }));
}

export async function customerOf(sql: Queryable, accountId: string): Promise<string | undefined> {
  const [row] = await sql<Array<{ customer_id: string }>>`
    select customer_id from card_customers where account_id = ${accountId}`;
  return row?.customer_id;
}

export async function saveCustomer(
  sql: Sql,
  { accountId, customerId }: { accountId: string; customerId: string },
): Promise<void> {
  await sql`
    insert into card_customers (account_id, customer_id) values (${accountId}, ${customerId}) on conflict do nothing`;
}

export async function accountOfCustomer(sql: Queryable, customerId: string): Promise<string | undefined> {
  const [row] = await sql<Array<{ account_id: string }>>`
    select account_id from card_customers where customer_id = ${customerId}`;
  return row?.account_id;
}

export type CardRow = {
  card_id: string;
  method_id: string;
  brand: string;
  last4: string;
  expires_month: number;
  expires_year: number;
  created_at: Date;
};

/** A card's owner has asked to keep it; one that he has removed since stays removed. */
export async function saveCard(
  tx: Tx,
  { cardId, accountId, card }: { cardId: string; accountId: string; card: SeenCard },
): Promise<void> {
  await tx`
    insert into saved_cards (card_id, account_id, method_id, brand, last4, expires_month, expires_year)
    values (${cardId}, ${accountId}, ${card.methodId}, ${card.brand}, ${card.last4}, ${card.expiresMonth}, ${card.expiresYear})
    on conflict (method_id) do nothing`;
}

/** With which card an account has paid: whoever pays for two accounts with one card is one person. */
export async function noteFingerprint(
  tx: Tx,
  { accountId, fingerprint }: { accountId: string; fingerprint: string },
): Promise<void> {
  await tx`
    insert into card_fingerprints (account_id, fingerprint) values (${accountId}, ${fingerprint}) on conflict do nothing`;
}

/** The cards that an account has saved and not removed, newest first; one of them, if given. */
export async function cardsOf(sql: Queryable, accountId: string, cardId: string | null = null): Promise<CardRow[]> {
  return sql<CardRow[]>`
    select card_id, method_id, brand, last4, expires_month, expires_year, created_at from saved_cards
    where account_id = ${accountId} and removed_at is null ${cardId === null ? sql`` : sql`and card_id = ${cardId}`}
    order by created_at desc, card_id`;
}

export async function setCardRemoved(sql: Sql, cardId: string): Promise<void> {
  await sql`
    with removed as (
      update saved_cards set removed_at = now() where card_id = ${cardId} and removed_at is null returning card_id
    )
    update recharge_settings set disabled_at = now(), disabled_reason = 'Its card was removed.', updated_at = now()
    where disabled_at is null and card_id in (select card_id from removed)`;
}

export async function isBlocked(sql: Queryable, accountId: string): Promise<boolean> {
  const [row] = await sql<[{ blocked: boolean }]>`select card_is_blocked(${accountId}) as blocked`;
  return row.blocked;
}

export type NewPayment = {
  paymentId: string;
  accountId: string;
  purpose: PaymentRow["purpose"];
  cents: bigint;
  /** Of a saved card that is to be charged. */
  methodId?: string | null;
  requestKey?: string | null;
};

/** What an account has asked to pay by card in 24 hours: what is paid or may be, and how many tries there were. */
export async function paidToday(sql: Queryable, accountId: string): Promise<{ cents: bigint; payments: number }> {
  const [row] = await sql<[{ cents: bigint; payments: number }]>`
    select coalesce(sum(asked_cents) filter (where state <> 'failed'), 0)::bigint as cents, count(*)::int as payments
    from card_payments
    where account_id = ${accountId} and purpose <> 'subscription' and created_at > now() - interval '1 day'`;
  return row;
}

/** @returns the payment that stands for the request's key: this one, or one that was made before */
export async function insertPayment(tx: Tx, payment: NewPayment): Promise<PaymentRow> {
  const { paymentId, accountId, purpose, cents, methodId = null, requestKey = null } = payment;
  await tx`
    insert into card_payments (payment_id, account_id, purpose, asked_cents, method_id, request_key)
    values (${paymentId}, ${accountId}, ${purpose}, ${cents.toString()}::bigint, ${methodId}, ${requestKey})
    on conflict (account_id, request_key) do nothing`;
  const [row] = await tx<PaymentRow[]>`
    select ${columnsOf(tx)} from card_payments
    where payment_id = ${paymentId} or (account_id = ${accountId} and request_key = ${requestKey})`;
  if (!row) throw new Error(`payment ${paymentId} is gone`);
  return row;
}

export async function setSession(
  sql: Sql,
  { paymentId, sessionId }: { paymentId: string; sessionId: string },
): Promise<void> {
  await sql`update card_payments set session_id = ${sessionId} where payment_id = ${paymentId} and session_id is null`;
}

/** Says which of the processor's payments it is. @returns false if it is another one already */
export async function linkIntent(
  sql: Queryable,
  { paymentId, intentId }: { paymentId: string; intentId: string },
): Promise<boolean> {
  const linked = await sql`
    update card_payments set intent_id = ${intentId}
    where payment_id = ${paymentId} and (intent_id is null or intent_id = ${intentId}) returning payment_id`;
  return linked.length === 1;
}

export async function paymentOf(
  sql: Queryable,
  { paymentId, accountId }: { paymentId: string; accountId?: string },
): Promise<PaymentRow | undefined> {
  const [row] = await sql<PaymentRow[]>`
    select ${columnsOf(sql)} from card_payments
    where payment_id = ${paymentId} ${accountId === undefined ? sql`` : sql`and account_id = ${accountId}`}`;
  return row;
}

/** Numbers the question that is about to be asked. @returns undefined if it is about no payment of ours */
export async function numberQuestion(
  sql: Sql,
  intentId: string,
): Promise<{ paymentId: string; question: number } | undefined> {
  const [row] = await sql<Array<{ payment_id: string; asked: number }>>`
    update card_payments set asked = asked + 1 where intent_id = ${intentId} returning payment_id, asked`;
  return row && { paymentId: row.payment_id, question: row.asked };
}

export async function lockPayment(tx: Tx, paymentId: string): Promise<PaymentRow> {
  const [row] = await tx<PaymentRow[]>`
    select ${columnsOf(tx)} from card_payments where payment_id = ${paymentId} for update`;
  if (!row) throw new Error(`payment ${paymentId} is gone`);
  return row;
}

export type PaymentFacts = {
  paymentId: string;
  /** Number of the question that this answers. */
  question: number;
  state: PaymentState;
  receivedCents: bigint;
  refundedCents: bigint;
  disputedCents: bigint;
  reason: string | null;
};

/** What the processor has said of a payment. */
export async function setFacts(tx: Tx, facts: PaymentFacts): Promise<void> {
  await tx`
    update card_payments set state = ${facts.state}, received_cents = ${facts.receivedCents.toString()}::bigint,
      refunded_cents = ${facts.refundedCents.toString()}::bigint, disputed_cents = ${facts.disputedCents.toString()}::bigint,
      reason = ${facts.reason}, learnt = ${facts.question}, checked_at = now()
    where payment_id = ${facts.paymentId}`;
}

/** Nothing has come of it. */
export async function setFailed(sql: Sql, { paymentId, reason }: { paymentId: string; reason: string }): Promise<void> {
  await sql`
    update card_payments set state = 'failed', reason = ${reason}, checked_at = now()
    where payment_id = ${paymentId} and state = 'open'`;
}

export async function setLot(tx: Tx, { paymentId, lotId }: { paymentId: string; lotId: string }): Promise<void> {
  await tx`update card_payments set lot_id = ${lotId} where payment_id = ${paymentId} and lot_id is null`;
}

/** What of a payment went back or is about to, in cents, refunds included that nobody has made yet. */
export async function centsBack(tx: Tx, paymentId: string): Promise<bigint> {
  const [row] = await tx<[{ cents: bigint }]>`
    select card_cents_back(p) as cents from card_payments p where payment_id = ${paymentId}`;
  return row.cents;
}

export async function bookPayment(tx: Tx, paymentId: string): Promise<void> {
  await tx`select book_card_payment(${paymentId})`;
}

/** An account's payments, newest first. */
export async function paymentsOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<PaymentRow[]> {
  return sql<PaymentRow[]>`
    select ${columnsOf(sql)} from card_payments where account_id = ${accountId}
    order by created_at desc, payment_id desc limit ${limit}`;
}

/** Payments that nobody has heard of for a while, longest first. */
export async function unheardPayments(
  sql: Sql,
  { olderThanMs, limit }: { olderThanMs: number; limit: number },
): Promise<PaymentRow[]> {
  return sql<PaymentRow[]>`
    select ${columnsOf(sql)} from card_payments
    where state in ('open', 'action') and checked_at < now() - make_interval(secs => ${olderThanMs / 1000})
    order by checked_at limit ${limit}`;
}

/** Behind the others in the next round. */
export async function noteChecked(sql: Sql, paymentId: string): Promise<void> {
  await sql`update card_payments set checked_at = now() where payment_id = ${paymentId}`;
}

/** Payments whose credit or books are behind what is known of them. */
export async function unfinishedPayments(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<Array<{ payment_id: string }>>`
    (select payment_id from card_payments where received_cents > 0 and lot_id is null order by created_at limit ${limit})
    union
    (select payment_id from card_payments p join card_books b using (payment_id)
    where (p.refunded_cents > 0 or p.disputed_cents > 0)
      and (b.booked_nano <> b.true_booked_nano or b.loss_nano <> b.true_loss_nano)
    limit ${limit})`;
  return rows.map((row) => row.payment_id);
}

/** Payments that were received and have no credit, because account 1 does not cover it. */
export async function countWaiting(sql: Queryable): Promise<number> {
  const [row] = await sql<[{ n: number }]>`
    select count(*)::int as n from card_payments where received_cents > 0 and lot_id is null`;
  return row.n;
}
