import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Queryable, Sql, Tx } from "../db/types.ts";
import { InfrError, NotFoundError } from "../errors.ts";
import type { LimitScope, Period } from "./commit/operations.ts";
import {
  countLimits,
  deleteLimit,
  insertLimit,
  type KnownUsage,
  knownUsage,
  type LimitRow,
  selectLimits,
  updateLimit,
} from "./limits-store.ts";

/** What a limit is on. */
export type LimitSubject = { accountId: string; scope: LimitScope; subjectId: string };

/** A limit and where it stands in its current window. `left` is below zero after it was lowered under what is spent. */
export type Limit = {
  scope: LimitScope;
  subjectId: string;
  period: Period;
  amount: NanoUsd;
  used: NanoUsd;
  held: NanoUsd;
  left: NanoUsd;
  /** When its window ends; null if it never does. */
  resetsAt: Date | null;
};

const MAX_LIMITS = 1_000;

/** More limits than an account can have: HTTP 409. */
export class TooManyLimitsError extends InfrError {
  readonly code = "too_many_limits";
  readonly status = 409;
  constructor() {
    super(`An account has at most ${MAX_LIMITS} limits. Remove some that are no longer needed.`);
  }
}

/** The limits of an account; of one scope or of some subjects only, if given. */
export async function readLimits(
  sql: Queryable,
  {
    accountId,
    scope = null,
    subjects = null,
  }: { accountId: string; scope?: LimitScope | null; subjects?: string[] | null },
): Promise<Limit[]> {
  if (subjects?.length === 0) return [];
  return (await selectLimits(sql, { accountId, scope, subjects })).map(limitOf);
}

/**
 * Sets a limit, or changes its amount: from the next hold on. Running requests keep counting. A new limit starts with
 * what its subject has spent in the window.
 * @throws TooManyLimitsError
 */
export async function setLimit(sql: Sql, limit: LimitSubject & { period: Period; amount: NanoUsd }): Promise<void> {
  if (await sql.begin((tx) => updateLimit(tx, limit))) return;
  const known = await knownUsage(sql, limit);
  await sql.begin((tx) => openLimit(tx, limit, known));
}

/** Limits of a subject that has just been made, in the same transaction: nothing was ever spent under it. */
export async function openLimit(
  tx: Tx,
  limit: LimitSubject & { period: Period; amount: NanoUsd },
  known: KnownUsage = NOTHING_USED,
): Promise<void> {
  if ((await countLimits(tx, limit.accountId)) >= MAX_LIMITS) throw new TooManyLimitsError();
  await insertLimit(tx, limit, known);
}

const NOTHING_USED: KnownUsage = { from: new Date(0), moment: "infinity", started: "infinity", used: 0n };

/** @throws NotFoundError */
export async function removeLimit(sql: Queryable, limit: LimitSubject & { period: Period }): Promise<void> {
  if (!(await deleteLimit(sql, limit))) throw new NotFoundError("limit");
}

const limitOf = (row: LimitRow): Limit => ({
  scope: row.scope,
  subjectId: row.subject_id,
  period: row.period,
  amount: nanoUsd(row.amount_nano),
  used: nanoUsd(row.used_nano),
  held: nanoUsd(row.held_nano),
  left: nanoUsd(row.amount_nano - row.used_nano - row.held_nano),
  resetsAt: row.resets_at,
});
