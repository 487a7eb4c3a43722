import { Stripe } from "stripe";
import { openStripeClient } from "../stripe.ts";
import {
  type CardNews,
  type CardProcessor,
  CardRefusedError,
  ForgedEventError,
  type SeenPayment,
} from "./card-processor.ts";
import { endSubscription, openSubscription, readInvoice, readSubscription } from "./stripe-plans.ts";

/** Disputes that have taken the money, or may: inquiries have not, and what is won or prevented is ours again. */
const TAKING = new Set<string>([
  "needs_response",
  "under_review",
  "appeal_needs_response",
  "appeal_under_review",
  "lost",
]);
const CURRENCY = "usd";
const MAX_LISTED = 100;

export type StripeCardSettings = {
  secretKey: string;
  /** Of the endpoint that gets events of the platform's own account. */
  webhookSecret: string;
  /** Where a payer comes back to from Stripe's pages. */
  returnUrl: string;
  /** Another place than Stripe's own. */
  apiUrl?: URL | undefined;
};

/**
 * Stripe: payments by Checkout (docs.stripe.com/payments/checkout), saved cards charged later
 * (docs.stripe.com/payments/save-and-reuse), refunds, disputes, subscriptions.
 */
export function openStripeCards(settings: StripeCardSettings): CardProcessor {
  const stripe = openStripeClient(settings);
  const { returnUrl, webhookSecret } = settings;
  return {
    provider: "stripe",
    openCustomer: async (accountId) =>
      (
        await stripe.customers.create(
          { metadata: { account_id: accountId } },
          { idempotencyKey: `customer:${accountId}` },
        )
      ).id,
    openCheckout: (order) => openCheckout(stripe, { ...order, returnUrl }),
    openSubscription: (order) => openSubscription(stripe, { ...order, returnUrl }),
    charge: (order) => charge(stripe, order),
    readPayment: (intentId) => readPayment(stripe, intentId),
    readSession: async (sessionId) => {
      const session = await stripe.checkout.sessions.retrieve(sessionId);
      return {
        paymentId: session.metadata?.["payment_id"] ?? null,
        intentId: idOf(session.payment_intent),
        isOver: session.status === "expired",
      };
    },
    readInvoice: (invoiceId) => readInvoice(stripe, invoiceId),
    readSubscription: (subscriptionId) => readSubscription(stripe, subscriptionId),
    endSubscription: (order) => endSubscription(stripe, order),
    refund: (order) => refund(stripe, order),
    forgetCard: async (methodId) => {
      await refusable(() => stripe.paymentMethods.detach(methodId));
    },
    readEvent: (body, signature) =>
      newsOf(verified(() => stripe.webhooks.constructEvent(body, signature, webhookSecret))),
  };
}

type Checkout = Parameters<CardProcessor["openCheckout"]>[0] & { returnUrl: string };

async function openCheckout(
  stripe: Stripe,
  { paymentId, customerId, cents, save, returnUrl }: Checkout,
): Promise<{ sessionId: string; url: string }> {
  const { id, url } = await refusable(() =>
    stripe.checkout.sessions.create(
      {
        mode: "payment",
        customer: customerId,
        allowed_payment_method_types: ["card"],
        line_items: [
          {
            quantity: 1,
            price_data: { currency: CURRENCY, unit_amount: Number(cents), product_data: { name: "Inference credit" } },
          },
        ],
        metadata: { payment_id: paymentId },
        payment_intent_data: {
          metadata: { payment_id: paymentId },
          ...(save && { setup_future_usage: "off_session" }),
        },
        success_url: `${returnUrl}?payment=${paymentId}`,
        cancel_url: returnUrl,
      },
      { idempotencyKey: `${paymentId}:checkout` },
    ),
  );
  if (!url) throw new Error(`Checkout session ${id} has no page`);
  return { sessionId: id, url };
}

async function charge(
  stripe: Stripe,
  { paymentId, customerId, methodId, cents, isOwnerThere }: Parameters<CardProcessor["charge"]>[0],
): Promise<SeenPayment & { clientSecret: string | null }> {
  const secretOf = async (intent: Stripe.PaymentIntent) => ({
    ...(await readPayment(stripe, intent.id)),
    clientSecret: intent.client_secret,
  });
  try {
    const intent = await stripe.paymentIntents.create(
      {
        amount: Number(cents),
        currency: CURRENCY,
        customer: customerId,
        payment_method: methodId,
        allowed_payment_method_types: ["card"],
        confirm: true,
        ...(!isOwnerThere && { off_session: true }),
        metadata: { payment_id: paymentId },
      },
      { idempotencyKey: `${paymentId}:charge` },
    );
    return await secretOf(intent);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeCardError && error.payment_intent) return secretOf(error.payment_intent);
    return refusable(() => Promise.reject(error));
  }
}

