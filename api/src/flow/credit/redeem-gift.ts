import { deriveVoucherKey, MalformedVoucherCodeError, parseVoucherCode, type VoucherKey } from "@infr/protocol";
import { giftUnder, hasEmail, hasWallet } from "./gifts-store.ts";
import { CodeRefusedError, MoveRefusedError } from "./move-errors.ts";
import type { MoveContext } from "./move-rules.ts";
import { type MoveRow, recipientById } from "./moves-store.ts";
import { type Redemption, redeemVoucher } from "./redeem-voucher.ts";

/** Who redeems: an account, and who of its people. */
export type Redeemer = { accountId: string; userId: string };

/**
 * Redeems a code: of all who send it at once, one has the gift; sent again by him, the answer is how far it has come. The
 * voucher is asked for on-chain with a signature of the code's own key, which is forgotten after it: an account that has to
 * be opened first has to send the code again, and nobody else gets the gift meanwhile.
 * @throws CodeRefusedError, which is always the same; MoveRefusedError for a frozen account
 */
export async function redeemGift(context: MoveContext, redeemer: Redeemer, text: string): Promise<Redemption> {
  const { sql } = context;
  const account = await recipientById(sql, redeemer.accountId);
  if (!account) throw new Error(`${redeemer.accountId} vanished`);
  if (account.frozen_reason !== null)
    throw new MoveRefusedError("account_frozen", "This account is frozen: it can't redeem codes. Write to support.");
  const keys = keysOf(context, text);
  const row = await giftUnder(
    sql,
    keys.map(({ address }) => address.toLowerCase()),
  );
  const key = keys.find(({ address }) => address.toLowerCase() === row?.voucher_key);
  if (!row || !key || !(await isFor(context, { row, redeemer }))) throw new CodeRefusedError();
  const redemption = await redeemVoucher(context, { row, key, account });
  if (!redemption) throw new CodeRefusedError();
  return redemption;
}

/** The keys that a code can stand for: of one for everybody, and of one for a single person. @throws CodeRefusedError */
function keysOf({ voucherSecret }: MoveContext, text: string): VoucherKey[] {
  try {
    const code = parseVoucherCode(text);
    const open = deriveVoucherKey({ code });
    return voucherSecret === null ? [open] : [open, deriveVoucherKey({ code, serverSecret: voucherSecret })];
  } catch (error) {
    if (error instanceof MalformedVoucherCodeError) throw new CodeRefusedError();
    throw error;
  }
}

type Asked = { row: MoveRow; redeemer: Redeemer };

async function isFor({ sql }: MoveContext, { row, redeemer }: Asked): Promise<boolean> {
  if (row.lock_email !== null) return hasEmail(sql, { ...redeemer, email: row.lock_email });
  return row.lock_wallet === null || hasWallet(sql, { ...redeemer, wallet: row.lock_wallet });
}
