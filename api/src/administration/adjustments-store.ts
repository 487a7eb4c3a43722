import type { Queryable, Tx } from "../db/types.ts";

export type CorrectedBook = "card" | "card_sales" | "card_losses" | "adjustments";

export type AdjustmentRow = {
  adjustment_id: string;
  cause: string;
  reason: string;
  kind: "credit" | "correction";
  /** Of a credit. */
  account_id: string | null;
  /** Of a correction. */
  debit_book: CorrectedBook | null;
  credit_book: CorrectedBook | null;
  amount_nano: bigint;
  state: "proposed" | "approved" | "rejected";
  proposed_by: string;
  proposed_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
};

const columns = (sql: Queryable) => sql`
  adjustment_id, cause, reason, kind, account_id, debit_book, credit_book, amount_nano, state, proposed_by, proposed_at,
  decided_by, decided_at`;

export type NewAdjustment = Pick<
  AdjustmentRow,
  | "adjustment_id"
  | "cause"
  | "reason"
  | "kind"
  | "account_id"
  | "debit_book"
  | "credit_book"
  | "amount_nano"
  | "proposed_by"
>;

/** @returns what stands for the cause: this proposal, or an earlier one */
export async function insertAdjustment(tx: Tx, { amount_nano: amount, ...row }: NewAdjustment): Promise<AdjustmentRow> {
  await tx`
    insert into adjustments ${tx({ ...row, amount_nano: amount.toString() })} on conflict (cause) do nothing`;
  const [found] = await tx<[AdjustmentRow]>`select ${columns(tx)} from adjustments where cause = ${row.cause}`;
  return found;
}

/** Nobody else decides on it until the transaction ends. */
export async function lockAdjustment(tx: Tx, adjustmentId: string): Promise<AdjustmentRow | undefined> {
  const [row] = await tx<AdjustmentRow[]>`
    select ${columns(tx)} from adjustments where adjustment_id = ${adjustmentId} for update`;
  return row;
}

export async function decideAdjustment(
  tx: Tx,
  { adjustmentId, state, userId }: { adjustmentId: string; state: "approved" | "rejected"; userId: string },
): Promise<AdjustmentRow> {
  const [row] = await tx<[AdjustmentRow]>`
    update adjustments set state = ${state}, decided_by = ${userId}, decided_at = now()
    where adjustment_id = ${adjustmentId} returning ${columns(tx)}`;
  return row;
}

/** Newest first, those that wait for a decision before all others. */
export async function adjustmentsOf(sql: Queryable, limit: number): Promise<AdjustmentRow[]> {
  return sql<AdjustmentRow[]>`
    select ${columns(sql)} from adjustments
    order by state <> 'proposed', proposed_at desc, adjustment_id limit ${limit}`;
}
