import { Type } from "typebox";
import { InvalidInputError } from "../../errors.ts";
import { type UsageRow, usagePage } from "../../flow/capture/store.ts";
import { isId, timeOfId } from "../../ids.ts";
import { Limit, MANAGED, Moment, Money, Nullable, Problem, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { managerOf } from "../session.ts";

const Usage = Type.Object({
  id: Type.String(),
  time: Moment,
  model: Type.String(),
  promptTokens: Type.Integer({ description: "Without cached ones." }),
  cachedTokens: Type.Integer(),
  completionTokens: Type.Integer({ description: "Without reasoning." }),
  reasoningTokens: Type.Integer(),
  cost: Money,
  costBreakdown: Type.Object({ prompt: Money, cached: Money, completion: Money, reasoning: Money }),
  nodeId: Type.String(),
  nodeName: Type.String(),
  latencyMs: Type.Integer(),
  status: Type.Enum(["ok", "aborted", "error"]),
  usageSource: Type.Enum(["node", "recount", "drained"]),
  batchSeq: Nullable(Type.Integer({ description: "Number of the batch that settles it." })),
  keyId: Nullable(Type.String()),
});

export function usageRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/usage",
    {
      schema: {
        tags: ["Usage"],
        security: MANAGED,
        summary: "Every request with what it cost, newest first",
        querystring: Type.Object({
          ...Limit.properties,
          cursor: Type.Optional(Type.String({ description: "nextCursor of the previous page" })),
        }),
        response: {
          200: Type.Object({ usage: Type.Array(Usage), nextCursor: Nullable(Type.String()) }),
          400: Problem,
          401: Problem,
          403: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await managerOf(services, request);
      const { limit, cursor } = request.query;
      if (cursor !== undefined && !isId("req", cursor)) {
        throw new InvalidInputError("cursor has to be the nextCursor of a page.", "cursor");
      }
      const before = cursor === undefined ? null : { requestId: cursor, startedAt: timeOfId(cursor) };
      const rows = await usagePage(services.sql, { accountId, before, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        usage: page.map(shapeUsage),
        nextCursor: rows.length > limit ? (page.at(-1)?.request_id ?? null) : null,
      };
    },
  );
}

const shapeUsage = (row: UsageRow) => ({
  id: row.request_id,
  time: row.started_at.toISOString(),
  model: row.model,
  promptTokens: row.prompt_tokens,
  cachedTokens: row.cached_tokens,
  completionTokens: row.completion_tokens,
  reasoningTokens: row.reasoning_tokens,
  cost: usdOfNano(row.cost_nano),
  costBreakdown: {
    prompt: usdOfNano(row.prompt_nano),
    cached: usdOfNano(row.cached_nano),
    completion: usdOfNano(row.completion_nano),
    reasoning: usdOfNano(row.reasoning_nano),
  },
  nodeId: row.node_id,
  nodeName: row.node_name,
  latencyMs: row.latency_ms,
  status: row.status,
  usageSource: row.usage_source,
  batchSeq: row.batch_seq === null ? null : Number(row.batch_seq),
  keyId: row.key_id,
});
