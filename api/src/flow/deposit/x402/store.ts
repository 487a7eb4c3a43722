import type { Queryable, Sql, Tx } from "../../../db/types.ts";

/** A payment is known by who pays and the nonce that he has signed. */
export type PaymentName = { payer: string; nonce: string };

export type PaymentRow = {
  payer: string;
  nonce: string;
  request_hash: Buffer;
  payment_id: string | null;
  transaction_id: string;
  answered_at: Date | null;
  answer: Buffer | null;
};

/** Payments with this nonce, or with the identifier that the payer gave it. */
export async function paymentsNamed(
  sql: Queryable,
  { payer, nonce, paymentId }: PaymentName & { paymentId: string | null },
): Promise<PaymentRow[]> {
  return sql<PaymentRow[]>`
    select payer, nonce, request_hash, payment_id, transaction_id, answered_at, answer
    from payments
    where payer = ${payer} and (nonce = ${nonce} or payment_id = ${paymentId})`;
}

/** One payment of a payer is written down at a time. */
export async function lockPayer(tx: Tx, payer: string): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`x402:${payer}`}, 0))`;
}

export async function savePayment(
  tx: Tx,
  payment: PaymentName & {
    amountMicro: bigint;
    requestHash: Buffer;
    paymentId: string | null;
    transactionId: string;
  },
): Promise<void> {
  await tx`
    insert into payments (payer, nonce, amount_micro, request_hash, payment_id, transaction_id)
    values (${payment.payer}, ${payment.nonce}, ${payment.amountMicro}, ${payment.requestHash}, ${payment.paymentId},
      ${payment.transactionId})`;
}

/** What became of a payment. */
export type PaymentState = {
  /** Booked from the contract's event, and usable. */
  account_id: string | null;
  transaction_hash: `0x${string}` | null;
  /** Of our transaction; another's may settle it too. */
  state: string;
  error: string | null;
};

export async function paymentState(sql: Queryable, { payer, nonce }: PaymentName): Promise<PaymentState> {
  const [row] = await sql<[PaymentState]>`
    select d.account_id, d.transaction_hash, t.state, t.error
    from payments p join transactions t using (transaction_id) left join lateral (
      select d.account_id, e.transaction_hash
      from deposits d join chain_events e using (event_id)
      where d.rail = 'payer' and d.payer = p.payer and d.memo = p.nonce and e.reversed_at is null
        and (d.pending_micro = 0 or d.confirmed_at is not null)
      limit 1
    ) d on true
    where p.payer = ${payer} and p.nonce = ${nonce}`;
  return row;
}

/**
 * Takes up answering a payment's request: one process at a time, and nobody once it is answered. What a dead process
 * had taken up is free again.
 * @returns false if somebody else has it
 */
export async function claimAnswer(
  sql: Sql,
  { payer, nonce, requestId, instanceId }: PaymentName & { requestId: string; instanceId: string },
): Promise<boolean> {
  const rows = await sql`
    update payments p set request_id = ${requestId}, instance_id = ${instanceId}
    where payer = ${payer} and nonce = ${nonce} and answered_at is null
      and (request_id is null or not exists (
        select from instances i where i.instance_id = p.instance_id and i.lease_until > clock_timestamp()))
    returning nonce`;
  return rows.length === 1;
}

/** The request was not answered: whoever asks next may try again. */
export async function giveAnswerBack(sql: Sql, { payer, nonce, requestId }: PaymentName & { requestId: string }) {
  await sql`
    update payments set request_id = null, instance_id = null
    where payer = ${payer} and nonce = ${nonce} and request_id = ${requestId} and answered_at is null`;
}

/** The request was answered: it will never be answered anew. */
export async function saveAnswer(
  sql: Sql,
  { payer, nonce, requestId, answer }: PaymentName & { requestId: string; answer: Buffer | null },
): Promise<void> {
  await sql`
    update payments set answered_at = now(), answer = ${answer}
    where payer = ${payer} and nonce = ${nonce} and request_id = ${requestId}`;
}

/** Forgets what was answered longer ago than a client would ask again. @returns how many were forgotten */
export async function forgetAnswers(sql: Sql, { olderThanSeconds }: { olderThanSeconds: number }): Promise<number> {
  const rows = await sql`
    update payments set answer = null
    where answer is not null and answered_at < now() - make_interval(secs => ${olderThanSeconds})
    returning nonce`;
  return rows.length;
}
