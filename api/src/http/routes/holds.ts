import { formatUsd } from "@infr/money";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { FrozenKeyError } from "../../auth/api-keys.ts";
import { isFrozen } from "../../auth/store.ts";
import { NotFoundError } from "../../errors.ts";
import { captureUsage, type EventAnswer } from "../../flow/capture/capture-usage.ts";
import { endJobHold, holdForJob, type Payer } from "../../flow/hold/hold-for-job.ts";
import { type Holder, type JobHoldRow, jobHold, jobHoldsOf } from "../../flow/hold/job-store.ts";
import { may, type Role } from "../../roles.ts";
import { failedKeysOf, setCaller } from "../rate-limits.ts";
import {
  Amount,
  Id,
  Limit,
  Moment,
  Money,
  Nullable,
  Problem,
  readAmount,
  readMoment,
  SMALL_BODY_BYTES,
  usdOfNano,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Jobs"];
/** Somebody signed in, or an inference key. */
const security: ReadonlyArray<Record<string, readonly string[]>> = [{ session: [] }, { key: [] }];
const problems = { 400: Problem, 401: Problem, 402: Problem, 403: Problem, 404: Problem };
const MAX_EVENTS = 1_000;
const REPORT_BYTES = 524_288;
const MIN_SECONDS = 60;
const MAX_SECONDS = 30 * 86_400;

const ProductId = Type.String({ minLength: 1, maxLength: 128 });
const params = Type.Object({ id: Id });

const Hold = Type.Object({
  id: Type.String({ description: "hold_…: what the operator reports usage against." }),
  operatorId: Type.String(),
  nodeId: Nullable(Type.String({ description: "null: any node of the operator." })),
  resources: Nullable(Type.Array(Type.String(), { description: "null: anything that is sold there." })),
  description: Type.String(),
  amount: Money,
  captured: Type.String({ ...Money, description: "Billed so far." }),
  left: Type.String({ ...Money, description: "What can still be billed; zero once it has ended." }),
  events: Type.Integer(),
  state: Type.Enum(["open", "released", "expired"]),
  createdAt: Moment,
  expiresAt: Moment,
  endedAt: Nullable(Moment),
});

const Event = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: "Yours: on a node, each id is billed once." }),
  hold: Id,
  resource: ProductId,
  quantity: Type.Integer({ minimum: 1, maximum: 1_000_000_000_000, description: "Units of the resource." }),
  startedAt: Type.Optional(Type.String({ ...Moment, description: "Not before the hold; now, if left out." })),
});

const Answer = Type.Object({
  id: Type.String(),
  outcome: Type.Enum(["captured", "duplicate", "refused"]),
  reason: Nullable(
    Type.String({
      description:
        "Why it was refused: conflict (this id was billed with other content), unknown_hold, wrong_node, node_disabled " +
        "(before the hold was made), wrong_resource, too_early, in_future, hold_ended, above_hold, too_dear.",
    }),
  ),
  requestId: Nullable(Type.String({ description: "Its row of the usage log, and its receipt." })),
  cost: Nullable(Money),
  left: Nullable(Type.String({ ...Money, description: "What the hold has left." })),
});

/** Credit set aside for a job, and what its operator reports of it. */
export function holdRoutes(app: Routes, services: Services): void {
  addCreation(app, services);
  addReads(app, services);
  addEvents(app, services);
}

function addCreation(app: Routes, services: Services): void {
  app.post(
    "/api/holds",
    {
      bodyLimit: SMALL_BODY_BYTES,
      onRequest: identify(services),
      schema: {
        tags,
        security,
        summary: "Set credit aside for a job on an operator's node",
        description:
          "All of it or nothing, against your balance and limits. Give its id to the operator. Sent again with the same " +
          "Idempotency-Key within 30 days, it is answered with the hold that it made, as that is by then.",
        headers: Type.Object({
          "idempotency-key": Type.Optional(
            Type.String({ minLength: 1, maxLength: 255, description: "Yours: a new one for each hold." }),
          ),
        }),
        body: Type.Object({
          amount: Amount,
          expiresIn: Type.Integer({ minimum: MIN_SECONDS, maximum: MAX_SECONDS, description: "Seconds." }),
          nodeId: Type.Optional(Id),
          operatorId: Type.Optional(Id),
          resources: Type.Optional(Type.Array(ProductId, { minItems: 1, maxItems: 100 })),
          description: Type.String({ maxLength: 256, default: "" }),
        }),
        response: { 201: Hold, ...problems, 409: Problem },
      },
    },
    async (request, reply) => {
      const payer = payerOf(request);
      const { amount, expiresIn, ...rest } = request.body;
      const context = { sql: services.sql, batcher: services.inference.batcher };
      const { "idempotency-key": idempotencyKey } = request.headers;
      const wanted = { ...rest, amount: readAmount(amount), expiresInSeconds: expiresIn, idempotencyKey };
      return reply.code(201).send(shapeHold(await holdForJob(context, payer, wanted)));
    },
  );

  app.delete(
    "/api/holds/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      onRequest: identify(services),
      schema: {
        tags,
        security,
        summary: "Release a hold: what is left of it can be spent again",
        params,
        response: { 200: Hold, ...problems },
      },
    },
    async (request) => {
      return shapeHold(await endJobHold(services.sql, { holdId: request.params.id, ...holderOf(request) }));
    },
  );
}

