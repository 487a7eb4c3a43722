import type { NanoUsd } from "@infr/money";
import { chooseNodes, expectedWorkload } from "./choose-nodes.ts";
import { worstOf } from "./hold-for.ts";
import type { Preferences } from "./preferences.ts";
import type { InferenceRequest } from "./request.ts";
import type { Inference } from "./run.ts";

/**
 * What a request can cost at most, for somebody of whom nothing is known: no discounts, no nodes of his own. Nothing is
 * held. @throws UnknownModelError, NoNodeAllowedError
 */
export async function quoteRequest(
  { priceBook, health }: Pick<Inference, "priceBook" | "health">,
  { request, preferences }: { request: InferenceRequest; preferences: Preferences },
): Promise<NanoUsd> {
  const offers = chooseNodes(await priceBook.offersOf(request.model), {
    accountId: null,
    workload: expectedWorkload(request),
    preferences,
    healthOf: ({ nodeId }) => health.of(nodeId),
  });
  return worstOf(request, offers);
}
