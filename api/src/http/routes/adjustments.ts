import { type Static, Type } from "typebox";
import { approveAdjustment, proposeAdjustment, rejectAdjustment } from "../../administration/adjust.ts";
import { type AdjustmentRow, adjustmentsOf } from "../../administration/adjustments-store.ts";
import { InvalidInputError } from "../../errors.ts";
import {
  Amount,
  Id,
  Limit,
  Moment,
  Money,
  Nullable,
  Problem,
  readAmount,
  SMALL_BODY_BYTES,
  usdOfNano,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { adminOf } from "../session.ts";

const tags = ["Administration"];
const problems = { 400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem };
const params = Type.Object({ id: Id });
const Book = Type.Enum(["card", "card_sales", "card_losses", "adjustments"]);

const Adjustment = Type.Object({
  id: Type.String({ description: "adjust_…" }),
  cause: Type.String(),
  reason: Type.String(),
  kind: Type.Enum(["credit", "correction"]),
  accountId: Nullable(Type.String({ description: "Of a credit: who gets it." })),
  debit: Nullable(Book),
  credit: Nullable(Book),
  amount: Money,
  state: Type.Enum(["proposed", "approved", "rejected"]),
  proposedBy: Type.String(),
  proposedAt: Moment,
  decidedBy: Nullable(Type.String()),
  decidedAt: Nullable(Moment),
});

const Proposal = Type.Object({
  cause: Type.String({
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
    description: "Your own name for it: once.",
  }),
  reason: Type.String({ minLength: 10, maxLength: 1000, pattern: "\\S" }),
  amount: Amount,
  accountId: Type.Optional(Id),
  debit: Type.Optional(Book),
  credit: Type.Optional(Book),
});

/** Changes of the books by hand: one administrator proposes, another approves. */
export function adjustmentRoutes(app: Routes, services: Services): void {
  const { sql } = services;
  app.get(
    "/api/admin/adjustments",
    {
      schema: {
        tags,
        summary: "Adjustments, those that wait first, then the newest",
        querystring: Limit,
        response: {
          200: Type.Object({ adjustments: Type.Array(Adjustment) }),
          400: Problem,
          401: Problem,
          403: Problem,
        },
      },
    },
    async (request) => {
      await adminOf(services, request);
      return { adjustments: (await adjustmentsOf(sql, request.query.limit)).map(shape) };
    },
  );

  app.post(
    "/api/admin/adjustments",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Propose an adjustment",
        description:
          "Either `accountId`, which gets platform-funded credit, or `debit` and `credit`: two of the platform's books. Nothing is booked before another administrator approves it.",
        body: Proposal,
        response: { 201: Adjustment, ...problems },
      },
    },
    async (request, reply) => {
      const { userId } = await adminOf(services, request);
      return reply.code(201).send(shape(await proposeAdjustment(sql, { userId, adjustment: read(request.body) })));
    },
  );

  app.post(
    "/api/admin/adjustments/:id/approve",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Approve what another administrator proposed: it is booked at once",
        params,
        response: { 200: Adjustment, ...problems, 503: Problem },
      },
    },
    async (request) => {
      const { userId } = await adminOf(services, request);
      return shape(await approveAdjustment(sql, { userId, adjustmentId: request.params.id, now: new Date() }));
    },
  );

  app.post(
    "/api/admin/adjustments/:id/reject",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: { tags, summary: "Call a proposal off", params, response: { 200: Adjustment, ...problems } },
    },
    async (request) => {
      const { userId } = await adminOf(services, request);
      return shape(await rejectAdjustment(sql, { userId, adjustmentId: request.params.id }));
    },
  );
}

/** @throws InvalidInputError */
function read({ cause, reason, amount: text, accountId, debit, credit }: Static<typeof Proposal>) {
  const amount = readAmount(text);
  if (amount <= 0n || amount > MAX_AMOUNT)
    throw new InvalidInputError("amount has to be above zero, and at most $1,000,000.", "amount");
  const common = { cause, reason, amount };
  if (accountId !== undefined && debit === undefined && credit === undefined)
    return { ...common, kind: "credit" as const, accountId };
  if (accountId === undefined && debit !== undefined && credit !== undefined && debit !== credit)
    return { ...common, kind: "correction" as const, debit, credit };
  throw new InvalidInputError("Name either accountId, or two different books in debit and credit.");
}

const MAX_AMOUNT = 1_000_000_000_000_000n;

const shape = (row: AdjustmentRow): Static<typeof Adjustment> => ({
  id: row.adjustment_id,
  cause: row.cause,
  reason: row.reason,
  kind: row.kind,
  accountId: row.account_id,
  debit: row.debit_book,
  credit: row.credit_book,
  amount: usdOfNano(row.amount_nano),
  state: row.state,
  proposedBy: row.proposed_by,
  proposedAt: row.proposed_at.toISOString(),
  decidedBy: row.decided_by,
  decidedAt: row.decided_at?.toISOString() ?? null,
});
