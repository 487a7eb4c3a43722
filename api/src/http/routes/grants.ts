import { type Static, Type } from "typebox";
import { grantByHand, revokeGrant } from "../../flow/credit/admin-grants.ts";
import { type LotRow, lotsOf } from "../../flow/credit/lot-store.ts";
import {
  Amount,
  Id,
  Limit,
  MANAGED,
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
import { adminOf, managerOf } from "../session.ts";

const Lot = Type.Object({
  id: Type.String({ description: "lot_…" }),
  kind: Type.Enum(["promo", "trial", "subscription", "enterprise", "card"]),
  state: Type.Enum(["live", "spent", "expired", "revoked", "refunded", "disputed", "converted"]),
  amount: Money,
  used: Type.String({ ...Money, description: "Burnt by requests, as far as it is worked out: seconds behind." }),
  takenBack: Type.String({ ...Money, description: "Expired, refunded, disputed or revoked." }),
  left: Money,
  priority: Type.Integer({ description: "Between lots that expire together, the lower one is burnt first." }),
  expiresAt: Nullable(Moment),
  createdAt: Moment,
});
const Lots = Type.Object({ grants: Type.Array(Lot) });
const problems = { 400: Problem, 401: Problem, 403: Problem };

/** Platform-funded credit: what an account has, and what administrators grant and revoke. */
export function grantRoutes(app: Routes, services: Services): void {
  const { sql } = services;
  app.get(
    "/api/grants",
    {
      schema: {
        tags: ["Credit"],
        security: MANAGED,
        summary: "Your platform-funded credit, newest first. What expires first is burnt first",
        querystring: Limit,
        response: { 200: Lots, 401: Problem, 403: Problem },
      },
    },
    async (request) => {
      const { accountId } = await managerOf(services, request, "funding");
      return { grants: (await lotsOf(sql, { accountId, limit: request.query.limit })).map(shapeLot) };
    },
  );

  administer(app, services);
}

function administer(app: Routes, services: Services): void {
  const { sql } = services;
  app.get(
    "/api/admin/grants",
    {
      schema: {
        tags: ["Administration"],
        summary: "Platform-funded credit of any account",
        querystring: Type.Object({ ...Limit.properties, accountId: Id }),
        response: { 200: Lots, ...problems },
      },
    },
    async (request) => {
      await adminOf(services, request);
      return { grants: (await lotsOf(sql, request.query)).map(shapeLot) };
    },
  );

  app.post(
    "/api/admin/grants",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags: ["Administration"],
        summary: "Grant platform-funded credit",
        description: "Once per cause: asking again gives the same grant. A promotion or trial is one per person.",
        body: Type.Object({
          accountId: Id,
          kind: Type.Enum(["promo", "trial", "enterprise"]),
          amount: Amount,
          cause: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description: "What it is for." }),
          campaign: Type.Optional(
            Type.String({ pattern: "^[a-z0-9][a-z0-9._-]{0,63}$", description: "Of a promotion." }),
          ),
          expiresAt: Type.Optional(Type.String({ ...Moment, description: "Needed for promotions and trials." })),
          priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
        }),
        response: { 201: Lot, ...problems, 404: Problem, 409: Problem, 503: Problem },
      },
    },
    async (request, reply) => {
      const { userId } = await adminOf(services, request);
      const { amount, expiresAt, cause, ...rest } = request.body;
      const grant = {
        ...rest,
        cause: `admin:${cause}`,
        amount: readAmount(amount),
        expiresAt: readMoment(expiresAt ?? null),
      };
      return reply.code(201).send(shapeLot(await grantByHand(sql, { userId, grant, now: new Date() })));
    },
  );

  app.delete(
    "/api/admin/grants/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags: ["Administration"],
        summary: "Take back what is left of a grant",
        description: "What running requests hold of it is taken as soon as they end.",
        params: Type.Object({ id: Id }),
        response: { 200: Lot, ...problems, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const { userId } = await adminOf(services, request);
      return shapeLot(await revokeGrant(sql, { userId, lotId: request.params.id, now: new Date() }));
    },
  );
}

const shapeLot = (lot: LotRow): Static<typeof Lot> => ({
  id: lot.lot_id,
  kind: lot.kind,
  state: lot.state,
  amount: usdOfNano(lot.amount_nano),
  used: usdOfNano(lot.used_nano),
  takenBack: usdOfNano(lot.taken_nano),
  left: usdOfNano(lot.left_nano),
  priority: lot.priority,
  expiresAt: lot.expires_at?.toISOString() ?? null,
  createdAt: lot.created_at.toISOString(),
});
