import { type NanoUsd, nanoUsd } from "@infr/money";
import postgres from "postgres";
import type { Tx } from "../../db/types.ts";
import { InfrError, InvalidInputError, NotFoundError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import {
  identitiesOf,
  insertLot,
  isGrantable,
  type LotKind,
  type LotRow,
  readFunding,
  takeIdentities,
} from "./lot-store.ts";

/** Account 1 has not enough in the contract to pay for what would be granted: HTTP 503, and an alert on the room left. */
export class NotCoveredError extends InfrError {
  readonly code = "funding_not_covered";
  readonly status = 503;
  override readonly retryable = true;
  override readonly retryAfterSeconds = 300;
  constructor(options?: ErrorOptions) {
    super(
      "The platform's account in the contract does not cover more platform-funded credit at the moment, so none is granted. Try again later, or add USDC.",
      options,
    );
  }
}

/** What a cause was granted before is something else: HTTP 409. */
export class GrantConflictError extends InfrError {
  readonly code = "grant_conflict";
  readonly status = 409;
  constructor(cause: string) {
    super(`"${cause}" has granted something else before. Use another cause for another grant.`);
  }
}

/** The same person has had this before: HTTP 409. */
export class GrantTakenError extends InfrError {
  readonly code = "grant_taken";
  readonly status = 409;
  constructor(campaign: string) {
    super(`Whoever owns this account has had "${campaign}" before. It is one per person.`);
  }
}

/** How lots are burnt that expire at the same moment: lower first, gifts before what was paid for. */
const PRIORITIES: Record<LotKind, number> = { promo: 10, trial: 20, subscription: 50, enterprise: 80, card: 100 };
/** Every trial is the same one. */
const TRIAL = "trial";
/** Longer than any grant is meant to last. */
const MAX_LIFETIME_MS = 10 * 366 * 86_400_000;

export type Grant = {
  accountId: string;
  kind: LotKind;
  /** Names what it is for: granting it again changes nothing. */
  cause: string;
  amount: NanoUsd;
  /** Paid credit has none. */
  expiresAt: Date | null;
  priority?: number;
  /** Of a promotion: whoever has had it does not get it again. */
  campaign?: string;
};

/**
 * Gives an account platform-funded credit, once per cause.
 * @throws NotCoveredError, GrantConflictError, GrantTakenError, InvalidInputError, NotFoundError
 */
export async function grantLot(tx: Tx, grant: Grant, now: Date): Promise<LotRow> {
  const { accountId, kind, cause, amount, expiresAt } = grant;
  if (amount <= 0n) throw new InvalidInputError("A grant has to be above zero.", "amount");
  checkExpiry(grant, now);
  const campaign = kind === "trial" ? TRIAL : kind === "promo" ? grant.campaign : undefined;
  if (kind === "promo" && campaign === undefined)
    throw new InvalidInputError("A promotion needs the name of its campaign.", "campaign");
  if (!(await isGrantable(tx, accountId))) throw new NotFoundError("account");
  const lotId = newId("lot");
  const priority = grant.priority ?? PRIORITIES[kind];
  const lot = await covered(
    insertLot(tx, { lotId, accountId, kind, cause, amountNano: amount, priority, expiresAt }, now),
  );
  if (lot.account_id !== accountId || lot.kind !== kind || lot.amount_nano !== amount)
    throw new GrantConflictError(cause);
  if (lot.lot_id !== lotId) return lot;
  if (campaign === undefined) return lot;
  const identities = await identitiesOf(tx, accountId);
  if (!(await takeIdentities(tx, { campaign, identities, lotId }))) throw new GrantTakenError(campaign);
  return lot;
}

function checkExpiry({ kind, expiresAt }: Grant, now: Date): void {
  if (kind === "card" && expiresAt !== null) throw new InvalidInputError("Paid credit does not expire.", "expiresAt");
  if (["promo", "trial", "subscription"].includes(kind) && expiresAt === null)
    throw new InvalidInputError(`A ${kind} grant needs a moment at which it expires.`, "expiresAt");
  if (expiresAt === null) return;
  const lifetimeMs = expiresAt.getTime() - now.getTime();
  if (lifetimeMs <= 0 || lifetimeMs > MAX_LIFETIME_MS)
    throw new InvalidInputError("It has to expire in the future, within ten years.", "expiresAt");
}

/** How much more can be granted; below zero if account 1 covers less than it has to. */
export const fundingRoom = async (sql: Parameters<typeof readFunding>[0]): Promise<NanoUsd> =>
  nanoUsd((await readFunding(sql)).room_nano);

async function covered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof postgres.PostgresError && error.constraint_name === "lots_are_covered")
      throw new NotCoveredError({ cause: error });
    throw error;
  }
}
