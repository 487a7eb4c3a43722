import { formatUsd } from "@infr/money";
import { Type } from "typebox";
import { cheapestOffer } from "../../../inference/choose-nodes.ts";
import { type HealthRow, healthOfNodes } from "../../../inference/health-store.ts";
import type { Offer } from "../../../metering/offer.ts";
import { shapeHealth } from "../../health-shape.ts";
import type { Routes, Services } from "../../services.ts";

const ENDPOINTS = /\/endpoints$/;
const HOURS = 24;
const MODEL_ID = Type.String({ minLength: 1, maxLength: 256 });

export function modelRoutes(app: Routes, { inference, sql }: Services): void {
  app.get(
    "/v1/models",
    { schema: { tags: ["Inference"], summary: "Models for sale, with their best price in dollars per token" } },
    async () => ({
      object: "list",
      data: [...(await inference.priceBook.all()).values()].map(shapeModel),
    }),
  );

  const endpointsOf = async (model: string) => {
    const offers = await inference.priceBook.offersOf(model);
    const nodeIds = offers.map(({ nodeId }) => nodeId);
    return { data: shapeEndpoints(offers, await healthOfNodes(sql, { nodeIds, hours: HOURS })) };
  };
  app.get(
    "/v1/models/:id",
    { schema: { tags: ["Inference"], summary: "A model", params: Type.Object({ id: MODEL_ID }) } },
    async ({ params }) => shapeModel(await inference.priceBook.offersOf(params.id)),
  );
  app.get(
    "/v1/models/:id/endpoints",
    {
      schema: {
        tags: ["Inference"],
        summary: "The nodes that serve a model: prices, health, discrepancy",
        params: Type.Object({ id: MODEL_ID }),
      },
    },
    ({ params }) => endpointsOf(params.id),
  );
  // Ids have slashes in them, which some clients don't escape.
  app.get("/v1/models/*", { schema: { hide: true, params: Type.Object({ "*": MODEL_ID }) } }, async ({ params }) => {
    const path = params["*"];
    return ENDPOINTS.test(path)
      ? endpointsOf(path.replace(ENDPOINTS, ""))
      : shapeModel(await inference.priceBook.offersOf(path));
  });
}

/** OpenAI's fields, and OpenRouter's for prices. */
function shapeModel(offers: Offer[]) {
  const best = cheapestOffer(offers);
  if (!best) throw new Error("a model without an offer was listed");
  return {
    id: best.model,
    object: "model",
    created: createdAt(offers),
    owned_by: "infr",
    context_length: best.contextTokens,
    top_provider: { context_length: best.contextTokens, max_completion_tokens: best.maxCompletionTokens },
    pricing: shapePricing(best),
    nodes: offers.length,
  };
}

/** OpenRouter's list of endpoints; health is of the last day. */
function shapeEndpoints(offers: Offer[], health: Map<string, HealthRow>) {
  const [first] = offers;
  return {
    id: first?.model,
    name: first?.model,
    created: createdAt(offers),
    endpoints: offers.map((offer) => {
      const shown = shapeHealth(health.get(offer.nodeId));
      return {
        name: `${offer.nodeName} | ${offer.model}`,
        provider_name: offer.nodeName,
        node_id: offer.nodeId,
        status: offer.isLive ? 0 : -1,
        context_length: offer.contextTokens,
        max_completion_tokens: offer.maxCompletionTokens,
        supported_parameters: offer.supportedParameters,
        pricing: shapePricing(offer),
        price_version: offer.priceVersion,
        volume_pricing: offer.volume.map(({ from, priceVersion, ...step }) => ({
          from_usd: formatUsd(from),
          pricing: shapePricing(step),
          price_version: priceVersion,
        })),
        uptime_last_1d: shown.uptimePercent,
        error_rate_last_1d: shown.errorPercent,
        latency_last_1d: shown.firstTokenMs ?? shown.latencyMs,
        throughput_last_1d: shown.tokensPerSecond,
        discrepancy_last_1d: shown.discrepancyPercent,
        over_reports_last_1d: shown.overReports,
      };
    }),
  };
}

const createdAt = (offers: Offer[]): number =>
  Math.floor(Math.min(...offers.map((offer) => offer.createdAt.getTime())) / 1000);

const shapePricing = ({ prices }: Pick<Offer, "prices">) => ({
  prompt: formatUsd(prices.prompt),
  completion: formatUsd(prices.completion),
  input_cache_read: formatUsd(prices.cached),
  internal_reasoning: formatUsd(prices.reasoning),
});
