import type { Queryable, Sql, Tx } from "../../db/types.ts";
import { type MoveRow, moveRows } from "./moves-store.ts";

/** A gift of the account that gives it. */
export async function giftOf(
  sql: Queryable,
  { moveId, accountId }: { moveId: string; accountId: string },
): Promise<MoveRow | undefined> {
  const [row] = await sql<MoveRow[]>`
    ${moveRows(sql)} where m.move_id = ${moveId} and m.account_id = ${accountId} and m.kind = 'gift'`;
  return row;
}

/** The gifts of an account, newest first; `before` is the last id of the previous page. */
export async function giftsOf(
  sql: Queryable,
  { accountId, before, limit }: { accountId: string; before: string | null; limit: number },
): Promise<MoveRow[]> {
  return sql<MoveRow[]>`
    ${moveRows(sql)} where m.account_id = ${accountId} and m.kind = 'gift'
      ${before === null ? sql`` : sql`and m.move_id < ${before}`}
    order by m.move_id desc limit ${limit}`;
}

/** The gift that stands under one of these keys. */
export async function giftUnder(sql: Queryable, voucherKeys: string[]): Promise<MoveRow | undefined> {
  const [row] = await sql<MoveRow[]>`${moveRows(sql)} where m.voucher_key in ${sql(voucherKeys)}`;
  return row;
}

/** Whether a wallet signs in to an account, or owns it. */
export async function hasWallet(
  sql: Queryable,
  { accountId, userId, wallet }: { accountId: string; userId: string; wallet: string },
): Promise<boolean> {
  const rows = await sql`
    select from accounts a where account_id = ${accountId} and current_owner(a) = ${wallet}
    union all
    select from wallets where user_id = ${userId} and address = ${wallet}`;
  return rows.length > 0;
}

/** Whether a user has proved to read an e-mail address; in lower case. */
export async function hasEmail(sql: Queryable, { userId, email }: { userId: string; email: string }): Promise<boolean> {
  const rows = await sql`select from emails where user_id = ${userId} and lower(address) = ${email}`;
  return rows.length > 0;
}

/** Takes a gift or claim for an account, so that nobody else can redeem it meanwhile. The row stays locked. */
export async function takeGift(
  tx: Tx,
  { moveId, accountId, now }: { moveId: string; accountId: string; now: bigint },
): Promise<"taken" | "sent" | "lost"> {
  const [row] = await tx<[{ outcome: "taken" | "sent" | "lost" }]>`
    select take_gift(${moveId}, ${accountId}, ${now}) as outcome`;
  return row.outcome;
}

/** Notes by which transaction a gift leaves its voucher. */
export async function setClosing(
  tx: Tx,
  { moveId, transactionId }: { moveId: string; transactionId: string },
): Promise<void> {
  await tx`update moves set closing_transaction_id = ${transactionId} where move_id = ${moveId}`;
}

/** What the chain refused leaves its gift as it was: it may be redeemed, or go back, once more. */
export async function releaseRefused(sql: Sql): Promise<void> {
  await sql`
    update moves m set closing_transaction_id = null, redeemer_id = null, redeemer_at = null
    from transactions t
    where m.closing_transaction_id = t.transaction_id and m.state = 'active' and t.state = 'failed'
      and t.updated_at < now() - interval '2 seconds'`;
}

/** Gifts whose time is over and that nothing takes back yet. */
export async function lapsedGifts(sql: Sql, { now, limit }: { now: bigint; limit: number }): Promise<MoveRow[]> {
  return sql<MoveRow[]>`
    ${moveRows(sql)} where m.state = 'active' and m.expiry < ${now} and m.closing_transaction_id is null
    order by m.expiry limit ${limit}`;
}

/** Locks a gift that nothing takes from its voucher. @returns false if something does, or has */
export async function lockActive(tx: Tx, moveId: string): Promise<boolean> {
  const locked = await tx`
    select from moves where move_id = ${moveId} and state = 'active' and closing_transaction_id is null for update`;
  return locked.length === 1;
}

/** Nobody can redeem it here any more. @returns false if it is not active, or being redeemed */
export async function setRevoked(tx: Tx, moveId: string): Promise<boolean> {
  const rows = await tx`
    update moves set revoked_at = coalesce(revoked_at, now())
    where move_id = ${moveId} and state = 'active' and (closing_transaction_id is null or revoked_at is not null)
    returning move_id`;
  return rows.length === 1;
}

/** What was under a voucher's key has gone to an account, by its key or back to who gave it. @returns the move's id */
export async function setClosed(
  tx: Tx,
  closed: { voucherKey: string; accountId: string; isRedeemed: boolean; eventId: string },
): Promise<string[]> {
  const rows = await tx<Array<{ move_id: string }>>`
    update moves set closed_event_id = ${closed.eventId},
      state = case when ${closed.isRedeemed} then 'redeemed' when revoked_at is not null then 'revoked' else 'expired' end,
      redeemer_id = case when ${closed.isRedeemed} then ${closed.accountId} end,
      redeemer_at = case when ${closed.isRedeemed} then now() end
    where voucher_key = ${closed.voucherKey} and state = 'active'
    returning move_id`;
  return rows.map(({ move_id: moveId }) => moveId);
}

/** The event was reorganised away: the voucher is there again, and whoever had redeemed it has it still. */
export async function unsetClosed(tx: Tx, eventId: string): Promise<void> {
  await tx`update moves set state = 'active', closed_event_id = null where closed_event_id = ${eventId}`;
}
