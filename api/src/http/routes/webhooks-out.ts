import { type Static, Type } from "typebox";
import { attempt } from "../../auth/attempts.ts";
import { EVENT_TYPES, EVENT_WORDS } from "../../notify/event-types.ts";
import { type DeliveryRow, deliveriesOf, type EndpointRow, endpointsOf } from "../../notify/webhook-store.ts";
import {
  changeEndpoint,
  createEndpoint,
  deliverAgain,
  endEndpoint,
  readEndpoint,
  rotateSecret,
  testEndpoint,
} from "../../notify/webhooks.ts";
import { Id, Limit, Moment, Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Webhooks"];
const MAX_GRACE_SECONDS = 7 * 86_400;
/** Test events and repeated deliveries of an account in an hour: whoever is posted to need not be who asks. */
const BY_HAND = { what: "webhook_by_hand", windowSeconds: 3_600, max: 100, words: "deliveries asked for by hand" };

const EventName = Type.Enum([...EVENT_TYPES], { description: EVENT_WORDS });
const Types = Nullable(
  Type.Array(EventName, {
    minItems: 1,
    maxItems: 50,
    description: "What it wants to be told of; null for everything.",
  }),
);
const Endpoint = Type.Object({
  id: Type.String({ description: "hook_…" }),
  url: Type.String(),
  types: Nullable(Type.Array(Type.String())),
  state: Type.Enum(["enabled", "disabled", "failing"], {
    description: "failing: disabled by us, because nothing could be delivered for five days, or it answered 410.",
  }),
  failingSince: Nullable(Moment),
  createdAt: Moment,
});
const Secret = Type.String({ description: "whsec_…, shown now and never again.", examples: ["whsec_…"] });
const Delivery = Type.Object({
  id: Type.String({ description: "delivery_…" }),
  eventId: Type.String({ description: "The webhook-id header: the same in every attempt." }),
  type: Type.String(),
  data: Type.Unknown(),
  state: Type.Enum(["pending", "delivered", "failed", "dropped"]),
  nextAttemptAt: Nullable(Moment),
  createdAt: Moment,
  attempts: Type.Array(
    Type.Object({
      status: Nullable(Type.Integer()),
      error: Nullable(Type.String()),
      tookMs: Type.Integer(),
      at: Type.String(),
    }),
  ),
});
const params = Type.Object({ id: Id });
const problems = { 400: Problem, 401: Problem, 404: Problem };

/** Where an account's events are posted to, signed by Standard Webhooks, and what came of it. */
export function webhookRoutes(app: Routes, services: Services): void {
  endpointRoutes(app, services);
  changeRoutes(app, services);
  deliveryRoutes(app, services);
}

function endpointRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/webhook-endpoints",
    {
      schema: {
        tags,
        summary: "Your webhook endpoints",
        response: { 200: Type.Object({ endpoints: Type.Array(Endpoint) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "operation");
      return { endpoints: (await endpointsOf(services.sql, accountId)).map(shapeEndpoint) };
    },
  );

  app.post(
    "/api/webhook-endpoints",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Create a webhook endpoint",
        description:
          "Events are posted as JSON, {type, timestamp, data}, with webhook-id, webhook-timestamp and webhook-signature (standardwebhooks.com). Answer 2xx within ten seconds; otherwise it is tried again, eight times in 28 hours.",
        body: Type.Object({ url: Type.String({ minLength: 1, maxLength: 2_000 }), types: Type.Optional(Types) }),
        response: {
          201: Type.Object({ endpoint: Endpoint, secret: Secret }),
          400: Problem,
          401: Problem,
          409: Problem,
        },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "operation");
      const { url, types = null } = request.body;
      const allowPrivate = services.config.allowPrivateNodes;
      const { endpoint, secret } = await createEndpoint(services.sql, { accountId, url, types, allowPrivate });
      return reply.code(201).send({ endpoint: shapeEndpoint(endpoint), secret });
    },
  );

  app.delete(
    "/api/webhook-endpoints/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: { tags, summary: "Delete a webhook endpoint", params, response: { 204: Type.Null(), ...problems } },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "operation");
      await endEndpoint(services.sql, { accountId, endpointId: request.params.id });
      return reply.code(204).send(null);
    },
  );
}

