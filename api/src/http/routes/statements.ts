import { formatUsd } from "@infr/money";
import { type Static, Type } from "typebox";
import { InvalidInputError } from "../../errors.ts";
import { isId } from "../../ids.ts";
import { listMonths, readStatement, type Statement, type StatementLines } from "../../statements/statement.ts";
import { statementCsv } from "../../statements/statement-csv.ts";
import { statementPdf } from "../../statements/statement-pdf.ts";
import { PriceText } from "../receipt-shapes.ts";
import { Address, Bytes32, MANAGED, Moment, Money, Nullable, Problem, usdOfMicro, usdOfNano } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { managerOf } from "../session.ts";

const tags = ["Statements"];
const problems = { 400: Problem, 401: Problem, 403: Problem, 404: Problem };
const MAX_LINES = 1_000;

const Count = Type.Integer({ minimum: 0 });
const Month = Type.String({ pattern: "^20[0-9]{2}-(0[1-9]|1[0-2])$", examples: ["2026-11"] });
const File = Type.String({
  pattern: "^20[0-9]{2}-(0[1-9]|1[0-2])(\\.(json|csv|pdf))?$",
  description: "The month in UTC; with .csv or .pdf behind it in that format.",
  examples: ["2026-11", "2026-11.pdf"],
});

const Group = Type.Object({
  id: Nullable(Type.String()),
  name: Nullable(Type.String({ description: "Of a key." })),
  requests: Count,
  cost: Money,
});

const StatementShape = Type.Object(
  {
    kind: Type.Literal("infr statement 1"),
    number: Type.String(),
    account: Type.String(),
    owner: Address,
    month: Month,
    from: Moment,
    until: Moment,
    issuedAt: Moment,
    closed: Type.Boolean({ description: "False while the month lasts: it says what there is so far." }),
    currency: Type.Literal("USD"),
    opening: Money,
    movements: Type.Object({
      deposits: Money,
      transfersIn: Money,
      transfersOut: Money,
      converted: Money,
      exited: Money,
      granted: Money,
      expired: Money,
      usage: Money,
      writtenOff: Money,
      other: Money,
    }),
    closing: Money,
    entries: Type.Array(Type.Object({ time: Moment, kind: Type.String(), cause: Type.String(), amount: Money })),
    usage: Type.Object({
      requests: Count,
      cost: Money,
      platformPaid: Money,
      byModel: Type.Array(Group),
      byKey: Type.Array(Group),
    }),
    settled: Type.Object({
      batches: Count,
      line: Money,
      listed: Type.Array(
        Type.Object({
          seq: Type.Integer(),
          line: Money,
          platformPaid: Money,
          receipts: Count,
          transactionHash: Bytes32,
        }),
      ),
    }),
    earnings: Type.Object({ opening: Money, earned: Money, paidOut: Money, converted: Money, closing: Money }),
    lines: Type.Array(
      Type.Object({
        requestId: Type.String(),
        time: Moment,
        model: Type.String(),
        keyId: Nullable(Type.String()),
        priceVersion: Bytes32,
        promptTokens: Count,
        cachedTokens: Count,
        completionTokens: Count,
        reasoningTokens: Count,
        units: Count,
        cost: Money,
        platformPaid: Money,
        batchSeq: Nullable(Type.Integer()),
      }),
    ),
    prices: Type.Array(PriceText),
    nextCursor: Nullable(Type.String({ description: "Null where all charges are in: then `infr reprice` takes it." })),
  },
  { description: "opening + movements = closing. Charges come in pages." },
);

export function statementRoutes(app: Routes, services: Services): void {
  addList(app, services);
  addStatement(app, services);
}

