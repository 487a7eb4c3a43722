import { createHash } from "node:crypto";
import type { NanoUsd } from "@infr/money";
import type { Sql } from "../../db/types.ts";
import { InfrError, InvalidInputError, NotFoundError, UnavailableError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import type { Batcher } from "../../ledger/commit/batcher.ts";
import {
  claimHoldId,
  type Holder,
  insertJobHold,
  isOperator,
  type JobHoldRow,
  jobHold,
  jobHoldUnder,
  type KeyedRequest,
  type NewJobHold,
  operatorOfNode,
  releaseJobHold,
} from "./job-store.ts";
import { placeHold, releaseHold } from "./place-hold.ts";

const MAX_OPEN = 1_000;

/** More holds for jobs than an account can have at once: HTTP 409. */
export class TooManyHoldsError extends InfrError {
  readonly code = "too_many_holds";
  readonly status = 409;
  constructor() {
    super(`An account has at most ${MAX_OPEN} open holds for jobs. Release those that are no longer needed.`);
  }
}

/** An idempotency key that was sent before, with a request for something else: HTTP 409. */
export class IdempotencyKeyReusedError extends InfrError {
  readonly code = "idempotency_key_reused";
  readonly status = 409;
  constructor() {
    super("This Idempotency-Key was sent before with another body. Use a new one for each hold.");
  }
}

/** Who sets credit aside, and what it counts against. */
export type Payer = {
  accountId: string;
  userId: string;
  keyId: string | null;
  /** The only products it may buy; null for all. */
  models: string[] | null;
  /** `scope:subject`, with words for people. */
  subjects: Record<string, string>;
};

export type WantedHold = {
  amount: NanoUsd;
  expiresInSeconds: number;
  /** One of the two: a node, or all nodes of an operator. */
  nodeId?: string | undefined;
  operatorId?: string | undefined;
  /** The only resources it is for. */
  resources?: string[] | undefined;
  description: string;
  /** Sent again with the same key, the request is answered with the hold that it made. */
  idempotencyKey?: string | undefined;
};

type Context = { sql: Sql; batcher: Batcher };

/**
 * Sets credit aside for a job, all of it or nothing, against balance and limits like any hold. It belongs to no process:
 * it ends by release or by time. Until it does it is this process's, so that a crash in between leaves nothing behind.
 * Requests with the same idempotency key place one hold, under one id, whichever of them comes through.
 * @throws InsufficientBalanceError, LimitReachedError, NotFoundError, InvalidInputError, TooManyHoldsError,
 * IdempotencyKeyReusedError
 */
export async function holdForJob({ sql, batcher }: Context, payer: Payer, wanted: WantedHold): Promise<JobHoldRow> {
  if (wanted.amount <= 0n) throw new InvalidInputError("amount has to be above zero.", "amount");
  const { accountId, userId, keyId } = payer;
  const keyed = keyedRequest(accountId, wanted);
  const made = keyed && (await jobHoldUnder(sql, keyed));
  if (made) return sameOnly(made);
  const operatorId = await operatorOf(sql, wanted);
  const resources = resourcesOf(payer, wanted);
  const proposed = newId("hold");
  const holdId = keyed ? sameOnly(await claimHoldId(sql, { ...keyed, proposed })).hold_id : proposed;
  // What the platform gives pays for nothing on one's own node.
  const paidOnly = operatorId === accountId;
  const hold = { requestId: holdId, accountId, worst: wanted.amount, floor: wanted.amount, paidOnly };
  await placeHold(batcher, { ...hold, subjects: Object.keys(payer.subjects) }, payer.subjects);
  const { amount, expiresInSeconds, description, nodeId = null } = wanted;
  const row = { holdId, accountId, userId, keyId, operatorId, nodeId, resources };
  return keep({ sql, batcher }, { ...row, description, amount, expiresInSeconds });
}

/** Makes the hold a job's, or lets go of it. */
async function keep({ sql, batcher }: Context, row: NewJobHold): Promise<JobHoldRow> {
  const { holdId, accountId } = row;
  const release = () => releaseHold(batcher, { requestId: holdId, accountId });
  try {
    const kept = await sql.begin((tx) => insertJobHold(tx, { ...row, most: MAX_OPEN }));
    if (kept === "too_many") throw new TooManyHoldsError();
    if (kept === "gone") throw new UnavailableError("The ledger");
    if (kept !== "known") return kept;
  } catch (error) {
    await release();
    throw error;
  }
  // A twin under the same key was first. If its hold has even ended by now, ours was placed anew and is nobody's.
  await release();
  const twin = await jobHold(sql, { holdId, accountId, madeBy: null });
  if (!twin) throw new Error(`hold ${holdId} is known and can't be found`);
  return twin;
}

function keyedRequest(accountId: string, { idempotencyKey: key, ...wanted }: WantedHold): KeyedRequest | null {
  if (key === undefined) return null;
  const { amount, expiresInSeconds, nodeId, operatorId, resources, description } = wanted;
  const asked = [String(amount), expiresInSeconds, nodeId, operatorId, resources, description];
  return { accountId, key, hash: createHash("sha256").update(JSON.stringify(asked)).digest() };
}

function sameOnly<T extends { is_same: boolean }>(found: T): T {
  if (!found.is_same) throw new IdempotencyKeyReusedError();
  return found;
}

/** Ends a hold: what is left of it is spendable again. @throws NotFoundError for somebody else's */
export async function endJobHold(sql: Sql, { holdId, ...holder }: Holder & { holdId: string }): Promise<JobHoldRow> {
  const hold = await jobHold(sql, { holdId, ...holder });
  // Its operator sees it too; a node of the same account must not let others of its people end it.
  const isPayers = hold?.account_id === holder.accountId && (holder.madeBy ?? hold.user_id) === hold.user_id;
  if (!hold || !isPayers) throw new NotFoundError("hold");
  await releaseJobHold(sql, holdId);
  return (await jobHold(sql, { holdId, ...holder })) ?? hold;
}

async function operatorOf(sql: Sql, { nodeId, operatorId }: WantedHold): Promise<string> {
  if ((nodeId === undefined) === (operatorId === undefined)) {
    throw new InvalidInputError("Say for whom: either nodeId or operatorId.", "nodeId");
  }
  if (operatorId !== undefined) {
    if (!(await isOperator(sql, operatorId))) throw new NotFoundError("operator");
    return operatorId;
  }
  const owner = await operatorOfNode(sql, nodeId ?? "");
  if (owner === undefined) throw new NotFoundError("node");
  return owner;
}

/** A key that may buy only some products can't set credit aside for others. */
function resourcesOf({ models }: Payer, { resources }: WantedHold): string[] | null {
  if (models === null) return resources ?? null;
  const foreign = resources?.find((resource) => !models.includes(resource));
  if (foreign !== undefined) {
    throw new InvalidInputError(`This key may not buy ${foreign}. Use one of ${models.join(", ")}.`, "resources");
  }
  return resources ?? models;
}
