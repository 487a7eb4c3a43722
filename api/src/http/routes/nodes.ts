import { Type } from "typebox";
import { type NodeRow, nodesOf } from "../../inference/nodes-store.ts";
import { registerNode } from "../../inference/register-node.ts";
import { readPriceRules } from "../../metering/concrete-prices.ts";
import { UNITS } from "../../metering/offer.ts";
import { rangesOf } from "../../metering/percents.ts";
import { Moment, Money, Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { sessionOf } from "../session.ts";

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
const Name = Type.String({ minLength: 1, maxLength: 64 });
const Hardware = Type.String({ minLength: 1, maxLength: 32 });

const Node = Type.Object({
  id: Type.String(),
  name: Type.String(),
  url: Type.String(),
  enabled: Type.Boolean(),
  hardware: Nullable(Type.String()),
  schedule: Schedule,
  capacity: Nullable(Capacity),
  demandPercent: DemandPercent,
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
      const { accountId } = await sessionOf(services, request);
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
          models: Type.Array(Model, { maxItems: 200 }),
          resources: Type.Optional(Type.Array(Resource, { maxItems: 200 })),
          hardware: Type.Optional(Hardware),
          schedule: Type.Optional(Schedule),
          capacity: Type.Optional(Capacity),
          demandPercent: Type.Optional(DemandPercent),
        }),
        response: { 201: Node, 400: Problem, 401: Problem, 422: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await sessionOf(services, request);
      const { config, sql, inference } = services;
      const rules = { ...readPriceRules(config), allowPrivate: config.allowPrivateNodes };
      const node = await registerNode({ sql, agent: inference.agent, rules }, { accountId, ...request.body });
      return reply.code(201).send(shapeNode(node));
    },
  );
}

const shapeNode = (row: NodeRow) => ({
  id: row.node_id,
  name: row.name,
  url: row.url,
  enabled: row.enabled,
  hardware: row.hardware,
  schedule: rangesOf(row.schedule),
  capacity: row.capacity,
  demandPercent: row.demand_percent,
  createdAt: row.created_at.toISOString(),
});
