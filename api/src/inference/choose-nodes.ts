import type { Offer } from "../metering/offer.ts";

const MAX_CANDIDATES = 3;

/** The nodes to try for a request, best first: cheapest completion, then cheapest prompt, then the oldest node. */
export function chooseNodes(offers: Offer[]): Offer[] {
  return [...offers].sort(compareOffers).slice(0, MAX_CANDIDATES);
}

function compareOffers(a: Offer, b: Offer): number {
  const byPrice = Number(a.prices.completion - b.prices.completion) || Number(a.prices.prompt - b.prices.prompt);
  return byPrice || a.createdAt.getTime() - b.createdAt.getTime();
}
