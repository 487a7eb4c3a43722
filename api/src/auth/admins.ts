import type { Sql } from "../db/types.ts";
import { InfrError } from "../errors.ts";
import { readSession, type Session } from "./sessions.ts";

/** Signed in, but no administrator of the platform: HTTP 403. */
export class NotAdminError extends InfrError {
  readonly code = "not_admin";
  readonly status = 403;
  constructor() {
    super("Only administrators of the platform may do this. Sign in with one of their wallets.");
  }
}

/** Whether a sign-in gives an administrator's rights. */
export const isAdmin = ({ wallet, adminWallets }: { wallet: string | null; adminWallets: string[] }): boolean =>
  wallet !== null && adminWallets.includes(wallet);

/**
 * Who is signed in, if it is an administrator: somebody who signed in with one of the configured wallets, and still has it.
 * Another way in of the same person, such as a linked e-mail address, gives no such right: it may be easier to steal.
 * @throws SignedOutError, NotAdminError
 */
export async function readAdmin(
  sql: Sql,
  { token, adminWallets }: { token: string | undefined; adminWallets: string[] },
): Promise<Session> {
  const session = await readSession(sql, token);
  if (!isAdmin({ wallet: session.wallet, adminWallets })) throw new NotAdminError();
  return session;
}
