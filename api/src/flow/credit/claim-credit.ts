import { deriveVoucherKey, parseVoucherCode, type VoucherKey } from "@infr/protocol";
import { NotFoundError } from "../../errors.ts";
import { claimablesOfKnown, claimById, claimCode } from "./claims-store.ts";
import { hasEmail } from "./gifts-store.ts";
import { MoveRefusedError } from "./move-errors.ts";
import type { MoveContext } from "./move-rules.ts";
import { type MoveRow, recipientById } from "./moves-store.ts";
import type { Redeemer } from "./redeem-gift.ts";
import { type Redemption, redeemVoucher } from "./redeem-voucher.ts";

const MAX_CLAIMS = 100;

/**
 * Claims credit that was sent to an e-mail address: having its link is not enough, the address has to be one that this
 * user has proved to read. Asked again, the answer is how far it has come.
 * @throws NotFoundError, MoveRefusedError; then nothing has changed
 */
export async function claimCredit(
  context: MoveContext,
  { moveId, ...redeemer }: Redeemer & { moveId: string },
): Promise<Redemption> {
  const { sql } = context;
  const row = await claimById(sql, moveId);
  if (!row) throw new NotFoundError("credit to claim");
  if (!(await hasEmail(sql, { ...redeemer, email: row.lock_email ?? "" })))
    throw new MoveRefusedError(
      "not_for_you",
      "This was sent to an e-mail address that is not one of yours. Sign in by that address, or link it in your settings.",
    );
  if (row.state === "pending")
    throw new MoveRefusedError("claim_not_ready", "This is not in the contract yet. Claim it again in a few seconds.");
  if (row.account_id === redeemer.accountId)
    throw new MoveRefusedError("own_account", "This account has sent it. Cancel it there, or claim it into another.");
  const account = await recipientById(sql, redeemer.accountId);
  if (!account) throw new Error(`${redeemer.accountId} vanished`);
  if (account.frozen_reason !== null)
    throw new MoveRefusedError("account_frozen", "This account is frozen: it can't take credit. Write to support.");
  const key = await keyOf(context, row);
  if (!key) throw new Error(`VOUCHER_SECRET is not the one with which ${moveId} was made`);
  const claimed = await redeemVoucher(context, { row, key, account });
  if (!claimed)
    throw new MoveRefusedError(
      "claim_over",
      "This can't be claimed any more: it was claimed into another account, or went back to who sent it. Ask for it to be sent again.",
    );
  return claimed;
}

/**
 * Hands over what waits for addresses that somebody signs in by, to his home account: whoever is here need not claim, and
 * whoever comes by the link has only to sign in.
 */
export async function claimForKnown(context: MoveContext): Promise<void> {
  if (context.voucherSecret === null) return;
  for (const { move_id: moveId, home_account_id: accountId } of await claimablesOfKnown(context.sql, MAX_CLAIMS)) {
    const [row, account] = await Promise.all([claimById(context.sql, moveId), recipientById(context.sql, accountId)]);
    const key = row && (await keyOf(context, row));
    if (row && key && account) await redeemVoucher(context, { row, key, account });
  }
}

/**
 * Made of two halves: one is in the database, the other only in the environment of servers and workers. Null where that
 * is not the secret with which it was made: then nobody can claim it, and it goes back in time.
 */
async function keyOf({ sql, voucherSecret }: MoveContext, row: MoveRow): Promise<VoucherKey | null> {
  if (voucherSecret === null) return null;
  const code = parseVoucherCode(await claimCode(sql, row.move_id));
  const key = deriveVoucherKey({ code, serverSecret: voucherSecret });
  return key.address.toLowerCase() === row.voucher_key ? key : null;
}