function addList(app: Routes, services: Services): void {
  app.get(
    "/api/statements",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "The months that there are statements of, newest first",
        response: {
          200: Type.Object({ statements: Type.Array(Type.Object({ month: Month, closed: Type.Boolean() })) }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { accountId } = await managerOf(services, request, "statements");
      return { statements: await listMonths(services.sql, { accountId, now: new Date() }) };
    },
  );
}

function addStatement(app: Routes, services: Services): void {
  app.get(
    "/api/statements/:file",
    {
      schema: {
        tags,
        security: MANAGED,
        summary: "Statement and invoice of a month: JSON, or CSV and PDF to keep",
        params: Type.Object({ file: File }),
        querystring: Type.Object({
          limit: Type.Integer({ minimum: 1, maximum: MAX_LINES, default: MAX_LINES, description: "Charges in JSON." }),
          cursor: Type.Optional(Type.String({ description: "nextCursor of the previous page" })),
        }),
        response: { 200: StatementShape, ...problems },
      },
    },
    async (request, reply) => {
      const { accountId } = await managerOf(services, request, "statements");
      const [month = "", format = "json"] = request.params.file.split(".");
      const { limit, cursor } = request.query;
      if (cursor !== undefined && !isId("req", cursor)) {
        throw new InvalidInputError("cursor has to be the nextCursor of a page.", "cursor");
      }
      const query = { accountId, month, now: new Date(), cursor, limit: format === "json" ? limit : 1 };
      const statement = await readStatement(services.sql, query);
      if (format === "json") return shapeStatement(statement);
      const name = `attachment; filename="infr-${month}.${format}"`;
      const body = format === "csv" ? Buffer.from(statementCsv(statement)) : await pdfOf(statement);
      const type = format === "csv" ? "text/csv; charset=utf-8" : "application/pdf";
      // Bytes are sent as they are, past the schema of the JSON.
      return reply
        .header("content-disposition", name)
        .type(type)
        .send(body as never);
    },
  );

  const pdfOf = (statement: Statement) => statementPdf(statement, services.config.publicUrl.origin);
}

function shapeStatement(statement: Statement & StatementLines): Static<typeof StatementShape> {
  const { from, until, issuedAt, opening, closing, movements, earnings, entries, usage, settled, lines } = statement;
  return {
    ...statement,
    kind: "infr statement 1",
    currency: "USD",
    from: from.toISOString(),
    until: until.toISOString(),
    issuedAt: issuedAt.toISOString(),
    opening: formatUsd(opening),
    closing: formatUsd(closing),
    movements: shapeAmounts(movements),
    earnings: shapeAmounts(earnings),
    entries: entries.map((entry) => ({ ...entry, time: entry.time.toISOString(), amount: formatUsd(entry.amount) })),
    usage: {
      requests: usage.requests,
      cost: formatUsd(usage.cost),
      platformPaid: formatUsd(usage.platformPaid),
      byModel: usage.byModel.map((group) => ({ ...group, cost: formatUsd(group.cost) })),
      byKey: usage.byKey.map((group) => ({ ...group, cost: formatUsd(group.cost) })),
    },
    settled: {
      batches: settled.batches,
      line: usdOfMicro(settled.line),
      listed: settled.listed.map((row) => ({
        seq: Number(row.seq),
        line: usdOfMicro(row.line_micro),
        platformPaid: usdOfNano(row.funded_nano),
        receipts: row.receipts,
        transactionHash: row.transaction_hash,
      })),
    },
    lines: lines.map(shapeLine),
  };
}

const shapeLine = (line: StatementLines["lines"][number]) => ({
  requestId: line.request_id,
  time: line.booked_at.toISOString(),
  model: line.model,
  keyId: line.key_id,
  priceVersion: line.price_version,
  promptTokens: line.prompt_tokens,
  cachedTokens: line.cached_tokens,
  completionTokens: line.completion_tokens,
  reasoningTokens: line.reasoning_tokens,
  units: Number(line.units),
  cost: usdOfNano(line.charged),
  platformPaid: usdOfNano(line.funded),
  batchSeq: line.batch_seq === null ? null : Number(line.batch_seq),
});

/** The same names, dollars on the wire. */
const shapeAmounts = <T extends Record<string, bigint>>(amounts: T) =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, usdOfNano(amount)])) as {
    [K in keyof T]: string;
  };
