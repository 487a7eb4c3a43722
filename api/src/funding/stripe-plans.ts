import type { Stripe } from "stripe";
import type { CardProcessor, SeenInvoice, SeenSubscription } from "./card-processor.ts";

type Order = Parameters<CardProcessor["openSubscription"]>[0] & { returnUrl: string };

/** A page on which a subscription is begun. Its metadata come back with every invoice. */
export async function openSubscription(
  stripe: Stripe,
  { accountId, customerId, planId, priceId, returnUrl }: Order,
): Promise<{ url: string }> {
  const { id, url } = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer: customerId,
    line_items: [{ price: priceId, quantity: 1 }],
    subscription_data: { metadata: { account_id: accountId, plan_id: planId } },
    success_url: `${returnUrl}?plan=${planId}`,
    cancel_url: returnUrl,
  });
  if (!url) throw new Error(`Checkout session ${id} has no page`);
  return { url };
}

export async function readInvoice(stripe: Stripe, invoiceId: string): Promise<SeenInvoice | null> {
  const invoice = await stripe.invoices.retrieve(invoiceId, { expand: ["payments"] });
  const { subscription, metadata } = invoice.parent?.subscription_details ?? {};
  const line = invoice.lines.data.find(({ parent }) => parent?.subscription_item_details?.proration === false);
  if (subscription === undefined || !line) return null;
  const payment = invoice.payments?.data.find(({ status }) => status === "paid")?.payment;
  return {
    invoiceId,
    subscriptionId: idOf(subscription) ?? "",
    accountId: metadata?.["account_id"] ?? null,
    planId: metadata?.["plan_id"] ?? null,
    customerId: idOf(invoice.customer),
    isPaid: invoice.status === "paid" && invoice.currency === "usd",
    paidCents: BigInt(invoice.amount_paid),
    intentId: idOf(payment?.payment_intent),
    until: new Date(line.period.end * 1_000),
  };
}

export async function readSubscription(stripe: Stripe, subscriptionId: string): Promise<SeenSubscription> {
  return seen(await stripe.subscriptions.retrieve(subscriptionId));
}

export async function endSubscription(
  stripe: Stripe,
  { subscriptionId, atPeriodEnd }: Parameters<CardProcessor["endSubscription"]>[0],
): Promise<SeenSubscription> {
  return seen(await stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: atPeriodEnd }));
}

const STATUS: Record<string, SeenSubscription["status"]> = {
  active: "active",
  trialing: "active",
  incomplete: "incomplete",
  past_due: "past_due",
  unpaid: "past_due",
  paused: "past_due",
  incomplete_expired: "ended",
  canceled: "ended",
};

function seen({
  id,
  metadata,
  status,
  cancel_at_period_end: endsAtPeriodEnd,
  items,
}: Stripe.Subscription): SeenSubscription {
  const [item] = items.data;
  return {
    subscriptionId: id,
    accountId: metadata["account_id"] ?? null,
    planId: metadata["plan_id"] ?? null,
    status: STATUS[status] ?? "past_due",
    endsAtPeriodEnd,
    periodEnd: item ? new Date(item.current_period_end * 1_000) : null,
  };
}

const idOf = (reference: string | { id: string } | null | undefined): string | null =>
  typeof reference === "string" ? reference : (reference?.id ?? null);
