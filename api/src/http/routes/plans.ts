import { formatUsd } from "@infr/money";
import { type Static, Type } from "typebox";
import { plansOf } from "../../funding/open-cards.ts";
import { changeSubscription, subscribe } from "../../funding/plans.ts";
import { type SubscriptionRow, subscriptionsOf } from "../../funding/plans-store.ts";
import { Moment, Money, Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";
import { cardsOfServices } from "./cards.ts";

const tags = ["Plans"];
const Subscription = Type.Object({
  id: Type.String(),
  planId: Type.String(),
  status: Type.Enum(["incomplete", "active", "past_due", "ended"]),
  endsAtPeriodEnd: Type.Boolean(),
  periodEnd: Nullable(Moment),
});
const params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9_]+$" }) });

/** Subscriptions: credit for each period that is paid for. It expires with the period. */
export function planRoutes(app: Routes, services: Services): void {
  const plans = plansOf(services.config).map(({ id, name, price, credit }) => ({
    id,
    name,
    price: formatUsd(price),
    credit: formatUsd(credit),
  }));
  app.get(
    "/api/plans",
    {
      schema: {
        tags,
        summary: "What can be subscribed to",
        response: {
          200: Type.Object({
            plans: Type.Array(
              Type.Object({
                id: Type.String(),
                name: Type.String(),
                price: Money,
                credit: Type.String({ ...Money, description: "For each period; it expires with it." }),
              }),
            ),
          }),
        },
      },
    },
    async () => ({ plans }),
  );

  app.post(
    "/api/plans/:id/checkout",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "A page on which to subscribe",
        params,
        response: {
          201: Type.Object({ url: Type.String() }),
          401: Problem,
          403: Problem,
          404: Problem,
          409: Problem,
          422: Problem,
        },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      const order = { accountId, planId: request.params.id };
      return reply.code(201).send(await subscribe(cardsOfServices(services), order));
    },
  );
  addSubscriptions(app, services);
}

function addSubscriptions(app: Routes, services: Services): void {
  app.get(
    "/api/subscriptions",
    {
      schema: {
        tags,
        summary: "Your subscriptions, newest first",
        response: { 200: Type.Object({ subscriptions: Type.Array(Subscription) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      return { subscriptions: (await subscriptionsOf(services.sql, accountId)).map(shapeSubscription) };
    },
  );

  app.patch(
    "/api/subscriptions/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "End a subscription with its period, or have it go on after all",
        params,
        body: Type.Object({ endsAtPeriodEnd: Type.Boolean() }),
        response: { 200: Subscription, 400: Problem, 401: Problem, 404: Problem, 422: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const order = { accountId, subscriptionId: request.params.id, atPeriodEnd: request.body.endsAtPeriodEnd };
      return shapeSubscription(await changeSubscription(cardsOfServices(services), order));
    },
  );
}

const shapeSubscription = (row: SubscriptionRow): Static<typeof Subscription> => ({
  id: row.subscription_id,
  planId: row.plan_id,
  status: row.status,
  endsAtPeriodEnd: row.ends_at_period_end,
  periodEnd: row.period_end?.toISOString() ?? null,
});
