import { InfrError } from "../../../errors.ts";

export const PROVIDERS = ["coinbase", "moonpay", "stripe"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** How far a purchase is, in the order in which it gets there: news that come late never take it back. */
export const PROGRESS = ["opened", "processing", "failed", "sent"] as const;
export type Progress = (typeof PROGRESS)[number];

/** A purchase of USDC that is to arrive at an account's deposit address. */
export type Order = {
  orderId: string;
  address: string;
  /** What the buyer wants to pay, in cents; null if he is to say so there. */
  amountCents: bigint | null;
  /** Of the buyer, as his connection has it. */
  clientIp: string;
};

/** What a provider has told about a purchase. Nothing is credited for it: that is for the chain to tell. */
export type News = {
  eventId: string;
  kind: string;
  /** Ours, if it says so. */
  orderId: string | null;
  /** The provider's. */
  externalId: string | null;
  progress: Progress;
  transactionHash: string | null;
};

/** A place where people buy USDC by card or bank. */
export type Onramp = {
  provider: Provider;
  /** Where to send the buyer. @throws OnrampRefusedError */
  openSession: (order: Order) => Promise<{ url: string; externalId: string | null }>;
  /** What a webhook says; null if it is about something else. @throws ForgedWebhookError */
  readNews: (body: Buffer, headers: Record<string, string | string[] | undefined>) => News | null;
};

/** Somebody else than the provider has sent this, or too late: HTTP 400. */
export class ForgedWebhookError extends InfrError {
  readonly code = "webhook_refused";
  readonly status = 400;
  constructor(what: string) {
    super(`This webhook is not taken: ${what}.`);
  }
}

/** The provider does not make a session now: HTTP 502. */
export class OnrampRefusedError extends InfrError {
  readonly code = "onramp_refused";
  readonly status = 502;
  override readonly retryable = true;
  constructor(provider: Provider, cause?: unknown) {
    super(`${provider} does not open a purchase now. Try again in a minute, or use another way.`, { cause });
  }
}

/** Not one of those that are set up here: HTTP 422. */
export class OnrampNotOfferedError extends InfrError {
  readonly code = "onramp_not_offered";
  readonly status = 422;
  constructor(provider: string) {
    super(`Buying by ${provider} is not offered here. GET /api/onramps lists what is.`);
  }
}

/** The one value of a header. */
export function headerOf(headers: Record<string, string | string[] | undefined>, name: string): string {
  const value = headers[name.toLowerCase()];
  return typeof value === "string" ? value : "";
}
