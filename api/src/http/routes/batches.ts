import { Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { type BatchListRow, listBatches } from "../../flow/settle/store.ts";
import { Bytes32, Limit, Moment, Money, Nullable, Problem, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";

const tags = ["Batches"];

const Batch = Type.Object({
  seq: Type.Integer(),
  state: Type.Enum(["built", "signed", "submitted", "mined", "final", "voided"]),
  digest: Nullable(Bytes32),
  receiptsRoot: Bytes32,
  gross: Money,
  debits: Type.Integer({ description: "Lines." }),
  credits: Type.Integer({ description: "Lines." }),
  transactionHash: Nullable(Bytes32),
  periodEnd: Moment,
  builtAt: Moment,
});

export function batchRoutes(app: Routes, { sql }: Services): void {
  app.get(
    "/api/batches",
    {
      schema: {
        tags,
        summary: "Batches, newest first",
        querystring: Limit,
        response: { 200: Type.Object({ batches: Type.Array(Batch) }) },
      },
    },
    async ({ query }) => ({ batches: (await listBatches(sql, { limit: query.limit, seq: null })).map(shapeBatch) }),
  );

  app.get(
    "/api/batches/:seq",
    {
      schema: {
        tags,
        summary: "One batch",
        params: Type.Object({ seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
        response: { 200: Batch, 404: Problem },
      },
    },
    async ({ params }) => {
      const [row] = await listBatches(sql, { limit: 1, seq: BigInt(params.seq) });
      if (!row) throw new NotFoundError("batch");
      return shapeBatch(row);
    },
  );
}

const shapeBatch = (row: BatchListRow) => ({
  seq: Number(row.seq),
  state: row.state,
  digest: row.digest,
  receiptsRoot: row.receipts_root,
  gross: usdOfMicro(row.gross_micro),
  debits: row.debit_lines,
  credits: row.credit_lines,
  transactionHash: row.transaction_hash,
  periodEnd: row.period_end.toISOString(),
  builtAt: row.built_at.toISOString(),
});
