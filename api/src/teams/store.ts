import type { Queryable, Tx } from "../db/types.ts";
import type { Role } from "../roles.ts";

export type TeamRow = {
  account_id: string;
  name: string;
  /** Whom its owner has offered it to, if that still counts. */
  offered_to: string | null;
  created_at: Date;
};

type NewTeam = { accountId: string; userId: string; name: string; owner: string; salt: string; ref: string };

/** Makes the account, the team and its owner's membership. */
export async function insertTeam(tx: Tx, team: NewTeam): Promise<void> {
  await tx`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${team.accountId}, 'team', ${team.owner}, ${team.salt}, ${team.ref})`;
  await tx`
    insert into teams (account_id, name, created_by) values (${team.accountId}, ${team.name}, ${team.userId})`;
  await tx`
    insert into account_members (account_id, user_id, role) values (${team.accountId}, ${team.userId}, 'owner')`;
}

/** How many teams somebody has made. */
export async function countTeams(tx: Tx, userId: string): Promise<number> {
  const [row] = await tx<[{ n: number }]>`select count(*)::int as n from teams where created_by = ${userId}`;
  return row.n;
}

export async function teamById(sql: Queryable, accountId: string): Promise<TeamRow | undefined> {
  const [row] = await sql<TeamRow[]>`
    select account_id, name, case when offered_at > now() - interval '7 days' then offered_to end as offered_to, created_at
    from teams where account_id = ${accountId}`;
  return row;
}

/** The same, while nobody else changes who belongs to it. */
export async function lockTeam(tx: Tx, accountId: string): Promise<TeamRow | undefined> {
  await tx`select from teams where account_id = ${accountId} for update`;
  return teamById(tx, accountId);
}

export async function renameTeam(tx: Tx, { accountId, name }: { accountId: string; name: string }): Promise<void> {
  await tx`update teams set name = ${name} where account_id = ${accountId}`;
}

export async function setOffer(tx: Tx, { accountId, to }: { accountId: string; to: string | null }): Promise<void> {
  await tx`
    update teams set offered_to = ${to}, offered_at = case when ${to}::text is not null then now() end
    where account_id = ${accountId}`;
}

export type MemberRow = { user_id: string; name: string | null; role: Role; created_at: Date };

export async function membersOf(sql: Queryable, accountId: string): Promise<MemberRow[]> {
  return sql<MemberRow[]>`
    select user_id, p.name, m.role, m.created_at from account_members m join people p using (user_id)
    where account_id = ${accountId}
    order by array_position(array['owner', 'admin', 'billing', 'member'], role), m.created_at, user_id
    limit 1000`;
}

type Member = { accountId: string; userId: string };

/** @returns what somebody is in an account; null: nothing */
export async function roleOf(sql: Queryable, { accountId, userId }: Member): Promise<Role | null> {
  const [row] = await sql<Array<{ role: Role }>>`
    select role from account_members where account_id = ${accountId} and user_id = ${userId}`;
  return row?.role ?? null;
}

export async function setRole(tx: Tx, { accountId, userId, role }: Member & { role: Role }): Promise<void> {
  await tx`update account_members set role = ${role} where account_id = ${accountId} and user_id = ${userId}`;
}

/** Makes somebody the owner, and who was it an admin. */
export async function replaceOwner(tx: Tx, { accountId, userId }: Member): Promise<void> {
  await tx`update account_members set role = 'admin' where account_id = ${accountId} and role = 'owner'`;
  await setRole(tx, { accountId, userId, role: "owner" });
}

/** @returns false for somebody who belongs to it already */
export async function insertMember(tx: Tx, { accountId, userId, role }: Member & { role: Role }): Promise<boolean> {
  const added = await tx`
    insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, ${role})
    on conflict do nothing returning user_id`;
  return added.length === 1;
}

export async function countMembers(tx: Tx, accountId: string): Promise<number> {
  const [row] = await tx<[{ n: number }]>`
    select count(*)::int as n from account_members where account_id = ${accountId}`;
  return row.n;
}

/** Ends a membership, and by a trigger all that hangs on it: keys, sessions, offers, invitations. */
export async function deleteMember(tx: Tx, { accountId, userId }: Member): Promise<void> {
  await tx`delete from account_members where account_id = ${accountId} and user_id = ${userId}`;
}

export type ProjectRow = { name: string; created_at: Date; archived_at: Date | null };

export async function projectsOf(sql: Queryable, accountId: string): Promise<ProjectRow[]> {
  return sql<ProjectRow[]>`
    select name, created_at, archived_at from team_projects where account_id = ${accountId}
    order by archived_at is not null, name limit 1000`;
}

/** Makes a project, unless there is one of this name, or there are `most`. */
export async function insertProject(
  tx: Tx,
  { accountId, name, most }: { accountId: string; name: string; most: number },
): Promise<"made" | "known" | "too_many"> {
  const [row] = await tx<[{ n: number }]>`
    select count(*)::int as n from team_projects where account_id = ${accountId}`;
  if (row.n >= most) return "too_many";
  const made = await tx`
    insert into team_projects (account_id, name) values (${accountId}, ${name}) on conflict do nothing returning name`;
  return made.length === 1 ? "made" : "known";
}

/** @returns false if there is no such project */
export async function archiveProject(
  tx: Tx,
  { accountId, name, archived }: { accountId: string; name: string; archived: boolean },
): Promise<boolean> {
  const changed = await tx`
    update team_projects set archived_at = case when ${archived} then coalesce(archived_at, now()) end
    where account_id = ${accountId} and name = ${name} returning name`;
  return changed.length === 1;
}
