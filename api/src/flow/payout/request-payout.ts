import type { Chain } from "../../chain/open.ts";
import type { Sql } from "../../db/types.ts";
import { InfrError, NotFoundError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { refuseListed } from "../../screening/screen-wallet.ts";
import type { Screener } from "../../screening/screener.ts";
import type { OffRamp } from "./off-ramp.ts";
import { recipientOf } from "./off-ramp-store.ts";
import { readStandings, type Standing } from "./read-standings.ts";
import {
  cancelPending,
  chainAccountOf,
  insertRequest,
  openPayoutOf,
  type PayoutMethod,
  type PayoutRow,
  payoutById,
} from "./store.ts";
import { earned, explain, MIN_PAYOUT, needsVerification } from "./terms.ts";

/** The contract would not pay this earner, for a reason that asking again does not change. */
export class PayoutRefusedError extends InfrError {
  readonly code: "payout_suspended" | "payout_below_minimum" | "verification_required" | "payout_address";
  readonly status: number;

  constructor(code: PayoutRefusedError["code"], message: string) {
    super(message);
    this.code = code;
    this.status = code === "payout_suspended" || code === "verification_required" ? 403 : 422;
  }
}

/** There is an open payout, asked for otherwise. */
export class PayoutOpenError extends InfrError {
  readonly code = "payout_open";
  readonly status = 409;

  constructor(payoutId: string) {
    super(
      `The payout ${payoutId} is open and pays all that is available. Wait for it, or cancel it while it is pending.`,
    );
  }
}

/** Bank payouts are not set up, here or for this account. */
export class BankNotReadyError extends InfrError {
  readonly code = "bank_not_ready";
  readonly status = 422;
}

/** There was nothing left to cancel. */
export class PayoutNotPendingError extends InfrError {
  readonly code = "payout_not_pending";
  readonly status = 409;

  constructor(state: string) {
    super(`This payout is ${state}: only a pending one can be canceled.`);
  }
}

export type PayoutContext = { sql: Sql; chain: Chain; offRamp: OffRamp | null; screener: Screener | null };

/**
 * Asks for all that is or becomes available to be paid: to the wallet that the contract names, or on to a bank. What is
 * still held is waited for. Asking again while the payout is open gives the same one.
 * @throws PayoutRefusedError, BankNotReadyError, PayoutOpenError
 */
export async function requestPayout(
  context: PayoutContext,
  { accountId, method }: { accountId: string; method: PayoutMethod },
): Promise<PayoutRow> {
  const { sql, chain } = context;
  const earner = await chainAccountOf(sql, accountId);
  if (earner === null)
    throw new PayoutRefusedError("payout_below_minimum", "You have earned nothing yet: payouts begin at $10.");
  const { earners, at } = await readStandings(chain, [earner]);
  const standing = earners.get(earner);
  if (!standing) throw new Error(`nothing is known of earner ${earner}`);
  const owed = method === "bank" ? await checkBank(context, { accountId, standing }) : 0n;
  if (method === "wallet") checkWallet(context, standing);
  await refuseListed(context, standing.payoutTo);
  if (owed < MIN_PAYOUT) checkStanding(standing, at);
  const payoutId = newId("payout");
  await insertRequest(sql, { payoutId, accountId, method });
  const open = await openPayoutOf(sql, accountId);
  // Between the two it may have been pushed already: then it is found by its id.
  const row = open ?? (await payoutById(sql, { payoutId, accountId }));
  if (!row) return requestPayout(context, { accountId, method });
  if (row.method !== method) throw new PayoutOpenError(row.payout_id);
  return row;
}

/** Calls off a payout that nothing was done for yet. @throws NotFoundError, PayoutNotPendingError */
export async function cancelPayout(sql: Sql, id: { payoutId: string; accountId: string }): Promise<PayoutRow> {
  const canceled = await cancelPending(sql, id);
  const row = await payoutById(sql, id);
  if (!row) throw new NotFoundError("payout");
  if (!canceled && row.state !== "canceled") throw new PayoutNotPendingError(row.state);
  return row;
}

function checkStanding(standing: Standing, at: Date): void {
  if (standing.suspendedUntil) throw new PayoutRefusedError("payout_suspended", explain("suspended", { standing, at }));
  if (earned(standing) < MIN_PAYOUT)
    throw new PayoutRefusedError("payout_below_minimum", explain("below_minimum", { standing, at }));
  const next = standing.available < MIN_PAYOUT ? earned(standing) : standing.available;
  if (needsVerification(standing, next))
    throw new PayoutRefusedError("verification_required", explain("unverified", { standing, at }));
}

function checkWallet({ offRamp }: PayoutContext, standing: Standing): void {
  if (offRamp?.address !== standing.payoutTo.toLowerCase()) return;
  throw new PayoutRefusedError(
    "payout_address",
    `The contract pays your earnings to the off-ramp, ${standing.payoutTo}. Ask for a payout by bank, or set another payout address in the contract.`,
  );
}

/** @returns what the off-ramp holds for the account from before, in µUSDC */
async function checkBank(
  { sql, offRamp }: PayoutContext,
  { accountId, standing }: { accountId: string; standing: Standing },
): Promise<bigint> {
  if (!offRamp) throw new BankNotReadyError("Payouts to a bank are not offered here. Ask for one to your wallet.");
  const recipient = await recipientOf(sql, { accountId, provider: offRamp.provider });
  if (!recipient?.enabled)
    throw new BankNotReadyError(
      "Your bank details are not complete. Open the link of POST /api/payouts/bank and finish.",
    );
  if (recipient.owed_micro >= MIN_PAYOUT) return recipient.owed_micro;
  if (standing.payoutTo.toLowerCase() !== offRamp.address)
    throw new PayoutRefusedError(
      "payout_address",
      `The contract pays to ${standing.payoutTo}. Set your payout address to the off-ramp's, ${offRamp.address}, with setPayoutTo; it counts after 24 hours.`,
    );
  return 0n;
}
