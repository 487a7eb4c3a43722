import { formatUsd, type NanoUsd, nanoUsd } from "@infr/money";
import postgres from "postgres";
import type { Sql, Tx } from "../db/types.ts";
import { InfrError, NotFoundError } from "../errors.ts";
import { grantLot } from "../flow/credit/grant-lot.ts";
import { isGrantable, noteAct } from "../flow/credit/lot-store.ts";
import { newId, PLATFORM_ACCOUNT } from "../ids.ts";
import { bookEntries } from "../ledger/entries.ts";
import {
  type AdjustmentRow,
  type CorrectedBook,
  decideAdjustment,
  insertAdjustment,
  lockAdjustment,
} from "./adjustments-store.ts";

/** Nobody decides alone on what changes the books, nor on an account of his own: HTTP 403. */
export class TwoPersonsError extends InfrError {
  readonly code = "two_persons";
  readonly status = 403;
}

/** It was decided before, or its cause stands for something else: HTTP 409. */
export class AdjustmentConflictError extends InfrError {
  readonly code = "adjustment_conflict";
  readonly status = 409;
}

/** What is to be changed in the books. */
export type Adjustment = {
  /** The proposer's own name for it: proposing it again changes nothing. */
  cause: string;
  reason: string;
  amount: NanoUsd;
} & ({ kind: "credit"; accountId: string } | { kind: "correction"; debit: CorrectedBook; credit: CorrectedBook });

const OWN = "This is an account that you belong to. Somebody else has to propose and approve what it gets.";

/**
 * Proposes a change of the books; nothing is booked. Another administrator has to approve it.
 * @throws AdjustmentConflictError, TwoPersonsError, NotFoundError
 */
export const proposeAdjustment = (
  sql: Sql,
  { userId, adjustment }: { userId: string; adjustment: Adjustment },
): Promise<AdjustmentRow> =>
  explained(
    sql.begin(async (tx) => {
      const { cause, reason, kind, amount } = adjustment;
      const isCredit = adjustment.kind === "credit";
      const accountId = isCredit ? adjustment.accountId : null;
      if (accountId !== null && !(await isGrantable(tx, accountId))) throw new NotFoundError("account");
      const wanted = {
        adjustment_id: newId("adjust"),
        cause,
        reason,
        kind,
        account_id: accountId,
        debit_book: isCredit ? null : adjustment.debit,
        credit_book: isCredit ? null : adjustment.credit,
        amount_nano: amount as bigint,
        proposed_by: userId,
      };
      const row = await insertAdjustment(tx, wanted);
      const isSame = (
        ["reason", "kind", "account_id", "debit_book", "credit_book", "amount_nano", "proposed_by"] as const
      ).every((name) => row[name] === wanted[name]);
      if (!isSame) throw new AdjustmentConflictError(`"${cause}" stands for another adjustment. Use another cause.`);
      if (row.adjustment_id === wanted.adjustment_id) await note(tx, { userId, act: "propose_adjustment", row });
      return row;
    }),
  );

/**
 * Books what another administrator has proposed: once, whoever approves it at the same time.
 * @throws NotFoundError, AdjustmentConflictError, TwoPersonsError, NotCoveredError
 */
export const approveAdjustment = (
  sql: Sql,
  { userId, adjustmentId, now }: { userId: string; adjustmentId: string; now: Date },
): Promise<AdjustmentRow> =>
  explained(
    sql.begin(async (tx) => {
      const row = await lockOpen(tx, adjustmentId);
      if (row.proposed_by === userId)
        throw new TwoPersonsError("You have proposed this yourself. Another administrator has to approve it.");
      await book(tx, row, now);
      const decided = await decideAdjustment(tx, { adjustmentId, state: "approved", userId });
      await note(tx, { userId, act: "approve_adjustment", row });
      return decided;
    }),
  );

/** Calls off a proposal, one's own or somebody else's. @throws NotFoundError, AdjustmentConflictError */
export const rejectAdjustment = (
  sql: Sql,
  { userId, adjustmentId }: { userId: string; adjustmentId: string },
): Promise<AdjustmentRow> =>
  sql.begin(async (tx) => {
    const row = await lockOpen(tx, adjustmentId);
    const decided = await decideAdjustment(tx, { adjustmentId, state: "rejected", userId });
    await note(tx, { userId, act: "reject_adjustment", row });
    return decided;
  });

async function lockOpen(tx: Tx, adjustmentId: string): Promise<AdjustmentRow> {
  const row = await lockAdjustment(tx, adjustmentId);
  if (!row) throw new NotFoundError("adjustment");
  if (row.state !== "proposed")
    throw new AdjustmentConflictError(`This adjustment is ${row.state}. Propose another one to change that.`);
  return row;
}

async function book(tx: Tx, row: AdjustmentRow, now: Date): Promise<void> {
  const cause = `adjust:${row.adjustment_id}`;
  const amount = nanoUsd(row.amount_nano);
  if (row.account_id !== null) {
    await grantLot(tx, { accountId: row.account_id, kind: "enterprise", cause, amount, expiresAt: null }, now);
  } else if (row.debit_book !== null && row.credit_book !== null) {
    const of = (name: CorrectedBook) => ({ book: name, account: PLATFORM_ACCOUNT });
    await bookEntries(tx, { cause, entries: [{ debit: of(row.debit_book), credit: of(row.credit_book), amount }] });
  }
}

const note = (tx: Tx, { userId, act, row }: { userId: string; act: string; row: AdjustmentRow }) =>
  noteAct(tx, {
    userId,
    act,
    subjectId: row.adjustment_id,
    details: {
      cause: row.cause,
      kind: row.kind,
      amount: formatUsd(nanoUsd(row.amount_nano)),
      ...(row.account_id === null ? { debit: row.debit_book, credit: row.credit_book } : { accountId: row.account_id }),
    },
  });

/** The database has the last word on who may. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof postgres.PostgresError && error.constraint_name === "adjustments_are_not_for_oneself")
      throw new TwoPersonsError(OWN, { cause: error });
    throw error;
  }
}
