import { Stripe } from "stripe";
import {
  ForgedWebhookError,
  headerOf,
  type News,
  type Onramp,
  OnrampRefusedError,
  type Order,
  type Progress,
} from "./onramp.ts";
import { hashOf, textOf } from "./signed.ts";

const TIMEOUT_MS = 20_000;

export type StripeOnrampSettings = { secretKey: string; webhookSecret: string; apiUrl?: URL };

/** What Stripe says of a session; its SDK has no type for it yet. */
type Session = {
  id: string;
  status: string;
  redirect_url: string | null;
  metadata: Record<string, string> | null;
  transaction_details: { transaction_id: string | null } | null;
};

const PROGRESS: Record<string, Progress> = {
  initialized: "opened",
  requires_payment: "opened",
  fulfillment_processing: "processing",
  rejected: "failed",
  fulfillment_complete: "sent",
};

/**
 * Stripe's crypto onramp, on Stripe's own page: the session is locked to the address. Source: docs.stripe.com/api/crypto/
 * onramp_sessions and docs.stripe.com/crypto/onramp/standalone-onramp-guide.
 */
export function openStripeOnramp({ secretKey, webhookSecret, apiUrl }: StripeOnrampSettings): Onramp {
  const stripe = new Stripe(secretKey, {
    timeout: TIMEOUT_MS,
    maxNetworkRetries: 1,
    telemetry: false,
    ...(apiUrl && {
      host: apiUrl.hostname,
      port: apiUrl.port,
      protocol: apiUrl.protocol === "http:" ? "http" : "https",
    }),
  });
  return {
    provider: "stripe",
    openSession: async (order) => {
      const { id, redirect_url: url } = await createSession(stripe, order);
      if (url === null) throw new OnrampRefusedError("stripe");
      return { url, externalId: id };
    },
    readNews: (body, headers) => newsOf(verified(stripe, { body, headers, webhookSecret })),
  };
}

async function createSession(stripe: Stripe, { orderId, address, amountCents, clientIp }: Order): Promise<Session> {
  try {
    const session: unknown = await stripe.rawRequest("POST", "/v1/crypto/onramp_sessions", {
      wallet_addresses: { base_network: address },
      lock_wallet_address: true,
      destination_networks: ["base"],
      destination_network: "base",
      destination_currencies: ["usdc"],
      destination_currency: "usdc",
      source_currency: "usd",
      ...(amountCents !== null && {
        source_amount: `${amountCents / 100n}.${String(amountCents % 100n).padStart(2, "0")}`,
      }),
      customer_ip_address: clientIp,
      metadata: { order_id: orderId },
    });
    return session as Session;
  } catch (error) {
    throw new OnrampRefusedError("stripe", error);
  }
}

type Received = { body: Buffer; headers: Record<string, string | string[] | undefined>; webhookSecret: string };

/** With Stripe's tolerance of five minutes. @throws ForgedWebhookError */
function verified(stripe: Stripe, { body, headers, webhookSecret }: Received) {
  try {
    return stripe.webhooks.constructEvent(body, headerOf(headers, "stripe-signature"), webhookSecret);
  } catch {
    throw new ForgedWebhookError("its signature is not Stripe's, or is too old");
  }
}

function newsOf(event: { id: string; type: string; data: { object: unknown } }): News | null {
  if (event.type !== "crypto.onramp_session.updated") return null;
  const { id, status, metadata, transaction_details: details } = event.data.object as Session;
  const progress = PROGRESS[status];
  if (progress === undefined) return null;
  return {
    eventId: event.id,
    kind: event.type,
    orderId: textOf(metadata?.["order_id"]),
    externalId: textOf(id),
    progress,
    transactionHash: hashOf(details?.transaction_id),
  };
}