/** The payment with all that came after it: three questions, because Stripe keeps refunds and disputes apart. */
async function readPayment(stripe: Stripe, intentId: string): Promise<SeenPayment> {
  const [intent, refunds, disputes] = await Promise.all([
    stripe.paymentIntents.retrieve(intentId, { expand: ["payment_method"] }),
    stripe.refunds.list({ payment_intent: intentId, limit: MAX_LISTED }),
    stripe.disputes.list({ payment_intent: intentId, limit: MAX_LISTED }),
  ]);
  const kept = refunds.data.filter(({ status }) => status !== "failed" && status !== "canceled");
  const taking = disputes.data.filter(({ status }) => TAKING.has(status));
  const isPaid = intent.status === "succeeded" && intent.currency === CURRENCY;
  const { code, decline_code: declined, message } = intent.last_payment_error ?? {};
  return {
    intentId,
    paymentId: intent.metadata["payment_id"] ?? null,
    customerId: idOf(intent.customer),
    status: isPaid ? "paid" : statusOf(intent),
    receivedCents: isPaid ? BigInt(intent.amount_received) : 0n,
    refundedCents: kept.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
    disputedCents: taking.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
    reason: message ?? null,
    needsOwner: code === "authentication_required" || declined === "authentication_required",
    refunds: refunds.data.flatMap(({ id, metadata }) => {
      const refundId = metadata?.["refund_id"];
      return refundId === undefined ? [] : [{ refundId, externalId: id }];
    }),
    fingerprint: methodOf(intent.payment_method)?.card?.fingerprint ?? null,
    card: intent.setup_future_usage === "off_session" ? cardOf(intent.payment_method) : null,
  };
}

function statusOf({ status, currency }: Stripe.PaymentIntent): SeenPayment["status"] {
  if (status === "requires_payment_method") return "declined";
  if (status === "requires_action") return "action";
  // Paid, but not in dollars: nothing that we have asked for.
  return status === "canceled" || currency !== CURRENCY ? "canceled" : "open";
}

const methodOf = (method: Stripe.PaymentIntent["payment_method"]) => (typeof method === "string" ? null : method);

function cardOf(method: Stripe.PaymentIntent["payment_method"]): SeenPayment["card"] {
  const known = methodOf(method);
  if (!known?.card) return null;
  const { brand, last4, exp_month: expiresMonth, exp_year: expiresYear } = known.card;
  return { methodId: known.id, brand, last4, expiresMonth, expiresYear };
}

/** Stripe forgets idempotency keys after a day, so an earlier one is looked for first. */
async function refund(
  stripe: Stripe,
  { refundId, intentId, cents }: Parameters<CardProcessor["refund"]>[0],
): Promise<string> {
  const recent = await stripe.refunds.list({ payment_intent: intentId, limit: MAX_LISTED });
  const earlier = recent.data.find(({ metadata }) => metadata?.["refund_id"] === refundId);
  if (earlier) return earlier.id;
  const made = await refusable(() =>
    stripe.refunds.create(
      { payment_intent: intentId, amount: Number(cents), metadata: { refund_id: refundId } },
      { idempotencyKey: `${refundId}:refund` },
    ),
  );
  return made.id;
}

function newsOf({ id: eventId, type: kind, data }: Stripe.Event): CardNews {
  const object = data.object as { id?: string; object?: string; payment_intent?: string | { id: string } | null };
  const news = (about: CardNews["about"], subjectId: string | null): CardNews =>
    subjectId === null ? { eventId, kind, about: "nothing", subjectId } : { eventId, kind, about, subjectId };
  switch (object.object) {
    case "payment_intent":
      return news("payment", object.id ?? null);
    case "charge":
    case "refund":
    case "dispute":
      return news("payment", idOf(object.payment_intent));
    case "checkout.session":
      return news("session", object.id ?? null);
    case "invoice":
      return news("invoice", object.id ?? null);
    case "subscription":
      return news("subscription", object.id ?? null);
    default:
      return news("nothing", null);
  }
}

const idOf = (reference: string | { id: string } | null | undefined): string | null =>
  typeof reference === "string" ? reference : (reference?.id ?? null);

/** What Stripe would refuse again. */
async function refusable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError)
      throw new CardRefusedError(error.message, { cause: error });
    throw error;
  }
}

function verified<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ForgedEventError("The signature does not fit these bytes and this time.", { cause: error });
  }
}
