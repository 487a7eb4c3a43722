import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import type { Hex } from "viem";
import type { Sql, Tx } from "../db/types.ts";
import { NotFoundError, SignedOutError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Role } from "../roles.ts";
import { adoptAccounts, ensureAccount, ensureOwner, homeOf, setHome } from "./accounts-store.ts";
import { type EmailSignIn, NoEmailSignInError, type Proof, type Source, withCode } from "./email-codes.ts";
import { userOfEmail, userOfWallet } from "./people-store.ts";
import { attributeReferral } from "./referral-store.ts";
import type { Touch } from "./referral-touch.ts";
import { deleteSession, insertSession, isMember, sessionByHash, sessionIn, setSessionAccount } from "./store.ts";
import { hashSecret, newSalt, newSecret } from "./tokens.ts";

/** How long a sign-in lasts. */
export const SESSION_MS = 7 * 24 * 3_600_000;

/** Who is signed in, and in which account. */
export type Session = { userId: string; accountId: string };

/** Somebody who acts for an account, and what he is in it. */
export type Actor = Session & { role: Role };

/** A sign-in, and the wallet that it was made with; null for an e-mail address, or if the wallet is no longer the user's. */
export type SignedIn = Session & { wallet: string | null };

type Opened = { token: string; session: Session };

/** The link that somebody came through, which counts if he is new; and for how many days it does. */
export type Referral = { touch: Touch; days: number };

/** Signs a verified wallet in: finds or makes its user and his account. @returns the session's secret */
export const openSession = (sql: Sql, owner: Hex, referral: Referral | null = null): Promise<Opened> =>
  sql.begin(async (tx) => begin(tx, { ...(await ensureHome(tx, owner, referral)), wallet: owner.toLowerCase() }));

/** The user of a wallet that has proved itself by a signature, and where he belongs; made if they are new. */
export async function ensureHome(tx: Tx, wallet: Hex, referral: Referral | null = null): Promise<Session> {
  const address = wallet.toLowerCase() as Hex;
  const userId = await userOfWallet(tx, address);
  await adoptAccounts(tx, { address, userId });
  const accountId =
    (await homeOf(tx, userId)) ?? (await openHome(tx, { userId, owner: address, salt: PRIMARY_SALT, referral }));
  return { userId, accountId };
}

/**
 * Signs in whoever has the code that was sent to an e-mail address. The first time that makes a user, and an account that
 * the custodian owns in the contract for him.
 * @throws CodeRefusedError, TooManyAttemptsError, NoEmailSignInError
 */
export async function openSessionByEmail(
  context: EmailSignIn,
  { referral = null, ...proven }: Source & { proof: Proof; referral?: Referral | null },
): Promise<Opened> {
  const custodian = context.config.custodianAddress;
  if (custodian === null) throw new NoEmailSignInError();
  return withCode(context, {
    ...proven,
    prove: async (tx, address) => {
      const userId = await userOfEmail(tx, address);
      const accountId =
        (await homeOf(tx, userId)) ?? (await openHome(tx, { userId, owner: custodian, salt: newSalt(), referral }));
      return begin(tx, { userId, accountId, wallet: null });
    },
  });
}

type Home = { userId: string; owner: Hex; salt: Hex; referral: Referral | null };

/** Where a user's sign-ins lead from now on: his account in the contract is known at once by its ref. */
async function openHome(tx: Tx, home: Home): Promise<string> {
  const { userId, owner, salt, referral } = home;
  const ref = accountRef({ owner, salt });
  const accountId = await ensureAccount(tx, { accountId: newId("acct"), owner, salt, ref, userId });
  // His primary account is in other hands by now.
  if (accountId === null) return openHome(tx, { ...home, salt: newSalt() });
  await ensureOwner(tx, { accountId, userId });
  await setHome(tx, { userId, accountId });
  if (referral !== null) await attributeReferral(tx, { accountId, ...referral });
  return accountId;
}

async function begin(tx: Tx, session: SignedIn): Promise<Opened> {
  const token = newSecret();
  await insertSession(tx, { tokenHash: hashSecret(token), ...session, lifetimeMs: SESSION_MS });
  return { token, session };
}

/** Goes on in another account that the user belongs to. @throws NotFoundError */
export async function switchAccount(sql: Sql, { token, session }: { token: string; session: Session }): Promise<void> {
  if (!(await isMember(sql, session))) throw new NotFoundError("account");
  await setSessionAccount(sql, { tokenHash: hashSecret(token), accountId: session.accountId });
}

/** @throws SignedOutError when there is no such session, or no longer */
export async function readSession(sql: Sql, token: string | undefined): Promise<SignedIn> {
  const row = token === undefined ? undefined : await sessionByHash(sql, hashSecret(token));
  if (!row) throw new SignedOutError();
  return { userId: row.user_id, accountId: row.account_id, wallet: row.wallet };
}

/**
 * Who is signed in, for an account that he belongs to: the one he names, else the one that the session is in.
 * @throws SignedOutError; NotFoundError for an account that is not his, or there is none
 */
export async function readActor(
  sql: Sql,
  { token, accountId }: { token: string | undefined; accountId: string | null },
): Promise<Actor> {
  const row = token === undefined ? undefined : await sessionIn(sql, { tokenHash: hashSecret(token), accountId });
  if (!row) throw new SignedOutError();
  if (row.role === null) throw accountId === null ? new SignedOutError() : new NotFoundError("account");
  return { userId: row.user_id, accountId: row.account_id, role: row.role };
}

export async function closeSession(sql: Sql, token: string | undefined): Promise<void> {
  if (token !== undefined) await deleteSession(sql, hashSecret(token));
}
