import { formatUsd } from "@infr/money";
import { type ConcretePrices, priceVersionOf } from "@infr/protocol";
import { type Static, Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { changeNode } from "../../inference/change-node.ts";
import { disableNode, type NodeRow, nodeOf, nodesOf } from "../../inference/nodes-store.ts";
import { type Registry, registerNode } from "../../inference/register-node.ts";
import { concretePrices, readPriceRules, TOKENS_PER_PRICE } from "../../metering/concrete-prices.ts";
import { UNITS } from "../../metering/offer.ts";
import { rangesOf } from "../../metering/percents.ts";
import { loadOffers, type StoredOffer, volumeOf } from "../../metering/store.ts";
import { tierOf } from "../../metering/tiers.ts";
import { Amount, Bytes32, Moment, Money, Nullable, Problem, SMALL_BODY_BYTES, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Nodes"];

const Schedule = Type.Array(
  Type.Object({
    day: Type.Integer({ minimum: 1, maximum: 7, description: "1 is Monday. UTC." }),
    from: Type.Integer({ minimum: 0, maximum: 23, description: "First hour of the day, UTC." }),
    to: Type.Integer({ minimum: 1, maximum: 24, description: "The hour that it ends before." }),
    percent: Type.Integer({ minimum: 10, maximum: 500, description: "Of the price." }),
  }),
  { maxItems: 168, description: "Prices by the hour of the week; 100 % where nothing is said." },
);
const Capacity = Type.Integer({ minimum: 1, maximum: 100_000, description: "Requests that it serves at once." });
const DemandPercent = Type.Integer({
  minimum: 100,
  maximum: 200,
  multipleOf: 5,
  description: "What the price may rise to while the node is more than half busy, in steps of 5 %. 100: never.",
});
const Volume = Type.Array(
  Type.Object({
    from: Type.String({ ...Amount, description: "Dollars used of your nodes in the month, UTC." }),
    percent: Type.Integer({ minimum: 10, maximum: 99, description: "Of the price, from there on." }),
  }),
  {
    maxItems: 10,
    description: "Lower prices for those who use more, the lowest step first; the same for every buyer.",
  },
);
const Name = Type.String({ minLength: 1, maxLength: 64 });
const Hardware = Type.String({ minLength: 1, maxLength: 32 });

const Node = Type.Object({
  id: Type.String(),
  name: Type.String(),
  url: Type.String(),
  enabled: Type.Boolean(),
  live: Type.Boolean({ description: "It is enabled and answers the platform's own requests." }),
  hardware: Nullable(Type.String()),
  schedule: Schedule,
  capacity: Nullable(Capacity),
  demandPercent: DemandPercent,
  volume: Volume,
  createdAt: Moment,
});

const ProductId = Type.String({ minLength: 1, maxLength: 128 });

const Model = Type.Object({
  id: ProductId,
  promptPerMillion: Type.Optional(Money),
  cachedPerMillion: Type.Optional(Money),
  completionPerMillion: Type.Optional(Money),
  reasoningPerMillion: Type.Optional(Money),
  parameters: Type.Optional(
    Type.String({ maxLength: 16, description: "Its size where the name does not say, such as 70B or 8x7B." }),
  ),
  supportedParameters: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      maxItems: 100,
      description: "Fields of a request that the node takes notice of; all, where it is left out.",
    }),
  ),
  contextLength: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
  maxCompletionTokens: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
});

const Resource = Type.Object({
  id: ProductId,
  unit: Type.Enum(UNITS),
  pricePerUnit: Money,
});

const Terms = {
  hardware: Type.Optional(Hardware),
  schedule: Type.Optional(Schedule),
  capacity: Type.Optional(Capacity),
  demandPercent: Type.Optional(DemandPercent),
  volume: Type.Optional(Volume),
};
/** Null takes away what was said before. */
const ChangedTerms = {
  ...Terms,
  hardware: Type.Optional(Nullable(Hardware)),
  capacity: Type.Optional(Nullable(Capacity)),
};
const Models = Type.Array(Model, { maxItems: 200 });
const Resources = Type.Array(Resource, { maxItems: 200 });
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** Prices in dollars, per million tokens or per unit. */
const Offers = Type.Object({
  models: Type.Array(
    Type.Object({
      id: Type.String(),
      parametersMillions: Nullable(Type.Integer()),
      tier: Nullable(Type.Enum(["small", "medium", "large", "premium"])),
      isDefaultPrice: Type.Boolean({ description: "The operator set none: it has the price of its size." }),
      contextLength: Type.Integer(),
      maxCompletionTokens: Type.Integer(),
      supportedParameters: Nullable(Type.Array(Type.String())),
      promptPerMillion: Money,
      cachedPerMillion: Money,
      completionPerMillion: Money,
      reasoningPerMillion: Money,
      priceVersion: Bytes32,
    }),
  ),
  resources: Type.Array(
    Type.Object({ id: Type.String(), unit: Type.String(), pricePerUnit: Money, priceVersion: Bytes32 }),
  ),
});
const NodeWithOffers = Type.Object({ ...Node.properties, ...Offers.properties });

