import { microUsdc, nanoUsd } from "@infr/money";
import type { Sql } from "../../db/types.ts";
import { NotFoundError } from "../../errors.ts";
import { type ClearanceRow, endMove, placeClearance } from "./clearing-store.ts";
import { MoveRefusedError, refusalOf } from "./move-errors.ts";
import { termsOf } from "./move-order.ts";
import type { MoveContext } from "./move-rules.ts";
import {
  lastingNumber,
  type MoveRow,
  moveById,
  moveOf,
  nonceAfterPending,
  readSharer,
  saveTerms,
} from "./moves-store.ts";
import { readOwner } from "./read-owner.ts";

/** Chain time for which a signature is good. What is set aside for a move that never comes waits as long. */
const VALID_SECONDS = 600n;
/** With less than this left, what is to be signed is made anew. */
const LEAST_SECONDS = 120n;

/** Whom the contract lets redeem a voucher: whoever has its key. */
const ANYBODY = 0;

/** A move of the account that gives. @throws NotFoundError */
export async function mustFind(sql: Sql, id: { moveId: string; accountId: string }): Promise<MoveRow> {
  const row = await moveOf(sql, id);
  if (!row) throw new NotFoundError("move");
  return row;
}

/**
 * Sees to it that what is to be signed can be: that the nonce is the next one and the deadline far enough away. Until the
 * recipient has a number that stays his there is nothing to sign. Where the custodian owns the account, asking is enough.
 */
export async function offerTerms(context: MoveContext, row: MoveRow): Promise<MoveRow> {
  const { sql, chain, custodian } = context;
  if (row.state !== "awaiting_signature") return row;
  const [sharer, toNumber] = await Promise.all([
    readSharer(sql, { accountId: row.account_id, userId: row.user_id }),
    row.recipient_id === null ? ANYBODY : lastingNumber(sql, row.recipient_id),
  ]);
  if (sharer.chain_account === null || toNumber === null) return row;
  const fromNumber = Number(sharer.chain_account);
  const [{ owner, nonce: onChain }, afterPending, { timestamp }] = await Promise.all([
    readOwner(chain, fromNumber),
    nonceAfterPending(sql, row.account_id),
    chain.client.getBlock(),
  ]);
  const nonce = afterPending > onChain ? afterPending : onChain;
  const isCustodial = owner.toLowerCase() === custodian;
  const now = termsOf(row);
  const isGood =
    now?.nonce === nonce &&
    now.fromNumber === fromNumber &&
    now.toNumber === toNumber &&
    row.is_custodial === isCustodial &&
    BigInt(now.deadline) >= timestamp + LEAST_SECONDS;
  const deadline = Number(timestamp + VALID_SECONDS);
  if (!isGood) await saveTerms(sql, row.move_id, { fromNumber, toNumber, nonce, deadline, isCustodial });
  if (isCustodial) await submitForCustodian(context, row.move_id);
  return mustFind(sql, { moveId: row.move_id, accountId: row.account_id });
}

/** Sets aside what an account gives that the custodian owns. What can't be set aside now ends: nobody asks twice. */
async function submitForCustodian({ sql, sharing }: MoveContext, moveId: string): Promise<void> {
  const { nonce, deadline, amount_micro: amount } = await mustHaveTerms(sql, moveId);
  try {
    const placed = await placeClearance(sql, { moveId, nonce, deadline, signature: null, cap: sharing.perDay });
    const { outcome } = placed;
    if (outcome === "held" || outcome === "known" || outcome === "outdated") return;
    throw refusalOf({ outcome, amount: microUsdc(amount), ...leftOf(placed) });
  } catch (error) {
    if (!(error instanceof MoveRefusedError)) throw error;
    await endMove(sql, { moveId, state: "failed", reason: error.message });
  }
}

async function mustHaveTerms(sql: Sql, moveId: string) {
  const row = await moveById(sql, moveId);
  if (row?.nonce == null || row.deadline === null) throw new Error(`${moveId} has no terms`);
  return { ...row, nonce: row.nonce, deadline: row.deadline };
}

/** What a clearance left, or would have. */
export const leftOf = (placed: ClearanceRow) => ({
  shareable: nanoUsd(placed.shareable_nano),
  funded: nanoUsd(placed.funded_nano),
  capLeft: nanoUsd(placed.cap_left_nano),
});
