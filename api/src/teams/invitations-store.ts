import type { Queryable, Tx } from "../db/types.ts";
import type { Role } from "../roles.ts";

export type InvitedRole = Exclude<Role, "owner">;

export type InvitationRow = {
  invitation_id: string;
  account_id: string;
  team: string;
  role: InvitedRole;
  email: string | null;
  wallet: string | null;
  invited_by: string;
  inviter: string | null;
  created_at: Date;
  expires_at: Date;
};

/** Invitations `i` that can be accepted, for more conditions. */
const pending = (sql: Queryable) => sql`
  select i.invitation_id, i.account_id, t.name as team, i.role, i.email, i.wallet, i.invited_by, p.name as inviter,
    i.created_at, i.expires_at
  from team_invitations i join teams t using (account_id) join people p on p.user_id = i.invited_by
  where i.state = 'pending' and i.expires_at > now()`;

export type NewInvitation = {
  invitationId: string;
  accountId: string;
  role: InvitedRole;
  email: string | null;
  wallet: string | null;
  tokenHash: Buffer;
  invitedBy: string;
  lifetimeMs: number;
};

/** Invites somebody; an invitation of before to the same address is replaced. */
export async function insertInvitation(tx: Tx, row: NewInvitation): Promise<void> {
  await tx`
    update team_invitations set state = 'revoked', ended_at = now()
    where account_id = ${row.accountId} and state = 'pending'
      and coalesce(lower(email), wallet) = coalesce(lower(${row.email}::text), ${row.wallet}::text)`;
  await tx`
    insert into team_invitations (invitation_id, account_id, role, email, wallet, token_hash, invited_by, expires_at)
    values (${row.invitationId}, ${row.accountId}, ${row.role}, ${row.email}, ${row.wallet}, ${row.tokenHash},
      ${row.invitedBy}, now() + make_interval(secs => ${row.lifetimeMs / 1000}))`;
}

export async function countInvitations(tx: Tx, accountId: string): Promise<number> {
  const [row] = await tx<[{ n: number }]>`
    select count(*)::int as n from team_invitations
    where account_id = ${accountId} and state = 'pending' and expires_at > now()`;
  return row.n;
}

/** Whether an address is one of somebody who belongs to the account. */
export async function isOfMember(
  tx: Tx,
  { accountId, email, wallet }: { accountId: string; email: string | null; wallet: string | null },
): Promise<boolean> {
  const known = await tx`
    select from account_members m where m.account_id = ${accountId} and (
      exists (select from emails e where e.user_id = m.user_id and lower(e.address) = lower(${email}::text))
      or exists (select from wallets w where w.user_id = m.user_id and w.address = ${wallet}::text))
    limit 1`;
  return known.length === 1;
}

export async function invitationsOf(sql: Queryable, accountId: string): Promise<InvitationRow[]> {
  return sql<InvitationRow[]>`${pending(sql)} and i.account_id = ${accountId} order by i.created_at desc limit 1000`;
}

/** Invitations to addresses that are proved to be somebody's. */
export async function invitationsFor(sql: Queryable, userId: string): Promise<InvitationRow[]> {
  return sql<InvitationRow[]>`
    ${pending(sql)} and (
      lower(i.email) in (select lower(address) from emails where user_id = ${userId})
      or i.wallet in (select address from wallets where user_id = ${userId}))
    order by i.created_at desc limit 1000`;
}

export async function invitationByToken(sql: Queryable, tokenHash: Buffer): Promise<InvitationRow | undefined> {
  const [row] = await sql<InvitationRow[]>`${pending(sql)} and i.token_hash = ${tokenHash}`;
  return row;
}

/** Ends an invitation, once. @returns false if it has ended */
export async function endInvitation(
  tx: Tx,
  {
    invitationId,
    state,
    acceptedBy = null,
  }: {
    invitationId: string;
    state: "accepted" | "declined" | "revoked";
    acceptedBy?: string | null;
  },
): Promise<boolean> {
  const ended = await tx`
    update team_invitations set state = ${state}, accepted_by = ${acceptedBy}, ended_at = now()
    where invitation_id = ${invitationId} and state = 'pending' and expires_at > now() returning invitation_id`;
  return ended.length === 1;
}
