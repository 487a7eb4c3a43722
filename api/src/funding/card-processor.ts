/** What a processor says of a payment: all of it, whatever happened before. */
export type SeenPayment = {
  intentId: string;
  /** Ours, if we have asked for it. */
  paymentId: string | null;
  customerId: string | null;
  /** `declined` may still be paid by another try, `canceled` never. */
  status: "open" | "action" | "paid" | "declined" | "canceled";
  /** US cents. */
  receivedCents: bigint;
  refundedCents: bigint;
  /** By disputes that are open or lost. */
  disputedCents: bigint;
  /** Why it was not paid, for the payer. */
  reason: string | null;
  /** Whether only the card's owner himself could have gone on, at the bank's page. */
  needsOwner: boolean;
  /** Ours among its refunds. */
  refunds: Array<{ refundId: string; externalId: string }>;
  /** Tells one card from all others, whoever pays with it; null where there was none yet. */
  fingerprint: string | null;
  /** The card, if its owner wants it kept for later. */
  card: SeenCard | null;
};

export type SeenCard = { methodId: string; brand: string; last4: string; expiresMonth: number; expiresYear: number };

/** A page on which a card can be given, or was. */
export type SeenSession = { paymentId: string | null; intentId: string | null; isOver: boolean };

export type SeenInvoice = {
  invoiceId: string;
  subscriptionId: string;
  accountId: string | null;
  planId: string | null;
  customerId: string | null;
  isPaid: boolean;
  paidCents: bigint;
  intentId: string | null;
  /** End of the period that it pays for. */
  until: Date;
};

export type SeenSubscription = {
  subscriptionId: string;
  accountId: string | null;
  planId: string | null;
  status: "incomplete" | "active" | "past_due" | "ended";
  endsAtPeriodEnd: boolean;
  periodEnd: Date | null;
};

/** News of a processor. It only says what to ask for. */
export type CardNews = {
  eventId: string;
  kind: string;
  about: "payment" | "session" | "invoice" | "subscription" | "nothing";
  subjectId: string | null;
};

/** The processor said no, for a reason that the same question later does not change. */
export class CardRefusedError extends Error {
  override readonly name = "CardRefusedError";
}

/** News whose signature, or whose age, is wrong. */
export class ForgedEventError extends Error {
  override readonly name = "ForgedEventError";
}

type Charge = { paymentId: string; customerId: string; methodId: string; cents: bigint };

/**
 * A service that takes money from cards. Whatever it throws but {@link CardRefusedError} may be asked again: each order
 * carries our id, under which it is done once.
 */
export interface CardProcessor {
  provider: string;
  /** Makes the service know an account; the same one for the same account. @returns its id there */
  openCustomer: (accountId: string) => Promise<string>;
  /** A page for one payment. `save`: the card can be charged later, when its owner is not there. */
  openCheckout: (order: {
    paymentId: string;
    customerId: string;
    cents: bigint;
    save: boolean;
  }) => Promise<{ sessionId: string; url: string }>;
  /** A page for a subscription. */
  openSubscription: (order: {
    accountId: string;
    customerId: string;
    planId: string;
    priceId: string;
  }) => Promise<{ url: string }>;
  /** Charges a saved card. `clientSecret`: with it the payer's browser goes on, where his bank asks him to. */
  charge: (order: Charge & { isOwnerThere: boolean }) => Promise<SeenPayment & { clientSecret: string | null }>;
  readPayment: (intentId: string) => Promise<SeenPayment>;
  readSession: (sessionId: string) => Promise<SeenSession>;
  /** Null for one that is not of a subscription. */
  readInvoice: (invoiceId: string) => Promise<SeenInvoice | null>;
  readSubscription: (subscriptionId: string) => Promise<SeenSubscription>;
  /** Ends it with its period, or not after all. */
  endSubscription: (order: { subscriptionId: string; atPeriodEnd: boolean }) => Promise<SeenSubscription>;
  /** @returns the refund's id there */
  refund: (order: { refundId: string; intentId: string; cents: bigint }) => Promise<string>;
  forgetCard: (methodId: string) => Promise<void>;
  /** Reads news, from the bytes as they came. @throws ForgedEventError */
  readEvent: (body: Buffer, signature: string) => CardNews;
}
