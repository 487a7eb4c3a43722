import { parseUsd } from "@infr/money";
import type { Config } from "../config.ts";
import type { CardLimits } from "./buy-credit.ts";
import type { CardProcessor } from "./card-processor.ts";
import type { CardPace } from "./follow-payment.ts";
import type { Plan } from "./plan.ts";
import { openStripeCards } from "./stripe-cards.ts";

/** The processor of card payments that is configured, or null: then there are none. */
export function openCards({ cards: { stripe }, publicUrl }: Config): CardProcessor | null {
  return stripe && openStripeCards({ ...stripe, returnUrl: new URL("/deposit", publicUrl).href });
}

/** What can be subscribed to. */
export const plansOf = ({ cards: { plans } }: Config): Plan[] =>
  plans.map(({ id, name, stripePrice, priceUsd, creditUsd }) => ({
    id,
    name,
    priceId: stripePrice,
    price: parseUsd(priceUsd),
    credit: parseUsd(creditUsd),
  }));

/** What they may come to in a day. */
export const cardPace = ({ cards: { pace } }: Config): CardPace => ({
  centsPerDay: BigInt(pace.usdPerDay) * 100n,
  paymentsPerDay: pace.paymentsPerDay,
});

/** What one card payment may come to. */
export const cardLimits = ({ cards: { leastUsd, mostUsd } }: Config): CardLimits => ({
  least: parseUsd(leastUsd),
  most: parseUsd(mostUsd),
});
