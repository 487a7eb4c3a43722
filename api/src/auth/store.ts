import type { Queryable, Sql, Tx } from "../db/types.ts";

export type AccountRow = {
  account_id: string;
  owner: string;
  ref: string;
  chain_account: bigint | null;
  created_at: Date;
};

export async function saveNonce(sql: Sql, { nonce, lifetimeMs }: { nonce: string; lifetimeMs: number }): Promise<void> {
  await sql`delete from sign_in_nonces where expires_at < now()`;
  await sql`
    insert into sign_in_nonces (nonce, expires_at)
    values (${nonce}, now() + make_interval(secs => ${lifetimeMs / 1000}))`;
}

/** Uses a nonce up. @returns false if it was never given out, is used, or has expired */
export async function takeNonce(sql: Sql, nonce: string): Promise<boolean> {
  const rows = await sql<Array<{ valid: boolean }>>`
    delete from sign_in_nonces where nonce = ${nonce} returning expires_at > now() as valid`;
  return rows[0]?.valid === true;
}

/** The user of a wallet. Two first sign-ins at once make one user. */
export async function userOfWallet(
  tx: Tx,
  { address, newUserId }: { address: string; newUserId: string },
): Promise<string> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${address}, 0))`;
  const [known] = await tx<Array<{ user_id: string }>>`select user_id from wallets where address = ${address}`;
  if (known) return known.user_id;
  await tx`insert into users (user_id) values (${newUserId})`;
  await tx`insert into wallets (address, user_id) values (${address}, ${newUserId})`;
  return newUserId;
}

/** The account of a ref, made if nobody has it yet: a deposit may have opened it before its owner ever signed in. */
export async function ensureAccount(
  tx: Tx,
  account: { accountId: string; owner: string; salt: string; ref: string },
): Promise<string> {
  await tx`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${account.accountId}, 'personal', ${account.owner}, ${account.salt}, ${account.ref})
    on conflict (ref) do update set salt = excluded.salt`;
  const [row] = await tx<Array<{ account_id: string }>>`select account_id from accounts where ref = ${account.ref}`;
  if (!row) throw new Error(`account of ref ${account.ref} vanished`);
  return row.account_id;
}

export async function ensureOwner(tx: Tx, { accountId, userId }: { accountId: string; userId: string }): Promise<void> {
  await tx`
    insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'owner')
    on conflict do nothing`;
}

export async function isMember(
  sql: Queryable,
  { accountId, userId }: { accountId: string; userId: string },
): Promise<boolean> {
  const rows = await sql`select from account_members where account_id = ${accountId} and user_id = ${userId}`;
  return rows.length === 1;
}

export async function accountById(sql: Queryable, accountId: string): Promise<AccountRow | undefined> {
  const [row] = await sql<AccountRow[]>`
    select account_id, owner, ref, chain_account, created_at from accounts where account_id = ${accountId}`;
  return row;
}

export async function insertSession(
  tx: Tx,
  session: { tokenHash: Buffer; userId: string; accountId: string; lifetimeMs: number },
): Promise<void> {
  await tx`
    insert into sessions (token_hash, user_id, account_id, expires_at)
    values (${session.tokenHash}, ${session.userId}, ${session.accountId},
      now() + make_interval(secs => ${session.lifetimeMs / 1000}))`;
}

export async function sessionByHash(
  sql: Sql,
  tokenHash: Buffer,
): Promise<{ user_id: string; account_id: string } | undefined> {
  const [row] = await sql<Array<{ user_id: string; account_id: string }>>`
    select user_id, account_id from sessions where token_hash = ${tokenHash} and expires_at > now()`;
  return row;
}

export async function deleteSession(sql: Sql, tokenHash: Buffer): Promise<void> {
  await sql`delete from sessions where token_hash = ${tokenHash}`;
}
