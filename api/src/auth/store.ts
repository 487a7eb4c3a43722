import type { Queryable, Sql, Tx } from "../db/types.ts";
import type { Role } from "../roles.ts";

export type AccountRow = {
  account_id: string;
  kind: "personal" | "team";
  /** Of a team. */
  name: string | null;
  owner: string;
  /** Who owns it in the contract now: it may have changed hands. */
  current_owner: string;
  salt: string | null;
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

export async function isMember(
  sql: Queryable,
  { accountId, userId }: { accountId: string; userId: string },
): Promise<boolean> {
  const rows = await sql`select from account_members where account_id = ${accountId} and user_id = ${userId}`;
  return rows.length === 1;
}

export async function accountById(sql: Queryable, accountId: string): Promise<AccountRow | undefined> {
  const [row] = await sql<AccountRow[]>`
    select account_id, kind, t.name, owner, salt, ref, chain_account, a.created_at,
      current_owner(a) as current_owner
    from accounts a left join teams t using (account_id) where account_id = ${accountId}`;
  return row;
}

/** Whether an account is frozen: it spends nothing then. */
export async function isFrozen(sql: Queryable, accountId: string): Promise<boolean> {
  const rows = await sql`select from accounts where account_id = ${accountId} and frozen_reason is not null`;
  return rows.length === 1;
}

export async function insertSession(
  tx: Tx,
  session: { tokenHash: Buffer; userId: string; accountId: string; wallet: string | null; lifetimeMs: number },
): Promise<void> {
  await tx`
    insert into sessions (token_hash, user_id, account_id, wallet, expires_at)
    values (${session.tokenHash}, ${session.userId}, ${session.accountId}, ${session.wallet},
      now() + make_interval(secs => ${session.lifetimeMs / 1000}))`;
}

type SessionRow = { user_id: string; account_id: string; wallet: string | null };

export async function sessionByHash(sql: Sql, tokenHash: Buffer): Promise<SessionRow | undefined> {
  const [row] = await sql<SessionRow[]>`
    select s.user_id, s.account_id, w.address as wallet
    from sessions s left join wallets w on w.address = s.wallet and w.user_id = s.user_id
    where s.token_hash = ${tokenHash} and s.expires_at > now()`;
  return row;
}

type ActorRow = { user_id: string; account_id: string; role: Role | null };

/** A session for an account, or for the one that it is in; without a role where its user does not belong to it. */
export async function sessionIn(
  sql: Sql,
  { tokenHash, accountId }: { tokenHash: Buffer; accountId: string | null },
): Promise<ActorRow | undefined> {
  const [row] = await sql<ActorRow[]>`
    select s.user_id, a.account_id, m.role
    from sessions s
    cross join lateral (select coalesce(${accountId}, s.account_id) as account_id) a
    left join account_members m on m.account_id = a.account_id and m.user_id = s.user_id
    where s.token_hash = ${tokenHash} and s.expires_at > now()`;
  return row;
}

/** What somebody is in an account, which he stays until the transaction ends; null: nothing. */
export async function lockRole(
  tx: Tx,
  { accountId, userId }: { accountId: string; userId: string },
): Promise<Role | null> {
  const [row] = await tx<Array<{ role: Role }>>`
    select role from account_members where account_id = ${accountId} and user_id = ${userId} for share`;
  return row?.role ?? null;
}

export async function deleteSession(sql: Sql, tokenHash: Buffer): Promise<void> {
  await sql`delete from sessions where token_hash = ${tokenHash}`;
}

export async function setSessionAccount(
  sql: Sql,
  { tokenHash, accountId }: { tokenHash: Buffer; accountId: string },
): Promise<void> {
  await sql`update sessions set account_id = ${accountId} where token_hash = ${tokenHash}`;
}
