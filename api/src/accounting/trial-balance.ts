import type { Queryable } from "../db/types.ts";
import { type Period, type TrialBalanceRow, trialBalanceRows } from "./store.ts";

/** Every book of a period; all four totals follow from the rows, and the ends' are zero. */
export type TrialBalance = {
  rows: TrialBalanceRow[];
  total: { opening: bigint; debits: bigint; credits: bigint; closing: bigint };
};

/** What every book had before a period, what was booked to it, and what it has after it: from the ledger alone. */
export async function readTrialBalance(sql: Queryable, period: Period): Promise<TrialBalance> {
  const rows = await trialBalanceRows(sql, period);
  const sum = (name: "opening" | "debits" | "credits" | "closing") =>
    rows.reduce((total, row) => total + row[name], 0n);
  return {
    rows,
    total: { opening: sum("opening"), debits: sum("debits"), credits: sum("credits"), closing: sum("closing") },
  };
}