function addReads(app: Routes, services: Services): void {
  app.get(
    "/api/holds",
    {
      onRequest: identify(services),
      schema: {
        tags,
        security,
        summary: "What you have set aside for jobs, newest first",
        querystring: Type.Object({
          ...Limit.properties,
          cursor: Type.Optional(Type.String({ ...Id, description: "nextCursor of the previous page" })),
        }),
        response: { 200: Type.Object({ holds: Type.Array(Hold), nextCursor: Nullable(Type.String()) }), ...problems },
      },
    },
    async (request) => {
      const { limit, cursor = null } = request.query;
      const rows = await jobHoldsOf(services.sql, { ...holderOf(request), before: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return { holds: page.map(shapeHold), nextCursor: rows.length > limit ? (page.at(-1)?.hold_id ?? null) : null };
    },
  );

  app.get(
    "/api/holds/:id",
    {
      onRequest: identify(services),
      schema: {
        tags,
        security,
        summary: "A hold that you made, or that you are paid from",
        params,
        response: { 200: Hold, ...problems },
      },
    },
    async (request) => {
      const hold = await jobHold(services.sql, { holdId: request.params.id, ...holderOf(request) });
      if (!hold) throw new NotFoundError("hold");
      return shapeHold(hold);
    },
  );
}

function addEvents(app: Routes, services: Services): void {
  app.post(
    "/api/meter-events",
    {
      bodyLimit: REPORT_BYTES,
      onRequest: identify(services),
      schema: {
        tags,
        security,
        summary: "Report usage of resources sold on your node, against buyers' holds",
        description:
          "Billed in the order given, in one commit, at the prices in force. Send it again when the answer was lost: an id is billed once.",
        body: Type.Object({ nodeId: Id, events: Type.Array(Event, { minItems: 1, maxItems: MAX_EVENTS }) }),
        response: { 200: Type.Object({ events: Type.Array(Answer) }), ...problems },
      },
    },
    async (request) => {
      const { accountId: operatorId } = payerOf(request);
      const { nodeId } = request.body;
      const events = request.body.events.map(({ hold, startedAt, ...rest }) => ({
        ...rest,
        holdId: hold,
        startedAt: readMoment(startedAt),
      }));
      const context = { sql: services.sql, priceBook: services.inference.priceBook };
      const answers = await captureUsage(context, { operatorId, nodeId, events, now: new Date() });
      return { events: answers.map(shapeAnswer) };
    },
  );
}

const payers = new WeakMap<FastifyRequest, Payer & { role: Role }>();

/** Learns who asks, by key or by session, before the request is counted. @throws InvalidKeyError, SignedOutError */
const identify = (services: Services) => async (request: FastifyRequest) => {
  if (request.headers.authorization !== undefined) {
    const caller = await services.keyRing.authenticate(request.headers.authorization, failedKeysOf(request));
    setCaller(request, caller);
    payers.set(request, caller);
    return;
  }
  const { accountId, userId, role } = await actorOf(services, request, "requests");
  if (await isFrozen(services.sql, accountId)) throw new FrozenKeyError();
  const subjects = { [`account:${accountId}`]: "the account", [`member:${userId}`]: "you" };
  const payer = { accountId, userId, role, keyId: null, models: null, subjects };
  payers.set(request, payer);
  // All sessions of a user are counted as one key.
  setCaller(request, { ...payer, keyId: userId, name: "session", requestsPerMinute: null });
};

function payerOf(request: FastifyRequest): Payer & { role: Role } {
  const payer = payers.get(request);
  if (!payer) throw new Error(`nobody was identified at ${request.url}`);
  return payer;
}

/** Whose holds somebody sees: his own, or everybody's if he may see what others use. */
function holderOf(request: FastifyRequest): Holder {
  const { accountId, userId, role } = payerOf(request);
  return { accountId, madeBy: may(role, "usage") ? null : userId };
}

const shapeHold = (row: JobHoldRow) => ({
  id: row.hold_id,
  operatorId: row.operator_id,
  nodeId: row.node_id,
  resources: row.resources,
  description: row.description,
  amount: usdOfNano(row.amount_nano),
  captured: usdOfNano(row.captured_nano),
  left: usdOfNano(row.state === "open" ? row.amount_nano - row.captured_nano : 0n),
  events: Number(row.events),
  state: row.state,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
});

const shapeAnswer = ({ cost, left, ...answer }: EventAnswer) => ({
  ...answer,
  cost: cost === null ? null : formatUsd(cost),
  left: left === null ? null : formatUsd(left),
});
