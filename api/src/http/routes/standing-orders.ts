import { type Static, Type } from "typebox";
import { readEmailAddress } from "../../auth/email-address.ts";
import { changeOrder, orderTransfers } from "../../flow/credit/standing-orders.ts";
import { type StandingRow, standingOrdersOf } from "../../flow/credit/standing-store.ts";
import { moveContext } from "../move-context.ts";
import {
  Address,
  ByName,
  EmailAddress,
  Id,
  Limit,
  Moment,
  Money,
  Nullable,
  Problem,
  SMALL_BODY_BYTES,
  usdOfMicro,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Standing orders"];
const params = Type.Object({ id: Id });

const StandingOrder = Type.Object({
  id: Type.String({ description: "standing_…" }),
  state: Type.Enum(["active", "paused", "ended"]),
  to: Type.Object({ by: Type.Enum(["wallet", "email", "account", "team"]), name: Type.String() }),
  amount: Money,
  memo: Type.String(),
  every: Type.Enum(["day", "week", "month"]),
  nextAt: Moment,
  endsAt: Nullable(Moment),
  runs: Type.Integer({ description: "How often it was due so far." }),
  lastTransferId: Nullable(Type.String()),
  failure: Nullable(Type.String({ description: "Why the last one was not carried out. Nothing was moved." })),
  createdAt: Moment,
});

/** Transfers that are made by themselves, again and again. */
export function standingOrderRoutes(app: Routes, services: Services): void {
  addCreation(app, services);
  addChanges(app, services);
}

function addCreation(app: Routes, services: Services): void {
  app.post(
    "/api/standing-orders",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Send the same amount every day, week or month",
        description:
          "Without a wallet of your own it goes by itself; else you get a mail whenever there is something to sign. Runs that " +
          "were missed are not made up for, and limits and caps count as for any transfer.",
        headers: Type.Object({
          "idempotency-key": Type.Optional(
            Type.String({
              minLength: 8,
              maxLength: 128,
              description: "The same key makes one order, however often it comes.",
            }),
          ),
        }),
        body: Type.Object({
          to: Type.Object(
            {
              wallet: Type.Optional(Address),
              email: Type.Optional(EmailAddress),
              account: Type.Optional(Id),
              team: Type.Optional(Id),
              name: ByName.name,
            },
            { description: "Whom it is for: exactly one of these." },
          ),
          amount: Type.String({ maxLength: 40, description: "US dollars, as for a transfer.", examples: ["10"] }),
          memo: Type.String({ maxLength: 280, default: "" }),
          every: Type.Enum(["day", "week", "month"]),
          startsAt: Type.Optional(Type.String({ ...Moment, description: "Of the first one. Default: now." })),
          endsAt: Type.Optional(Type.String({ ...Moment, description: "No more after this." })),
        }),
        response: {
          201: StandingOrder,
          400: Problem,
          401: Problem,
          403: Problem,
          409: Problem,
          422: Problem,
          429: Problem,
          502: Problem,
          503: Problem,
        },
      },
    },
    async (request, reply) => {
      const sharer = await actorOf(services, request, "sharing");
      const { to: named, amount, memo: note, every, startsAt, endsAt } = request.body;
      const order = await orderTransfers(moveContext(services), sharer, {
        to: named.email === undefined ? named : { ...named, email: readEmailAddress(named.email) },
        amount,
        note,
        every,
        startsAt: startsAt === undefined ? new Date() : new Date(startsAt),
        endsAt: endsAt === undefined ? null : new Date(endsAt),
        idempotencyKey: request.headers["idempotency-key"] ?? null,
      });
      return reply.code(201).send(shapeOrder(order));
    },
  );
}

function addChanges(app: Routes, services: Services): void {
  app.get(
    "/api/standing-orders",
    {
      schema: {
        tags,
        summary: "Your standing orders, newest first, those that have ended last",
        querystring: Limit,
        response: { 200: Type.Object({ orders: Type.Array(StandingOrder) }), 400: Problem, 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const rows = await standingOrdersOf(services.sql, { accountId, limit: request.query.limit });
      return { orders: rows.map(shapeOrder) };
    },
  );

  app.patch(
    "/api/standing-orders/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Pause a standing order, let it go on, or end it for good",
        params,
        body: Type.Object({ state: Type.Enum(["active", "paused", "ended"]) }),
        response: { 200: StandingOrder, 400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const sharer = await actorOf(services, request, "sharing");
      const { state } = request.body;
      return shapeOrder(await changeOrder(services, { orderId: request.params.id, state, ...sharer }));
    },
  );
}

const shapeOrder = (row: StandingRow): Static<typeof StandingOrder> => ({
  id: row.order_id,
  state: row.state,
  to: { by: row.named_as, name: row.named },
  amount: usdOfMicro(row.amount_micro),
  memo: row.note,
  every: row.every,
  nextAt: row.next_at.toISOString(),
  endsAt: row.ends_at?.toISOString() ?? null,
  runs: row.runs,
  lastTransferId: row.last_move,
  failure: row.failure,
  createdAt: row.created_at.toISOString(),
});
