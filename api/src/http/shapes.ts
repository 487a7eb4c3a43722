import type { Static } from "typebox";
import type { Transaction } from "./schemas.ts";

/** An outbox row as callers see it. */
export const shapeTransaction = (row: {
  transaction_id: string;
  kind: string;
  state: Static<typeof Transaction>["state"];
  mined_hash: string | null;
  error: string | null;
}): Static<typeof Transaction> => ({
  id: row.transaction_id,
  kind: row.kind,
  state: row.state,
  hash: row.mined_hash,
  error: row.error,
});
