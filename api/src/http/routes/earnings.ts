import { formatUsd, microToNano } from "@infr/money";
import { Type } from "typebox";
import { readEarnings } from "../../flow/payout/read-earnings.ts";
import { type PayoutRow, payoutsOf } from "../../flow/payout/store.ts";
import { Address, Bytes32, Limit, Moment, Money, Nullable, Problem, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { sessionOf } from "../session.ts";

const tags = ["Earnings"];

const Earnings = Type.Object({
  earner: Nullable(Type.Integer({ description: "Your number in the contract." })),
  unsettled: Type.String({
    ...Money,
    description: "Gross of served requests that no batch has settled yet; 80 % of it will be earned.",
  }),
  held: Type.String({ ...Money, description: "Settled, held for 24 to 48 hours." }),
  available: Type.String({ ...Money, description: "Can be withdrawn from $10 on." }),
  paid: Money,
  nextMaturesAt: Nullable(Moment),
  payoutTo: Nullable(Address),
});

const Payout = Type.Object({
  id: Type.String(),
  amount: Money,
  to: Address,
  transactionHash: Bytes32,
  finality: Type.String(),
  paidAt: Moment,
});

export function earningsRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/earnings",
    {
      schema: {
        tags,
        summary: "What your nodes have earned, and where it is on its way",
        response: { 200: Earnings, 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await sessionOf(services, request);
      const earnings = await readEarnings(services, accountId);
      return {
        ...earnings,
        unsettled: formatUsd(earnings.unsettled),
        held: formatUsd(microToNano(earnings.held)),
        available: formatUsd(microToNano(earnings.available)),
        paid: formatUsd(microToNano(earnings.paid)),
        nextMaturesAt: earnings.nextMaturesAt?.toISOString() ?? null,
      };
    },
  );

  app.get(
    "/api/payouts",
    {
      schema: {
        tags,
        summary: "Your payouts, newest first",
        querystring: Limit,
        response: { 200: Type.Object({ payouts: Type.Array(Payout) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await sessionOf(services, request);
      return { payouts: (await payoutsOf(services.sql, { accountId, limit: request.query.limit })).map(shapePayout) };
    },
  );
}

const shapePayout = (row: PayoutRow) => ({
  id: row.event_id,
  amount: usdOfMicro(row.amount_micro),
  to: row.recipient,
  transactionHash: row.transaction_hash,
  finality: row.finality,
  paidAt: row.happened_at.toISOString(),
});
