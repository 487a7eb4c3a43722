import { Stripe } from "stripe";
import { openStripeClient } from "../../stripe.ts";
import { type BankPayout, ForgedNewsError, type OffRamp, OffRampRefusedError } from "./off-ramp.ts";

export type StripeSettings = {
  secretKey: string;
  /** Of the endpoint that gets events of connected accounts. */
  webhookSecret: string;
  /** Where the platform receives the USDC whose worth it pays out of its Stripe balance. */
  address: string;
  /** Where a recipient comes back to from Stripe's pages. */
  returnUrl: string;
  /** Another place than Stripe's own. */
  apiUrl?: URL;
};

/**
 * Stripe Connect: each recipient is a connected account with manual payouts; a transfer moves dollars from the platform's
 * balance to his, a payout from there to his bank. See docs.stripe.com/connect/separate-charges-and-transfers and
 * docs.stripe.com/connect/manual-payouts.
 */
export function openStripe(settings: StripeSettings): OffRamp {
  const { webhookSecret, returnUrl } = settings;
  const stripe = openStripeClient(settings);
  return {
    provider: "stripe",
    address: settings.address.toLowerCase(),
    openRecipient: (accountId) => refusable(() => openRecipient(stripe, accountId)),
    onboardingUrl: async (account) =>
      (
        await stripe.accountLinks.create({
          account,
          type: "account_onboarding",
          refresh_url: returnUrl,
          return_url: returnUrl,
        })
      ).url,
    isEnabled: async (account) => (await stripe.accounts.retrieve(account)).payouts_enabled,
    transfer: (payout) => refusable(() => transfer(stripe, payout)),
    payOut: (payout) => refusable(() => payOut(stripe, payout)),
    readPayout: ({ recipientId, externalId }) => readPayout(stripe, { recipientId, externalId }),
    readNews: (body, signature) => {
      const event = verified(() => stripe.webhooks.constructEvent(body, signature, webhookSecret));
      const recipientId = event.account;
      if (recipientId === undefined) return { about: "nothing" };
      if (event.type === "account.updated") return { about: "recipient", recipientId };
      if (event.type === "payout.paid" || event.type === "payout.failed" || event.type === "payout.canceled")
        return { about: "payout", recipientId, externalId: event.data.object.id };
      return { about: "nothing" };
    },
  };
}

async function openRecipient(stripe: Stripe, accountId: string): Promise<string> {
  const { id } = await stripe.accounts.create(
    {
      controller: {
        stripe_dashboard: { type: "express" },
        fees: { payer: "application" },
        losses: { payments: "application" },
      },
      capabilities: { transfers: { requested: true } },
      settings: { payouts: { schedule: { interval: "manual" } } },
      metadata: { account_id: accountId },
    },
    { idempotencyKey: `recipient:${accountId}` },
  );
  return id;
}

type Order = { payoutId: string; recipientId: string; cents: bigint };

/** Stripe forgets idempotency keys after a day, so an earlier transfer of this payout is looked for first. */
async function transfer(stripe: Stripe, { payoutId, recipientId, cents }: Order): Promise<string> {
  const [earlier] = (await stripe.transfers.list({ transfer_group: payoutId, limit: 1 })).data;
  if (earlier) return earlier.id;
  const made = await stripe.transfers.create(
    { amount: Number(cents), currency: "usd", destination: recipientId, transfer_group: payoutId },
    { idempotencyKey: `${payoutId}:transfer` },
  );
  return made.id;
}

async function payOut(stripe: Stripe, { payoutId, recipientId, cents }: Order): Promise<string> {
  const recent = await stripe.payouts.list({ limit: 100 }, { stripeAccount: recipientId });
  const earlier = recent.data.find(({ metadata }) => metadata?.["payout_id"] === payoutId);
  if (earlier) return earlier.id;
  const made = await stripe.payouts.create(
    { amount: Number(cents), currency: "usd", metadata: { payout_id: payoutId } },
    { idempotencyKey: `${payoutId}:payout`, stripeAccount: recipientId },
  );
  return made.id;
}

async function readPayout(
  stripe: Stripe,
  { recipientId, externalId }: { recipientId: string; externalId: string },
): Promise<BankPayout> {
  const { status, failure_message: why } = await stripe.payouts.retrieve(
    externalId,
    {},
    { stripeAccount: recipientId },
  );
  if (status === "paid") return { status: "paid" };
  if (status === "failed" || status === "canceled") return { status: "failed", reason: why ?? `Stripe: ${status}` };
  return { status: "on_its_way" };
}

/** What Stripe would refuse again; a balance that does not suffice yet is filled up by the platform. */
async function refusable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code !== "balance_insufficient")
      throw new OffRampRefusedError(error.message, { cause: error });
    throw error;
  }
}

function verified<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ForgedNewsError("The signature does not fit these bytes and this time.", { cause: error });
  }
}
