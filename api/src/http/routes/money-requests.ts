import { type Static, Type } from "typebox";
import { senderName } from "../../flow/credit/claims-store.ts";
import { askForMoney, cancelRequest, mustFindRequest, stateOfRequest } from "../../flow/credit/money-requests.ts";
import { type RequestRow, requestsOf } from "../../flow/credit/requests-store.ts";
import { Id, Limit, Moment, Money, Nullable, Problem, SMALL_BODY_BYTES, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Requests for money"];
const params = Type.Object({ id: Id });
const MAX_DAYS = 365;

const State = Type.Enum(["open", "pending", "paid", "cancelled", "expired"], {
  description: "pending: somebody has paid it, it is on its way.",
});

/** What whoever has the link sees. */
const Asked = Type.Object({
  id: Type.String({ description: "ask_…" }),
  state: State,
  amount: Money,
  message: Type.String(),
  from: Type.String({ description: "How whoever asks is called." }),
  expiresAt: Moment,
});

const MoneyRequest = Type.Object({
  id: Type.String({ description: "ask_…" }),
  state: State,
  amount: Money,
  message: Type.String(),
  link: Type.String({ description: "For whoever is to pay." }),
  transferId: Nullable(Type.String({ description: "The transfer that pays it." })),
  expiresAt: Moment,
  createdAt: Moment,
});

/** Money that somebody asks for by a link; it is paid by a transfer to `request`. */
export function moneyRequestRoutes(app: Routes, services: Services): void {
  addWrites(app, services);
  addReads(app, services);
}

function addWrites(app: Routes, services: Services): void {
  app.post(
    "/api/requests",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Ask for money: a link that can be paid once",
        description: "Whoever has the link sees the amount, the message, and your first e-mail address or your wallet.",
        body: Type.Object({
          amount: Type.String({
            maxLength: 40,
            description: "US dollars above zero, with at most 6 decimals.",
            examples: ["12.5"],
          }),
          message: Type.String({ maxLength: 280, default: "" }),
          expiresInDays: Type.Integer({ minimum: 1, maximum: MAX_DAYS, default: 30 }),
        }),
        response: { 201: MoneyRequest, 400: Problem, 401: Problem, 403: Problem, 429: Problem },
      },
    },
    async (request, reply) => {
      const sharer = await actorOf(services, request, "sharing");
      return reply.code(201).send(shapeRequest(services, await askForMoney(services, sharer, request.body)));
    },
  );

  app.post(
    "/api/requests/:id/cancel",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Take a request back: nobody can pay it any more",
        params,
        response: { 200: MoneyRequest, 401: Problem, 403: Problem, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const sharer = await actorOf(services, request, "sharing");
      return shapeRequest(services, await cancelRequest(services, { requestId: request.params.id, ...sharer }));
    },
  );
}

function addReads(app: Routes, services: Services): void {
  app.get(
    "/api/requests",
    {
      schema: {
        tags,
        summary: "What you have asked for, newest first",
        querystring: Type.Object({
          ...Limit.properties,
          cursor: Type.Optional(Type.String({ ...Id, description: "nextCursor of the previous page" })),
        }),
        response: {
          200: Type.Object({ requests: Type.Array(MoneyRequest), nextCursor: Nullable(Type.String()) }),
          400: Problem,
          401: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "sharing");
      const { limit, cursor = null } = request.query;
      const rows = await requestsOf(services.sql, { accountId, before: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        requests: page.map((row) => shapeRequest(services, row)),
        nextCursor: rows.length > limit ? (page.at(-1)?.request_id ?? null) : null,
      };
    },
  );

  app.get(
    "/api/requests/:id",
    {
      schema: {
        tags,
        security: [],
        summary: "What a link asks for, and of whom it is",
        description: 'Pay it by `POST /api/transfers` with `{"to": {"request": "ask_…"}}` and its amount.',
        params,
        response: { 200: Asked, 404: Problem },
      },
    },
    async (request): Promise<Static<typeof Asked>> => {
      const row = await mustFindRequest(services, request.params.id);
      const from = await senderName(services.sql, { accountId: row.account_id, userId: row.user_id });
      return { ...shapeCommon(row), from };
    },
  );
}

const shapeCommon = (row: RequestRow) => ({
  id: row.request_id,
  state: stateOfRequest(row),
  amount: usdOfMicro(row.amount_micro),
  message: row.message,
  expiresAt: row.expires_at.toISOString(),
});

const shapeRequest = ({ config }: Services, row: RequestRow): Static<typeof MoneyRequest> => ({
  ...shapeCommon(row),
  link: new URL(`/pay/${row.request_id}`, config.publicUrl).href,
  transferId: row.paying_move,
  createdAt: row.created_at.toISOString(),
});
