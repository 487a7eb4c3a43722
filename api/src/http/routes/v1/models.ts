import { formatUsd } from "@infr/money";
import { cheapestOffer } from "../../../inference/choose-nodes.ts";
import type { Offer } from "../../../metering/offer.ts";
import type { Routes, Services } from "../../services.ts";

export function modelRoutes(app: Routes, { inference }: Services): void {
  app.get(
    "/v1/models",
    { schema: { tags: ["Inference"], summary: "Models for sale, with their best price in dollars per token" } },
    async () => ({
      object: "list",
      data: [...(await inference.priceBook.all()).values()].map(shapeModel),
    }),
  );
}

/** OpenAI's fields, and OpenRouter's for prices. */
function shapeModel(offers: Offer[]) {
  const best = cheapestOffer(offers);
  if (!best) throw new Error("a model without an offer was listed");
  return {
    id: best.model,
    object: "model",
    created: Math.floor(Math.min(...offers.map((offer) => offer.createdAt.getTime())) / 1000),
    owned_by: "infr",
    context_length: best.contextTokens,
    top_provider: { context_length: best.contextTokens, max_completion_tokens: best.maxCompletionTokens },
    pricing: {
      prompt: formatUsd(best.prices.prompt),
      completion: formatUsd(best.prices.completion),
      input_cache_read: formatUsd(best.prices.cached),
      internal_reasoning: formatUsd(best.prices.reasoning),
    },
    nodes: offers.length,
  };
}
