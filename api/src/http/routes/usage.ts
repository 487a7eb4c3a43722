import { Readable } from "node:stream";
import { type Static, Type } from "typebox";
import type { Actor } from "../../auth/sessions.ts";
import { InvalidInputError } from "../../errors.ts";
import { exportUsage, MAX_EXPORTED } from "../../flow/capture/export-usage.ts";
import { namesOf, usageSeries } from "../../flow/capture/series-store.ts";
import { type GroupedSums, type UsageRow, type UsageSums, usagePage, usageSummary } from "../../flow/capture/store.ts";
import { isId, timeOfId } from "../../ids.ts";
import { demand, may } from "../../roles.ts";
import { Day, Limit, MANAGED, Moment, Money, Nullable, Problem, readDay, readMoment, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { managerOf, mustAct } from "../session.ts";

const tags = ["Usage"];
const problems = { 400: Problem, 401: Problem, 403: Problem };
/** How many a chart can tell apart. */
const MOST_SERIES = 8;
const MAX_DAYS = 366;
const MAX_GROUPS = 1_000;
const DAY_MS = 86_400_000;

const Status = Type.Enum(["ok", "aborted", "error"]);
const Filter = Type.Object({
  model: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: "Or the resource." })),
  nodeId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  keyId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  memberId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "user_… whose keys it was." })),
  project: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "Of the keys." })),
  status: Type.Optional(Status),
});

const Usage = Type.Object({
  id: Type.String(),
  time: Moment,
  model: Type.String({ description: "Or the resource." }),
  promptTokens: Type.Integer({ description: "Without cached ones." }),
  cachedTokens: Type.Integer(),
  completionTokens: Type.Integer({ description: "Without reasoning." }),
  reasoningTokens: Type.Integer(),
  units: Type.Integer({ description: "Of a resource; 0 for a model." }),
  cost: Money,
  costBreakdown: Type.Object({ prompt: Money, cached: Money, completion: Money, reasoning: Money, units: Money }),
  nodeId: Type.String(),
  nodeName: Type.String(),
  latencyMs: Type.Integer(),
  status: Status,
  usageSource: Type.Enum(["node", "recount", "drained"]),
  batchSeq: Nullable(Type.Integer({ description: "Number of the batch that settles it." })),
  keyId: Nullable(Type.String()),
  memberId: Nullable(Type.String({ description: "user_… whose key it was." })),
  project: Nullable(Type.String({ description: "Of the key." })),
});

const Sums = Type.Object({
  requests: Type.Integer(),
  promptTokens: Type.Integer({ description: "Without cached ones." }),
  cachedTokens: Type.Integer(),
  completionTokens: Type.Integer({ description: "Without reasoning." }),
  reasoningTokens: Type.Integer(),
  units: Type.Integer(),
  cost: Money,
});

export function usageRoutes(app: Routes, services: Services): void {
  addLog(app, services);
  addSummary(app, services);
  addSeries(app, services);
  addExport(app, services);
}

function addLog(app: Routes, services: Services): void {
  app.get(
    "/api/usage",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "Every request with what it cost, newest first",
        querystring: Type.Object({
          ...Limit.properties,
          ...Filter.properties,
          from: Type.Optional(Type.String({ ...Moment, description: "Requests that began then or later." })),
          until: Type.Optional(Type.String({ ...Moment, description: "Requests that began before then." })),
          cursor: Type.Optional(Type.String({ description: "nextCursor of the previous page" })),
        }),
        response: {
          200: Type.Object({ usage: Type.Array(Usage), nextCursor: Nullable(Type.String()) }),
          ...problems,
        },
      },
    },
    async (request) => {
      const actor = await managerOf(services, request, "account");
      const { limit, cursor, from, until, ...rest } = request.query;
      if (cursor !== undefined && !isId("req", cursor)) {
        throw new InvalidInputError("cursor has to be the nextCursor of a page.", "cursor");
      }
      const filter = { ...rest, ...ownOf(actor, rest), from: readMoment(from), until: readMoment(until) };
      const before = cursor === undefined ? null : { requestId: cursor, startedAt: timeOfId(cursor) };
      const rows = await usagePage(services.sql, { accountId: actor.accountId, filter, before, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        usage: page.map(shapeUsage),
        nextCursor: rows.length > limit ? (page.at(-1)?.request_id ?? null) : null,
      };
    },
  );
}

