import type { Queryable, Tx } from "../db/types.ts";
import { newId } from "../ids.ts";

/** The user of a wallet. Two first sign-ins at once make one user. */
export async function userOfWallet(tx: Tx, address: string): Promise<string> {
  await lockAddress(tx, address);
  const [known] = await tx<Array<{ user_id: string }>>`select user_id from wallets where address = ${address}`;
  if (known) return known.user_id;
  const userId = await insertUser(tx);
  await tx`insert into wallets (address, user_id) values (${address}, ${userId})`;
  return userId;
}

/** The user of an e-mail address that somebody has just proved to read. Two first sign-ins at once make one user. */
export async function userOfEmail(tx: Tx, address: string): Promise<string> {
  await lockAddress(tx, address.toLowerCase());
  const known = await knownUserOfEmail(tx, address);
  if (known !== null) return known;
  const userId = await insertUser(tx);
  await insertEmail(tx, { address, userId });
  return userId;
}

/** Whose e-mail address it is, or null. Case does not count. */
export async function knownUserOfEmail(sql: Queryable, address: string): Promise<string | null> {
  const [known] = await sql<Array<{ user_id: string }>>`
    select user_id from emails where lower(address) = ${address.toLowerCase()}`;
  return known?.user_id ?? null;
}

async function insertUser(tx: Tx): Promise<string> {
  const userId = newId("user");
  await tx`insert into users (user_id) values (${userId})`;
  return userId;
}

/** Whoever signs in by an address, or links it, at the same time as others waits for them. */
async function lockAddress(tx: Tx, address: string): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${address}, 0))`;
}

const insertEmail = (tx: Tx, { address, userId }: { address: string; userId: string }) =>
  tx`insert into emails (email_id, user_id, address) values (${newId("email")}, ${userId}, ${address})`;

type Linked = "linked" | "theirs" | "others";

/** Makes a wallet one of a user's. @returns whether it is now, was before, or is somebody else's */
export async function linkWalletRow(tx: Tx, { address, userId }: { address: string; userId: string }): Promise<Linked> {
  await lockAddress(tx, address);
  const [known] = await tx<Array<{ user_id: string }>>`select user_id from wallets where address = ${address}`;
  if (known) return known.user_id === userId ? "theirs" : "others";
  await tx`insert into wallets (address, user_id) values (${address}, ${userId})`;
  return "linked";
}

/** The same for an e-mail address. */
export async function linkEmailRow(tx: Tx, { address, userId }: { address: string; userId: string }): Promise<Linked> {
  await lockAddress(tx, address.toLowerCase());
  const known = await knownUserOfEmail(tx, address);
  if (known !== null) return known === userId ? "theirs" : "others";
  await insertEmail(tx, { address, userId });
  return "linked";
}

/** Nobody else links or unlinks anything of this user until the transaction ends. */
export async function lockUser(tx: Tx, userId: string): Promise<void> {
  await tx`select from users where user_id = ${userId} for no key update`;
}

export type WalletRow = { address: string; created_at: Date };
export type EmailRow = { email_id: string; address: string; verified_at: Date };

/** How a user can sign in, oldest first. */
export async function waysIn(sql: Queryable, userId: string): Promise<{ wallets: WalletRow[]; emails: EmailRow[] }> {
  const wallets = await sql<WalletRow[]>`
    select address, created_at from wallets where user_id = ${userId} order by created_at, address`;
  const emails = await sql<EmailRow[]>`
    select email_id, address, verified_at from emails where user_id = ${userId} order by verified_at, email_id`;
  return { wallets: [...wallets], emails: [...emails] };
}

export async function deleteWallet(tx: Tx, { address, userId }: { address: string; userId: string }): Promise<boolean> {
  const gone = await tx`delete from wallets where address = ${address} and user_id = ${userId} returning address`;
  return gone.length === 1;
}

/** @returns the address, or null if the user has no such e-mail */
export async function deleteEmail(
  tx: Tx,
  { emailId, userId }: { emailId: string; userId: string },
): Promise<string | null> {
  const [gone] = await tx<Array<{ address: string }>>`
    delete from emails where email_id = ${emailId} and user_id = ${userId} returning address`;
  return gone?.address ?? null;
}

/** Ends a user's sessions, all but one. */
export async function endOtherSessions(
  tx: Tx,
  { userId, tokenHash }: { userId: string; tokenHash: Buffer },
): Promise<void> {
  await tx`delete from sessions where user_id = ${userId} and token_hash <> ${tokenHash}`;
}
