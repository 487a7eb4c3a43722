import type { Queryable, Sql } from "../db/types.ts";
import type { SeenSubscription } from "./card-processor.ts";

export type SubscriptionRow = {
  subscription_id: string;
  account_id: string;
  plan_id: string;
  status: SeenSubscription["status"];
  ends_at_period_end: boolean;
  period_end: Date | null;
  version: number;
  created_at: Date;
};

const columnsOf = (sql: Queryable) => sql`
  subscription_id, account_id, plan_id, status, ends_at_period_end, period_end, version, created_at`;

export async function subscriptionOf(sql: Queryable, subscriptionId: string): Promise<SubscriptionRow | undefined> {
  const [row] = await sql<SubscriptionRow[]>`
    select ${columnsOf(sql)} from subscriptions where subscription_id = ${subscriptionId}`;
  return row;
}

/** An account's subscriptions, newest first. */
export async function subscriptionsOf(sql: Queryable, accountId: string): Promise<SubscriptionRow[]> {
  return sql<SubscriptionRow[]>`
    select ${columnsOf(sql)} from subscriptions where account_id = ${accountId}
    order by created_at desc, subscription_id limit 100`;
}

type Seen = Omit<SeenSubscription, "accountId" | "planId"> & {
  accountId: string;
  planId: string;
  /** Of the row before the processor was asked; null if there was none. */
  version: number | null;
};

/** @returns false if something else was learnt since */
export async function saveSubscription(sql: Sql, seen: Seen): Promise<boolean> {
  const { subscriptionId, accountId, planId, status, endsAtPeriodEnd, periodEnd, version } = seen;
  const saved =
    version === null
      ? await sql`
          insert into subscriptions (subscription_id, account_id, plan_id, status, ends_at_period_end, period_end)
          values (${subscriptionId}, ${accountId}, ${planId}, ${status}, ${endsAtPeriodEnd}, ${periodEnd})
          on conflict do nothing returning subscription_id`
      : await sql`
          update subscriptions set status = ${status}, ends_at_period_end = ${endsAtPeriodEnd},
            period_end = ${periodEnd}, version = version + 1
          where subscription_id = ${subscriptionId} and version = ${version} returning subscription_id`;
  return saved.length === 1;
}

type InvoicePayment = {
  paymentId: string;
  accountId: string;
  cents: bigint;
  invoiceId: string;
  intentId: string;
  creditNano: bigint;
  until: Date;
};

/** The payment of an invoice, the first time it is heard of. */
export async function insertInvoicePayment(sql: Sql, payment: InvoicePayment): Promise<void> {
  await sql`
    insert into card_payments
      (payment_id, account_id, purpose, asked_cents, invoice_id, intent_id, credit_nano, credit_until)
    values (${payment.paymentId}, ${payment.accountId}, 'subscription', ${payment.cents.toString()}::bigint,
      ${payment.invoiceId}, ${payment.intentId}, ${payment.creditNano.toString()}::bigint, ${payment.until})
    on conflict do nothing`;
}
