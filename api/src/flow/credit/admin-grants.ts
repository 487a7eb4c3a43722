import { formatUsd } from "@infr/money";
import type { Sql } from "../../db/types.ts";
import { InfrError, NotFoundError } from "../../errors.ts";
import { type Grant, grantLot } from "./grant-lot.ts";
import { type LotRow, lotOf, noteAct, setClaim, settleLots } from "./lot-store.ts";

/** What an administrator may grant by hand: subscriptions and cards come from their payments. */
export type ManualKind = "promo" | "trial" | "enterprise";
const MANUAL: readonly string[] = ["promo", "trial", "enterprise"] satisfies ManualKind[];

/** The grant is of a kind that is not revoked by hand: HTTP 409. */
export class NotRevocableError extends InfrError {
  readonly code = "not_revocable";
  readonly status = 409;
  constructor(kind: string) {
    super(`Credit from a ${kind} was paid for. Refund the payment instead of revoking it.`);
  }
}

/** Grants, and notes who did. The same cause grants once. */
export const grantByHand = (
  sql: Sql,
  { userId, grant, now }: { userId: string; grant: Grant & { kind: ManualKind }; now: Date },
): Promise<LotRow> =>
  sql.begin(async (tx) => {
    const lot = await grantLot(tx, grant, now);
    const { amount, accountId, kind, cause } = grant;
    await noteAct(tx, {
      userId,
      act: "grant",
      subjectId: lot.lot_id,
      details: { accountId, kind, cause, amount: formatUsd(amount) },
    });
    return lot;
  });

/**
 * Takes back what is left of a grant; what running requests hold of it as soon as they end.
 * @throws NotFoundError, NotRevocableError
 */
export const revokeGrant = (
  sql: Sql,
  { userId, lotId, now }: { userId: string; lotId: string; now: Date },
): Promise<LotRow> =>
  sql.begin(async (tx) => {
    const lot = await lotOf(tx, lotId);
    if (!lot) throw new NotFoundError("grant");
    if (!MANUAL.includes(lot.kind)) throw new NotRevocableError(lot.kind);
    const accountId = lot.account_id;
    await settleLots(tx, { accountId, now });
    await setClaim(tx, { lotId, claim: "revoked", claimedNano: lot.amount_nano });
    await settleLots(tx, { accountId, now });
    await noteAct(tx, { userId, act: "revoke", subjectId: lotId, details: { accountId } });
    return (await lotOf(tx, lotId)) ?? lot;
  });
