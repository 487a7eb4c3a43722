import { Type } from "typebox";
import { type NodeRow, nodesOf } from "../../inference/nodes-store.ts";
import { registerNode } from "../../inference/register-node.ts";
import { Moment, Money, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { sessionOf } from "../session.ts";

const tags = ["Nodes"];

const Node = Type.Object({
  id: Type.String(),
  name: Type.String(),
  url: Type.String(),
  enabled: Type.Boolean(),
  createdAt: Moment,
});

const Model = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128 }),
  promptPerMillion: Money,
  cachedPerMillion: Type.Optional(Money),
  completionPerMillion: Money,
  contextLength: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
  maxCompletionTokens: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
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
          name: Type.String({ minLength: 1, maxLength: 64 }),
          url: Type.String({ minLength: 1, maxLength: 512 }),
          models: Type.Array(Model, { minItems: 1, maxItems: 200 }),
        }),
        response: { 201: Node, 400: Problem, 401: Problem, 422: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await sessionOf(services, request);
      const { config, sql, inference } = services;
      const rules = { allowPrivate: config.allowPrivateNodes, maxPricePerMillionUsd: config.maxPricePerMillionUsd };
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
  createdAt: row.created_at.toISOString(),
});
