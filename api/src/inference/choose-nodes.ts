import type { Offer } from "../metering/offer.ts";

const MAX_CANDIDATES = 3;
/** What an answer takes when the client does not say. */
const USUAL_COMPLETION_TOKENS = 1_024;
/** `max_tokens` is often set far above what is used: beyond this it says nothing about the cost. */
const MOST_EXPECTED_TOKENS = 4_096;
const BYTES_PER_TOKEN = 4;

/** A request, as far as its cost depends on it. */
export type Workload = { promptTokens: number; completionTokens: number };

/** The workload that prices are compared for when there is no request. */
export const USUAL_WORKLOAD: Workload = { promptTokens: 1_000, completionTokens: USUAL_COMPLETION_TOKENS };

/** What a request will probably take, over all its choices. */
export const expectedWorkload = (request: { bodyBytes: number; maxTokens: number | null }): Workload => ({
  promptTokens: Math.ceil(request.bodyBytes / BYTES_PER_TOKEN),
  completionTokens: Math.min(request.maxTokens ?? USUAL_COMPLETION_TOKENS, MOST_EXPECTED_TOKENS),
});

/**
 * The nodes to try for a request, best first: what the whole request will cost there, then the oldest node. An offer
 * that cuts answers off before a usual length comes after all that do not, however cheap it is.
 */
export function chooseNodes(offers: Offer[], workload: Workload): Offer[] {
  return [...offers].sort((a, b) => compareOffers(a, b, workload)).slice(0, MAX_CANDIDATES);
}

function compareOffers(a: Offer, b: Offer, workload: Workload): number {
  const cost = expectedCost(a, workload) - expectedCost(b, workload);
  return (
    Number(isTooShort(a, workload)) - Number(isTooShort(b, workload)) ||
    Number(cost) ||
    a.createdAt.getTime() - b.createdAt.getTime()
  );
}

const isTooShort = ({ maxCompletionTokens }: Offer, { completionTokens }: Workload): boolean =>
  maxCompletionTokens < Math.min(completionTokens, USUAL_COMPLETION_TOKENS);

const expectedCost = ({ prices }: Offer, { promptTokens, completionTokens }: Workload): bigint =>
  BigInt(promptTokens) * prices.prompt + BigInt(completionTokens) * prices.completion;
