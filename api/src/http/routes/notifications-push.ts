import { Type } from "typebox";
import { type SubscriptionRow, subscriptionsOf } from "../../notify/push-store.ts";
import { subscribePush, unsubscribePush } from "../../notify/subscribe-push.ts";
import { Id, Moment, Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { sessionOf } from "../session.ts";

const tags = ["Notifications"];
const Browser = Type.Object({ id: Type.String({ description: "push_…" }), createdAt: Moment });
const Key = Type.String({ minLength: 1, maxLength: 200, pattern: "^[A-Za-z0-9_-]+=*$" });

/** Browsers that show a desktop notification when credit runs low (Web Push). */
export function pushRoutes(app: Routes, services: Services): void {
  const { sql, config } = services;

  app.get(
    "/api/notifications/push",
    {
      schema: {
        tags,
        summary: "The key to subscribe with, and your browsers that did",
        response: {
          200: Type.Object({
            publicKey: Nullable(Type.String({ description: "applicationServerKey; null where there is no web push." })),
            browsers: Type.Array(Browser),
          }),
          401: Problem,
        },
      },
    },
    async (request) => {
      const { userId } = await sessionOf(services, request);
      const browsers = await subscriptionsOf(sql, userId);
      return { publicKey: config.vapidPublicKey, browsers: browsers.map(shapeBrowser) };
    },
  );

  app.post(
    "/api/notifications/push",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Subscribe this browser",
        description: "The body is what PushSubscription.toJSON() gives.",
        body: Type.Object({
          endpoint: Type.String({ minLength: 1, maxLength: 2_000 }),
          keys: Type.Object({ p256dh: Key, auth: Key }),
        }),
        response: { 201: Browser, 400: Problem, 401: Problem, 409: Problem },
      },
    },
    async (request, reply) => {
      const { userId } = await sessionOf(services, request);
      const { endpoint, keys } = request.body;
      const row = await subscribePush(sql, { userId, endpoint, keys, allowPrivate: config.allowPrivateNodes });
      return reply.code(201).send(shapeBrowser(row));
    },
  );

  app.delete(
    "/api/notifications/push/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Send nothing more to a browser",
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null(), 401: Problem, 404: Problem },
      },
    },
    async (request, reply) => {
      const { userId } = await sessionOf(services, request);
      await unsubscribePush(sql, { userId, subscriptionId: request.params.id });
      return reply.code(204).send(null);
    },
  );
}

const shapeBrowser = (row: SubscriptionRow) => ({ id: row.subscription_id, createdAt: row.created_at.toISOString() });
