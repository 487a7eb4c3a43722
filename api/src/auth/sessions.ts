import { accountRef } from "@infr/protocol";
import type { Sql } from "../db/types.ts";
import { SignedOutError } from "../errors.ts";
import { newId } from "../ids.ts";
import { deleteSession, ensureAccount, ensureOwner, insertSession, sessionByHash, userOfWallet } from "./store.ts";
import { hashSecret, newSecret } from "./tokens.ts";

/** How long a sign-in lasts. */
export const SESSION_MS = 7 * 24 * 3_600_000;
const PRIMARY_SALT = `0x${"0".repeat(64)}` as const;

/** Who is signed in, and in which account. */
export type Session = { userId: string; accountId: string };

/** Signs a verified wallet in: finds or makes its user and its primary account. @returns the session's secret */
export async function openSession(sql: Sql, owner: `0x${string}`): Promise<{ token: string; session: Session }> {
  const token = newSecret();
  const address = owner.toLowerCase() as `0x${string}`;
  const session = await sql.begin(async (tx) => {
    const userId = await userOfWallet(tx, { address, newUserId: newId("user") });
    const ref = accountRef({ owner: address, salt: PRIMARY_SALT });
    const accountId = await ensureAccount(tx, { accountId: newId("acct"), owner: address, salt: PRIMARY_SALT, ref });
    await ensureOwner(tx, { accountId, userId });
    await insertSession(tx, { tokenHash: hashSecret(token), userId, accountId, lifetimeMs: SESSION_MS });
    return { userId, accountId };
  });
  return { token, session };
}

/** @throws SignedOutError when there is no such session, or no longer */
export async function readSession(sql: Sql, token: string | undefined): Promise<Session> {
  const row = token === undefined ? undefined : await sessionByHash(sql, hashSecret(token));
  if (!row) throw new SignedOutError();
  return { userId: row.user_id, accountId: row.account_id };
}

export async function closeSession(sql: Sql, token: string | undefined): Promise<void> {
  if (token !== undefined) await deleteSession(sql, hashSecret(token));
}
