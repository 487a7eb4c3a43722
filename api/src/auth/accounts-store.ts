import type { Queryable, Tx } from "../db/types.ts";
import type { Role } from "../roles.ts";

/** The account that a user's sign-ins lead to, if he still belongs to it. */
export async function homeOf(sql: Queryable, userId: string): Promise<string | null> {
  const [row] = await sql<Array<{ account_id: string }>>`
    select m.account_id from users u join account_members m on m.user_id = u.user_id and m.account_id = u.home_account_id
    where u.user_id = ${userId}`;
  return row?.account_id ?? null;
}

export async function setHome(tx: Tx, { userId, accountId }: { userId: string; accountId: string }): Promise<void> {
  await tx`update users set home_account_id = ${accountId} where user_id = ${userId}`;
}

type NewAccount = { accountId: string; owner: string; salt: string; ref: string };

/**
 * The account of a ref, made if there is none: a deposit may have opened it before its owner ever signed in.
 * @returns null where it is not this owner's any more, or other people's
 */
export async function ensureAccount(tx: Tx, account: NewAccount & { userId: string }): Promise<string | null> {
  await tx`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${account.accountId}, 'personal', ${account.owner}, ${account.salt}, ${account.ref})
    on conflict (ref) do update set salt = excluded.salt`;
  const [row] = await tx<Array<{ account_id: string }>>`
    select a.account_id from accounts a
    where a.ref = ${account.ref} and current_owner(a) = ${account.owner}
      and not exists (select from account_members m where m.account_id = a.account_id and m.user_id <> ${account.userId})`;
  return row?.account_id ?? null;
}

export async function ensureOwner(tx: Tx, { accountId, userId }: { accountId: string; userId: string }): Promise<void> {
  await tx`
    insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'owner')
    on conflict do nothing`;
}

/** Gives a user the accounts that his wallet owns in the contract and that nobody has signed in to yet. */
export async function adoptAccounts(tx: Tx, { address, userId }: { address: string; userId: string }): Promise<void> {
  await tx`
    insert into account_members (account_id, user_id, role)
    select a.account_id, ${userId}, 'owner' from accounts a
    where a.owner = ${address} and a.kind = 'personal' and current_owner(a) = ${address}
      and not exists (select from account_members m where m.account_id = a.account_id)
    on conflict do nothing`;
}

/** Accounts of a user that a wallet owns in the contract: without it nobody could sign for them. */
export async function accountsOwnedBy(
  tx: Tx,
  { address, userId }: { address: string; userId: string },
): Promise<string[]> {
  const rows = await tx<Array<{ account_id: string }>>`
    select a.account_id from accounts a join account_members m using (account_id)
    where m.user_id = ${userId} and current_owner(a) = ${address}
    order by a.account_id`;
  return rows.map((row) => row.account_id);
}

/** Accounts that are on their way to a wallet in the contract: nothing stops that any more but that the chain refuses it. */
export async function accountsComingTo(tx: Tx, address: string): Promise<string[]> {
  const rows = await tx<Array<{ account_id: string }>>`
    select c.account_id from owner_changes c join transactions t using (transaction_id)
    where c.wallet = ${address} and c.failure is null and t.state <> 'failed' and not exists (
      select from account_changes a join chain_events e using (event_id)
      where a.account_id = c.account_id and a.what = 'owner' and a.value = c.wallet and e.reversed_at is null
    )
    order by c.account_id`;
  return rows.map((row) => row.account_id);
}

export type MembershipRow = {
  account_id: string;
  kind: "personal" | "team";
  /** Of a team. */
  name: string | null;
  role: Role;
  owner: string;
  chain_account: bigint | null;
  created_at: Date;
};

/** The accounts that a user belongs to, oldest first. */
export async function membershipsOf(sql: Queryable, userId: string): Promise<MembershipRow[]> {
  return sql<MembershipRow[]>`
    select a.account_id, a.kind, t.name, m.role, current_owner(a) as owner, a.chain_account, a.created_at
    from account_members m join accounts a using (account_id) left join teams t using (account_id)
    where m.user_id = ${userId} and a.kind <> 'platform'
    order by m.created_at, a.account_id
    limit 1000`;
}