function changeRoutes(app: Routes, services: Services): void {
  app.patch(
    "/api/webhook-endpoints/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Change what an endpoint is told of, disable or enable it",
        params,
        body: Type.Object({ types: Type.Optional(Types), disabled: Type.Optional(Type.Boolean()) }),
        response: { 200: Endpoint, ...problems },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "operation");
      const { types, disabled } = request.body;
      const change = { ...(types !== undefined && { types }), ...(disabled !== undefined && { disabled }) };
      return shapeEndpoint(await changeEndpoint(services.sql, { accountId, endpointId: request.params.id, ...change }));
    },
  );

  app.post(
    "/api/webhook-endpoints/:id/rotate",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Give an endpoint another secret",
        description: "The old secret signs beside the new one until the grace is over; 0 ends it now.",
        params,
        body: Type.Object({ graceSeconds: Type.Integer({ minimum: 0, maximum: MAX_GRACE_SECONDS, default: 86_400 }) }),
        response: { 200: Type.Object({ secret: Secret }), ...problems },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "operation");
      const { graceSeconds } = request.body;
      return { secret: await rotateSecret(services.sql, { accountId, endpointId: request.params.id, graceSeconds }) };
    },
  );
}

function deliveryRoutes(app: Routes, services: Services): void {
  const { sql } = services;
  const byHand = { 202: Delivery, ...problems, 409: Problem, 429: Problem };

  app.post(
    "/api/webhook-endpoints/:id/test",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: { tags, summary: "Send a test event to an endpoint", params, response: byHand },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "operation");
      const which = { accountId, endpointId: request.params.id };
      await readEndpoint(sql, which);
      await attempt(sql, [{ ...BY_HAND, subject: accountId }]);
      return reply.code(202).send(shapeDelivery(await testEndpoint(sql, which)));
    },
  );

  app.get(
    "/api/webhook-endpoints/:id/deliveries",
    {
      schema: {
        tags,
        summary: "What was sent to an endpoint in the last 30 days, newest first",
        params,
        querystring: Limit,
        response: { 200: Type.Object({ deliveries: Type.Array(Delivery) }), ...problems },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "operation");
      const endpointId = request.params.id;
      await readEndpoint(sql, { accountId, endpointId });
      const deliveries = await deliveriesOf(sql, { endpointId, limit: request.query.limit });
      return { deliveries: deliveries.map(shapeDelivery) };
    },
  );

  app.post(
    "/api/webhook-endpoints/:id/deliveries/:deliveryId/redeliver",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Send an event once more",
        params: Type.Object({ id: Id, deliveryId: Id }),
        response: byHand,
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "operation");
      const { id: endpointId, deliveryId } = request.params;
      await readEndpoint(sql, { accountId, endpointId });
      await attempt(sql, [{ ...BY_HAND, subject: accountId }]);
      return reply.code(202).send(shapeDelivery(await deliverAgain(sql, { accountId, endpointId, deliveryId })));
    },
  );
}

function shapeEndpoint(row: EndpointRow): Static<typeof Endpoint> {
  const disabled = row.disabled_reason === "failing" ? "failing" : "disabled";
  return {
    id: row.endpoint_id,
    url: row.url,
    types: row.types,
    state: row.disabled_at === null ? "enabled" : disabled,
    failingSince: row.failing_since?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}

const shapeDelivery = (row: DeliveryRow): Static<typeof Delivery> => ({
  id: row.delivery_id,
  eventId: row.event_id,
  type: row.type,
  data: row.data,
  state: row.state,
  nextAttemptAt: row.state === "pending" ? row.next_attempt_at.toISOString() : null,
  createdAt: row.created_at.toISOString(),
  attempts: row.attempts,
});
