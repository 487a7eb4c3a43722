import type { NanoUsd } from "@infr/money";
import { placeHold } from "../flow/hold/place-hold.ts";
import type { Batcher } from "../ledger/commit/batcher.ts";
import { completionCovered, worstCase } from "../metering/cost.ts";
import { promptTokensAtMost } from "../metering/count-tokens.ts";
import type { Offer } from "../metering/offer.ts";
import type { Caller } from "./caller.ts";
import type { InferenceRequest } from "./request.ts";

/** A node to ask, and the completion tokens of each choice that are paid for there. */
export type Candidate = {
  offer: Offer;
  maxTokens: number;
  lowered: boolean;
  /** What the account could spend before this request; null when the ledger was asked twice. */
  spendable: NanoUsd | null;
};

type Wanted = { caller: Caller; request: InferenceRequest; requestId: string; offers: Offer[] };

/**
 * Holds what the request can cost on the dearest of its candidate nodes. With less money than that, each node gets the
 * `max_tokens` that the hold covers at its prices; a node where it covers no token is no candidate.
 * @throws InsufficientBalanceError, LimitReachedError, OverloadedError, UnavailableError
 */
export async function holdFor(batcher: Batcher, { caller, request, requestId, offers }: Wanted): Promise<Candidate[]> {
  const promptTokens = promptTokensAtMost(request);
  const wanted = {
    requestId,
    accountId: caller.accountId,
    worst: worstOf(request, offers),
    floor: offers
      .map((offer) => costAt(offer, { request, promptTokens, perChoice: leastOf(offer, request) }))
      .reduce((a, b) => (a < b ? a : b)),
    subjects: Object.keys(caller.subjects),
    paidOnly: offers.some(({ operatorId }) => operatorId === caller.accountId),
  };
  const { granted: hold, spendable } = await placeHold(batcher, wanted, caller.subjects);
  return offers
    .map((offer) => {
      const covered = Math.floor(completionCovered({ hold, promptTokens }, offer.prices) / request.choices);
      const maxTokens = Math.min(mostOf(offer, request), covered);
      return { offer, maxTokens, lowered: maxTokens < (request.maxTokens ?? offer.maxCompletionTokens), spendable };
    })
    .filter(({ offer, maxTokens }) => maxTokens >= leastOf(offer, request));
}

/** What a request can cost on the dearest of these nodes. */
export function worstOf(request: InferenceRequest, offers: Offer[]): NanoUsd {
  const promptTokens = promptTokensAtMost(request);
  return offers
    .map((offer) => costAt(offer, { request, promptTokens, perChoice: mostOf(offer, request) }))
    .reduce((a, b) => (a > b ? a : b));
}

const costAt = (
  offer: Offer,
  { request, promptTokens, perChoice }: { request: InferenceRequest; promptTokens: number; perChoice: number },
): NanoUsd => worstCase({ promptTokens, completionTokens: perChoice * request.choices }, offer.prices);

/** An answer of no tokens is of use only to those who asked for none. */
const leastOf = (offer: Offer, request: InferenceRequest): number => Math.min(1, mostOf(offer, request));

const mostOf = (offer: Offer, { maxTokens }: InferenceRequest): number =>
  Math.min(maxTokens ?? offer.maxCompletionTokens, offer.maxCompletionTokens);
