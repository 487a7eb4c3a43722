import { InfrError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { CardPaymentError, CardsBlockedError, openCustomer } from "./buy-credit.ts";
import { accountOfCustomer, isBlocked, type PaymentRow } from "./cards-store.ts";
import { type Cards, followPayment } from "./follow-payment.ts";
import {
  insertInvoicePayment,
  type SubscriptionRow,
  saveSubscription,
  subscriptionOf,
  subscriptionsOf,
} from "./plans-store.ts";

/** The account has a subscription already: HTTP 409. */
export class SubscribedError extends InfrError {
  readonly code = "subscribed";
  readonly status = 409;
  constructor() {
    super("This account has a subscription. End it first; a new one can begin when its period is over.");
  }
}

const TRIES = 10;

/**
 * A page on which a subscription begins.
 * @throws NotFoundError, SubscribedError, CardsBlockedError
 */
export async function subscribe(
  cards: Cards,
  { accountId, planId }: { accountId: string; planId: string },
): Promise<{ url: string }> {
  const plan = cards.plans.find(({ id }) => id === planId);
  if (!plan) throw new NotFoundError("plan");
  if (await isBlocked(cards.sql, accountId)) throw new CardsBlockedError();
  const known = await subscriptionsOf(cards.sql, accountId);
  if (known.some(({ status }) => status !== "ended")) throw new SubscribedError();
  const customerId = await openCustomer(cards, accountId);
  return cards.processor.openSubscription({ accountId, customerId, planId, priceId: plan.priceId });
}

/** Ends a subscription with its period, or has it go on after all. What it gave stays until it expires. */
export async function changeSubscription(
  cards: Cards,
  { accountId, subscriptionId, atPeriodEnd }: { accountId: string; subscriptionId: string; atPeriodEnd: boolean },
): Promise<SubscriptionRow> {
  const known = await subscriptionOf(cards.sql, subscriptionId);
  if (known?.account_id !== accountId) throw new NotFoundError("subscription");
  if (known.status === "ended") throw new CardPaymentError("This subscription has ended. Begin a new one.");
  await cards.processor.endSubscription({ subscriptionId, atPeriodEnd });
  return (await followSubscription(cards, subscriptionId)) ?? known;
}

/** Makes ours what the processor says of a subscription now; an answer that was overtaken is asked for again. */
export async function followSubscription(cards: Cards, subscriptionId: string): Promise<SubscriptionRow | undefined> {
  const { sql, processor } = cards;
  for (let tries = 0; tries < TRIES; tries++) {
    const known = await subscriptionOf(sql, subscriptionId);
    const { accountId, planId, ...seen } = await processor.readSubscription(subscriptionId);
    if (accountId === null || planId === null) return undefined;
    if (await saveSubscription(sql, { ...seen, accountId, planId, version: known?.version ?? null }))
      return subscriptionOf(sql, subscriptionId);
  }
  throw new Error(`subscription ${subscriptionId} changes all the time`);
}

/** An invoice that was paid for a plan gives its credit, once, until the end of the period. */
export async function followInvoice(cards: Cards, invoiceId: string): Promise<PaymentRow | undefined> {
  const { sql, processor, plans } = cards;
  const invoice = await processor.readInvoice(invoiceId);
  if (!invoice?.isPaid || invoice.intentId === null || invoice.paidCents <= 0n) return undefined;
  const { accountId, customerId, intentId, until } = invoice;
  const plan = plans.find(({ id }) => id === invoice.planId);
  if (accountId === null || customerId === null || (await accountOfCustomer(sql, customerId)) !== accountId)
    return undefined;
  // The plan may have been taken off the list: then it has to be put back, not forgotten.
  if (!plan) throw new Error(`invoice ${invoiceId} is for the plan ${invoice.planId}, which is not configured`);
  await insertInvoicePayment(sql, {
    paymentId: newId("pay"),
    accountId,
    cents: invoice.paidCents,
    invoiceId,
    intentId,
    creditNano: plan.credit,
    until,
  });
  return followPayment(cards, intentId);
}