const registryOf = ({ config, sql, inference }: Services): Registry => ({
  sql,
  agent: inference.agent,
  rules: { ...readPriceRules(config), allowPrivate: config.allowPrivateNodes },
});

export function nodeRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/nodes",
    {
      schema: {
        tags,
        summary: "Your nodes",
        response: { 200: Type.Object({ nodes: Type.Array(Node) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "operation");
      return { nodes: (await nodesOf(services.sql, accountId)).map(shapeNode) };
    },
  );

  app.post(
    "/api/nodes",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Register a node, or change its prices: an OpenAI-compatible server that you run",
        body: Type.Object({
          name: Name,
          url: Type.String({ minLength: 1, maxLength: 512 }),
          models: Models,
          resources: Type.Optional(Resources),
          ...Terms,
        }),
        response: { 201: Node, 400: Problem, 401: Problem, 422: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "operation");
      const node = await registerNode(registryOf(services), { accountId, ...request.body });
      return reply.code(201).send(shapeNode(node));
    },
  );

  changeRoutes(app, services);
}

function changeRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/nodes/:id",
    {
      schema: {
        tags,
        summary: "A node of yours, with what it sells and the prices in force",
        params: Id,
        response: { 200: NodeWithOffers, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "operation");
      const node = await nodeOf(services.sql, { nodeId: request.params.id, accountId });
      if (!node) throw new NotFoundError("node");
      return { ...shapeNode(node), ...(await shapeOffers(services, node.node_id)) };
    },
  );

  app.patch(
    "/api/nodes/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Change a node of yours: prices, terms, what it sells, or whether it is for sale",
        params: Id,
        body: Type.Object({
          name: Type.Optional(Name),
          enabled: Type.Optional(Type.Boolean()),
          models: Type.Optional(Models),
          resources: Type.Optional(Resources),
          ...ChangedTerms,
        }),
        response: { 200: NodeWithOffers, 400: Problem, 401: Problem, 404: Problem, 422: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "operation");
      const change = { nodeId: request.params.id, accountId, change: request.body };
      const node = await changeNode(registryOf(services), change);
      return { ...shapeNode(node), ...(await shapeOffers(services, node.node_id)) };
    },
  );

  app.delete(
    "/api/nodes/:id",
    {
      schema: {
        tags,
        summary: "Take a node of yours off the market; what it is serving ends as it would",
        params: Id,
        response: { 204: Type.Null(), 401: Problem, 404: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "operation");
      const isKnown = await disableNode(services.sql, { nodeId: request.params.id, accountId });
      if (!isKnown) throw new NotFoundError("node");
      return reply.code(204).send(null);
    },
  );
}

const shapeNode = (row: NodeRow) => ({
  id: row.node_id,
  name: row.name,
  url: row.url,
  enabled: row.enabled,
  live: row.enabled && row.live,
  hardware: row.hardware,
  schedule: rangesOf(row.schedule),
  capacity: row.capacity,
  demandPercent: row.demand_percent,
  volume: volumeOf(row).map(({ from, percent }) => ({ from: formatUsd(from), percent })),
  createdAt: row.created_at.toISOString(),
});

/** What a node sells, at the prices of this moment. */
async function shapeOffers({ sql, config, inference }: Services, nodeId: string): Promise<Static<typeof Offers>> {
  const moment = { at: new Date(), load: inference.health.inFlight(nodeId) };
  const offers = (await loadOffers(sql, nodeId)).flatMap((offer) => {
    const prices = concretePrices(offer, readPriceRules(config), moment);
    return prices === null ? [] : [{ offer, prices, priceVersion: priceVersionOf(prices) }];
  });
  return {
    models: offers.filter(({ offer }) => offer.kind === "model").map(shapeModel),
    resources: offers
      .filter(({ offer }) => offer.kind === "resource")
      .map(({ offer: { product, unit }, prices, priceVersion }) => ({
        id: product,
        unit,
        pricePerUnit: usdOfNano(prices.perUnit),
        priceVersion,
      })),
  };
}

const perMillion = (price: bigint) => usdOfNano(price * TOKENS_PER_PRICE);

const shapeModel = ({
  offer,
  prices,
  priceVersion,
}: {
  offer: StoredOffer;
  prices: ConcretePrices;
  priceVersion: string;
}) => ({
  id: offer.product,
  parametersMillions: offer.parametersMillions,
  tier: offer.parametersMillions === null ? null : tierOf(offer.parametersMillions).name,
  isDefaultPrice: offer.asked.prompt === null,
  contextLength: offer.contextTokens ?? 0,
  maxCompletionTokens: offer.maxCompletionTokens ?? 0,
  supportedParameters: offer.supportedParameters,
  promptPerMillion: perMillion(prices.prompt),
  cachedPerMillion: perMillion(prices.cached),
  completionPerMillion: perMillion(prices.completion),
  reasoningPerMillion: perMillion(prices.reasoning),
  priceVersion,
});
