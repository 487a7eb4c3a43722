import { formatUsd, microToNano } from "@infr/money";
import { Type } from "typebox";
import { type Earnings as EarningsOf, readEarnings } from "../../flow/payout/read-earnings.ts";
import { type EarnedRow, earnedByBatch } from "../../flow/payout/store.ts";
import { MIN_PAYOUT, UNVERIFIED_LIMIT } from "../../flow/payout/terms.ts";
import { Address, Bytes32, Limit, Moment, Money, Nullable, Problem, usdOfMicro, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Earnings"];

/** Everything that counts for a payout, told before one is asked for. */
export const PayoutTerms = Type.Object({
  minimum: Money,
  unverifiedLimit: Type.String({ ...Money, description: "Above it, within 30 days, your wallet has to be verified." }),
  paidOfLate: Type.String({ ...Money, description: "Counts towards that limit; every payout fades within 30 days." }),
  verified: Type.Boolean({ description: "What the contract's policy says of your wallet." }),
  suspendedUntil: Nullable(Moment),
  pausedUntil: Nullable(Moment),
  payoutTo: Nullable(Address),
  queuedPayoutTo: Nullable(Address),
  payoutToMaturesAt: Nullable(Moment),
  nextMaturesAt: Nullable(Moment),
  waitsFor: Nullable(Type.String({ description: "Why nothing would be paid now; null if it would." })),
});

const Earnings = Type.Object({
  earner: Nullable(Type.Integer({ description: "Your number in the contract." })),
  unsettled: Type.String({
    ...Money,
    description: "Gross of served requests that no batch holds yet; 80 % of it will be earned.",
  }),
  inBatch: Type.String({ ...Money, description: "Gross in batches that are not settled yet." }),
  held: Type.String({ ...Money, description: "Settled, held for 24 to 48 hours." }),
  available: Type.String({ ...Money, description: "Can be paid out from $10 on." }),
  paid: Money,
  nextMaturesAt: Nullable(Moment),
  payoutTo: Nullable(Address),
  terms: PayoutTerms,
});

const EarnedBatch = Type.Object({
  seq: Type.Integer(),
  state: Type.Enum(["built", "signed", "submitted", "mined", "final"]),
  gross: Type.String({ ...Money, description: "Your line in the batch." }),
  earned: Type.String({ ...Money, description: "Your 80 % of it, to the micro-dollar; $0 until it is settled." }),
  referral: Type.String({ ...Money, description: "Your 1 % of what people spent who came through your link." }),
  settledAt: Nullable(Moment),
  transactionHash: Nullable(Bytes32),
});

const BatchPage = Type.Object({
  ...Limit.properties,
  before: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
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
      const { accountId } = await actorOf(services, request, "earnings");
      const earnings = await readEarnings(services, accountId);
      return {
        earner: earnings.earner,
        unsettled: formatUsd(earnings.unsettled),
        inBatch: formatUsd(earnings.inBatch),
        held: formatUsd(microToNano(earnings.held)),
        available: formatUsd(microToNano(earnings.available)),
        paid: formatUsd(microToNano(earnings.paid)),
        nextMaturesAt: earnings.nextMaturesAt?.toISOString() ?? null,
        payoutTo: earnings.payoutTo,
        terms: shapeTerms(earnings),
      };
    },
  );

  app.get(
    "/api/earnings/batches",
    {
      schema: {
        tags,
        summary: "What you have earned by each batch, newest first",
        querystring: BatchPage,
        response: { 200: Type.Object({ batches: Type.Array(EarnedBatch) }), 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "earnings");
      const { limit, before } = request.query;
      const rows = await earnedByBatch(services.sql, {
        accountId,
        limit,
        before: before === undefined ? null : BigInt(before),
      });
      return { batches: rows.map(shapeBatch) };
    },
  );
}

export const shapeTerms = (earnings: EarningsOf) => ({
  minimum: usdOfMicro(MIN_PAYOUT),
  unverifiedLimit: usdOfMicro(UNVERIFIED_LIMIT),
  paidOfLate: usdOfMicro(earnings.standing?.windowPaid ?? 0n),
  verified: earnings.standing?.verified ?? false,
  suspendedUntil: earnings.standing?.suspendedUntil?.toISOString() ?? null,
  pausedUntil: earnings.pausedUntil?.toISOString() ?? null,
  payoutTo: earnings.payoutTo,
  queuedPayoutTo: earnings.standing?.queuedPayoutTo ?? null,
  payoutToMaturesAt: earnings.standing?.payoutToMaturesAt?.toISOString() ?? null,
  nextMaturesAt: earnings.nextMaturesAt?.toISOString() ?? null,
  waitsFor: earnings.waitsFor,
});

const shapeBatch = (row: EarnedRow) => ({
  seq: Number(row.seq),
  state: row.state,
  gross: usdOfMicro(row.gross_micro),
  earned: usdOfNano(row.earned_nano),
  referral: usdOfNano(row.referral_nano),
  settledAt: row.settled_at?.toISOString() ?? null,
  transactionHash: row.transaction_hash,
});