function addSummary(app: Routes, services: Services): void {
  app.get(
    "/api/usage/summary",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "What was used in a range of days, in total and by day, model, key, node, member or project",
        description:
          "Days are in UTC, by when a request began: the sums are those of the log at this moment, to the last digit. " +
          "Without a range it is this month.",
        querystring: Type.Object({
          ...Filter.properties,
          from: Type.Optional(Type.String({ ...Day, description: "First day." })),
          to: Type.Optional(Type.String({ ...Day, description: `Last day; at most ${MAX_DAYS} days.` })),
          by: Type.Enum(["day", "model", "key", "node", "member", "project"], { default: "day" }),
        }),
        response: {
          200: Type.Object({
            from: Day,
            to: Day,
            total: Sums,
            groups: Type.Array(
              Type.Object({
                id: Type.String({ description: "The day, the model, the project, or an id; empty for none." }),
                name: Nullable(Type.String({ description: "Of a key, a node or a member." })),
                ...Sums.properties,
              }),
            ),
            more: Type.Boolean({
              description: `Whether there are more than ${MAX_GROUPS} groups; total has them all.`,
            }),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const actor = await managerOf(services, request, "account");
      const { from, to, by, ...rest } = request.query;
      const filter = { ...rest, ...ownOf(actor, rest) };
      const { accountId } = actor;
      const range = readRange({ from, to });
      const limit = MAX_GROUPS + 1;
      const { total, groups } = await usageSummary(services.sql, { accountId, ...range, by, filter, limit });
      return {
        ...range,
        total: shapeSums(total),
        groups: groups.slice(0, MAX_GROUPS).map(shapeGroup),
        more: groups.length > MAX_GROUPS,
      };
    },
  );
}

/** Who may not see what others used sees his own. @throws RoleNeededError if he asks for another's */
function ownOf({ role, userId }: Actor, { memberId }: { memberId?: string | undefined }): { memberId?: string } {
  if (may(role, "usage")) return {};
  if (memberId !== undefined && memberId !== userId) demand(role, "usage");
  return { memberId: userId };
}

function addSeries(app: Routes, services: Services): void {
  app.get(
    "/api/usage/series",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "What was used day by day, split by model, key or node",
        description: `The ${MOST_SERIES} dearest of the range by themselves, all others in one. Days are in UTC; those without usage are left out.`,
        querystring: Type.Object({
          ...Filter.properties,
          from: Type.Optional(Type.String({ ...Day, description: "First day." })),
          to: Type.Optional(Type.String({ ...Day, description: `Last day; at most ${MAX_DAYS} days.` })),
          by: Type.Enum(["model", "key", "node"], { default: "model" }),
        }),
        response: {
          200: Type.Object({
            from: Day,
            to: Day,
            points: Type.Array(
              Type.Object({
                day: Day,
                id: Nullable(Type.String({ description: "The model, or an id, empty for no key; null: all others." })),
                name: Nullable(Type.String({ description: "Of a key or a node." })),
                requests: Type.Integer(),
                tokens: Type.Integer(),
                cost: Money,
              }),
            ),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const actor = await managerOf(services, request, "account");
      const { from, to, by, ...rest } = request.query;
      const filter = { ...rest, ...ownOf(actor, rest) };
      const range = readRange({ from, to });
      const rows = await usageSeries(services.sql, {
        accountId: actor.accountId,
        ...range,
        by,
        filter,
        most: MOST_SERIES,
      });
      const names = await namesOf(services.sql, { by, ids: [...new Set(rows.flatMap(({ id }) => id ?? []))] });
      const points = rows.map(({ day, id, requests, tokens, cost_nano }) => ({
        day,
        id,
        name: names.get(id ?? "") ?? null,
        requests: Number(requests),
        tokens: Number(tokens),
        cost: usdOfNano(cost_nano),
      }));
      return { ...range, points };
    },
  );
}

function addExport(app: Routes, services: Services): void {
  app.get(
    "/api/usage/export",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "The log as a file: CSV, or a JSON object a line",
        description: `Newest first, with the log's filters; at most ${MAX_EXPORTED.toLocaleString("en")} requests. Amounts are US dollars.`,
        querystring: Type.Object({
          ...Filter.properties,
          from: Type.Optional(Type.String({ ...Moment, description: "Requests that began then or later." })),
          until: Type.Optional(Type.String({ ...Moment, description: "Requests that began before then." })),
          format: Type.Enum(["csv", "jsonl"], { default: "csv" }),
          accountId: Type.Optional(
            Type.String({ maxLength: 64, description: "Whose: a link can't send the header infr-account." }),
          ),
        }),
        response: { 200: Type.String(), ...problems, 404: Problem },
      },
    },
    async (request, reply) => {
      const { from, until, format, accountId: named, ...rest } = request.query;
      const actor =
        named === undefined
          ? await managerOf(services, request, "account")
          : await mustAct(services, request, { accountId: named, permission: "account" });
      const { accountId } = actor;
      const filter = { ...rest, ...ownOf(actor, rest), from: readMoment(from), until: readMoment(until) };
      return reply
        .type(format === "csv" ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8")
        .header("content-disposition", `attachment; filename="infr-usage.${format}"`)
        .send(Readable.from(exportUsage(services.sql, { accountId, filter, format })) as never);
    },
  );
}

/** Both days included; from the first of the month, where nothing else is said. @throws InvalidInputError */
function readRange({ from, to }: { from: string | undefined; to: string | undefined }): { from: string; to: string } {
  const last = to === undefined ? new Date() : readDay(to);
  const first = from === undefined ? new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), 1)) : readDay(from);
  const range = { from: first.toISOString().slice(0, 10), to: last.toISOString().slice(0, 10) };
  if (range.from > range.to) throw new InvalidInputError("from has to be a day before to, or the same.", "from");
  if (last.getTime() - first.getTime() >= MAX_DAYS * DAY_MS) {
    throw new InvalidInputError(`from and to have to be at most ${MAX_DAYS} days apart. Ask for each year.`, "from");
  }
  return range;
}

