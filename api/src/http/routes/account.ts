import { formatUsd } from "@infr/money";
import { Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { transactionOf } from "../../flow/deposit/queue-authorization.ts";
import { readBalance } from "../../ledger/balance.ts";
import { type StatementRow, statementOf } from "../../ledger/store.ts";
import { Limit, MANAGED, Moment, Money, Nullable, Problem, Transaction, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf, managerOf } from "../session.ts";
import { shapeTransaction } from "../shapes.ts";

const tags = ["Account"];

const Balance = Type.Object({
  spendable: Type.String({
    ...Money,
    description: "What new requests can spend: onChain − debt − unsettled − held + funded.",
  }),
  runwayDays: Nullable(
    Type.Number({ minimum: 0, description: "Days that it lasts, at the pace of the last seven; null without any." }),
  ),
  onChain: Type.String({ ...Money, description: "Credit in the contract, as booked from its events." }),
  debt: Type.String({ ...Money, description: "Overdrawn and not yet repaid." }),
  unsettled: Type.String({ ...Money, description: "Metered and not yet settled on-chain." }),
  held: Type.String({ ...Money, description: "Set aside for running requests." }),
  funded: Type.String({ ...Money, description: "Platform-funded credit: promotions, card payments." }),
  currency: Type.Literal("USD"),
});

const LedgerEntry = Type.Object({
  cause: Type.String({ description: "What happened: deposit:…, capture:…, settle:…, payout:…, reverse:…" }),
  line: Type.Integer(),
  debit: Type.String({ description: "The book that the amount moved to." }),
  credit: Type.String({ description: "The book that it moved from." }),
  amount: Money,
  bookedAt: Moment,
});

export function accountRoutes(app: Routes, services: Services): void {
  app.get(
    "/api/balance",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "Your money, now",
        response: { 200: Balance, 401: Problem, 403: Problem },
      },
    },
    async (request) => {
      const { accountId } = await managerOf(services, request, "account");
      const balance = await readBalance(services.sql, accountId);
      const { spendable } = balance;
      return {
        spendable: formatUsd(spendable),
        runwayDays: await services.inference.burnRates.readDaysLeft({ accountId, spendable }),
        onChain: formatUsd(balance.onChain),
        debt: formatUsd(balance.debt),
        unsettled: formatUsd(balance.unsettled),
        held: formatUsd(balance.held),
        funded: formatUsd(balance.funded),
        currency: "USD" as const,
      };
    },
  );

  app.get(
    "/api/entries",
    {
      schema: {
        tags,
        summary: "What the ledger has booked for you, newest first",
        querystring: Type.Object({
          ...Limit.properties,
          cause: Type.Optional(
            Type.String({ description: "Only what this booked, e.g. capture:req_…", maxLength: 200 }),
          ),
        }),
        response: { 200: Type.Object({ entries: Type.Array(LedgerEntry) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "statements");
      const { limit, cause = null } = request.query;
      return { entries: (await statementOf(services.sql, { accountId, cause, limit })).map(shapeEntry) };
    },
  );

  app.get(
    "/api/transactions/:id",
    {
      schema: {
        tags,
        summary: "How far a transaction that we send for you has come",
        params: Type.Object({ id: Type.String() }),
        response: { 200: Transaction, 401: Problem, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const row = await transactionOf(services, { accountId, transactionId: request.params.id });
      if (!row) throw new NotFoundError("transaction");
      return shapeTransaction(row);
    },
  );
}

const shapeEntry = (row: StatementRow) => ({
  cause: row.cause,
  line: row.line,
  debit: row.debit_book,
  credit: row.credit_book,
  amount: usdOfNano(row.amount_nano),
  bookedAt: row.booked_at.toISOString(),
});
