import { Type } from "typebox";
import { readEarnings } from "../../flow/payout/read-earnings.ts";
import { cancelPayout, requestPayout } from "../../flow/payout/request-payout.ts";
import { type PayoutRow, payoutsOf } from "../../flow/payout/store.ts";
import { Address, Bytes32, Id, Limit, Moment, Money, Nullable, Problem, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";
import { PayoutTerms, shapeTerms } from "./earnings.ts";

const tags = ["Payouts"];

const Payout = Type.Object({
  id: Type.String({ description: "payout_…" }),
  method: Type.Enum(["wallet", "bank"]),
  state: Type.Enum(["pending", "processing", "sent", "completed", "failed", "canceled"]),
  amount: Nullable(Type.String({ ...Money, description: "Known once the contract has paid: all that was available." })),
  to: Nullable(Address),
  reason: Nullable(Type.String({ description: "Why it waits or has failed." })),
  transactionHash: Nullable(Bytes32),
  finality: Nullable(Type.Enum(["seen", "safe", "final"])),
  paidAt: Nullable(Moment),
  createdAt: Moment,
  updatedAt: Moment,
});

const Payouts = Type.Object({ payouts: Type.Array(Payout), terms: PayoutTerms });

export function payoutRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/payouts",
    {
      schema: {
        tags,
        summary: "Your payouts, newest first, and what counts for the next one",
        querystring: Limit,
        response: { 200: Payouts, 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "earnings");
      const earnings = await readEarnings(services, accountId);
      const rows = await payoutsOf(services.sql, { accountId, limit: request.query.limit });
      return { payouts: rows.map(shapePayout), terms: shapeTerms(earnings) };
    },
  );

  app.post(
    "/api/payouts",
    {
      schema: {
        tags,
        summary: "Ask for all that is or becomes available to be paid",
        description: "Asking again while a payout is open gives the same one.",
        body: Type.Object({ method: Type.Enum(["wallet", "bank"], { default: "wallet" }) }),
        response: { 201: Payout, 401: Problem, 403: Problem, 409: Problem, 422: Problem, 503: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "earnings");
      const row = await requestPayout(services, { accountId, method: request.body.method });
      return reply.code(201).send(shapePayout(row));
    },
  );

  app.post(
    "/api/payouts/:id/cancel",
    {
      schema: {
        tags,
        summary: "Call off a payout that is still pending",
        params: Type.Object({ id: Id }),
        response: { 200: Payout, 401: Problem, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "earnings");
      return shapePayout(await cancelPayout(services.sql, { payoutId: request.params.id, accountId }));
    },
  );
}

const shapePayout = (row: PayoutRow) => ({
  id: row.payout_id,
  method: row.method,
  state: row.state,
  amount: row.amount_micro === null ? null : usdOfMicro(row.amount_micro),
  to: row.recipient,
  reason: row.reason,
  transactionHash: row.transaction_hash,
  finality: row.finality,
  paidAt: row.happened_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