const shapeGroup = (group: GroupedSums) => ({ id: group.id, name: group.name, ...shapeSums(group) });

const shapeSums = (sums: UsageSums): Static<typeof Sums> => ({
  requests: Number(sums.requests),
  promptTokens: Number(sums.prompt_tokens),
  cachedTokens: Number(sums.cached_tokens),
  completionTokens: Number(sums.completion_tokens),
  reasoningTokens: Number(sums.reasoning_tokens),
  units: Number(sums.units),
  cost: usdOfNano(sums.cost_nano),
});

const shapeUsage = (row: UsageRow) => ({
  id: row.request_id,
  time: row.started_at.toISOString(),
  model: row.model,
  promptTokens: row.prompt_tokens,
  cachedTokens: row.cached_tokens,
  completionTokens: row.completion_tokens,
  reasoningTokens: row.reasoning_tokens,
  units: Number(row.units),
  cost: usdOfNano(row.cost_nano),
  costBreakdown: {
    prompt: usdOfNano(row.prompt_nano),
    cached: usdOfNano(row.cached_nano),
    completion: usdOfNano(row.completion_nano),
    reasoning: usdOfNano(row.reasoning_nano),
    units: usdOfNano(row.units_nano),
  },
  nodeId: row.node_id,
  nodeName: row.node_name,
  latencyMs: row.latency_ms,
  status: row.status,
  usageSource: row.usage_source,
  batchSeq: row.batch_seq === null ? null : Number(row.batch_seq),
  keyId: row.key_id,
  memberId: row.user_id,
  project: row.project,
});
