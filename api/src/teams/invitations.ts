import { attempt } from "../auth/attempts.ts";
import { readEmailAddress } from "../auth/email-address.ts";
import { hashSecret, newSecret } from "../auth/tokens.ts";
import type { Sql } from "../db/types.ts";
import { InvalidInputError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { queueMail } from "../notify/queue-mail.ts";
import {
  countInvitations,
  endInvitation,
  type InvitationRow,
  type InvitedRole,
  insertInvitation,
  invitationByToken,
  invitationsFor,
  invitationsOf,
  isOfMember,
} from "./invitations-store.ts";
import { countMembers, insertMember, lockTeam } from "./store.ts";
import { type Doer, lockFor, TeamStateError } from "./team.ts";

const LIFETIME_MS = 7 * 86_400_000;
const MAX_PENDING = 200;
const MAX_MEMBERS = 1_000;
/** Mails to people who have never asked for any, in a day: by one person, and to one address by everybody. */
const MAX_MAILS = 50;
const MAX_TO_ADDRESS = 5;
const DAY_SECONDS = 86_400;

/** Whom somebody invites: exactly one of the two. */
export type Invitee = { email?: string | undefined; wallet?: string | undefined };

/**
 * Invites somebody to a team, by a mail with a link, or by the link alone where he is known by his wallet. It can be accepted
 * for seven days, once, by whoever has proved that address to be his; a newer invitation to it replaces this one.
 * @returns the link's path, for a wallet; null where it is mailed
 * @throws InvalidInputError, RoleNeededError, NotFoundError, TeamStateError, TooManyAttemptsError
 */
export async function invite(
  sql: Sql,
  { to, role, ...doer }: Doer & { to: Invitee; role: InvitedRole },
): Promise<{ invitationId: string; path: string | null }> {
  const address = addressOf(to);
  if (address.email !== null) await attempt(sql, mailLimits({ userId: doer.userId, email: address.email }));
  const token = newSecret();
  const path = `/join/${token}`;
  const invitationId = newId("invite");
  const { accountId, userId: invitedBy } = doer;
  await sql.begin(async (tx) => {
    const team = await lockFor(tx, { ...doer, permission: "members" });
    if (await isOfMember(tx, { accountId, ...address }))
      throw new TeamStateError("That is a member's address already.");
    if ((await countInvitations(tx, accountId)) >= MAX_PENDING) {
      throw new TeamStateError(`${MAX_PENDING} invitations are open. Revoke some, or wait until they are accepted.`);
    }
    const row = { invitationId, accountId, role, ...address, tokenHash: hashSecret(token), invitedBy };
    await insertInvitation(tx, { ...row, lifetimeMs: LIFETIME_MS });
    if (address.email === null) return;
    await queueMail(tx, {
      cause: `invite:${invitationId}`,
      to: { email: address.email },
      template: "team_invitation",
      data: { team: team.name, role, path },
    });
  });
  return { invitationId, path: address.email === null ? path : null };
}

function addressOf({ email, wallet }: Invitee): { email: string | null; wallet: string | null } {
  if ((email === undefined) === (wallet === undefined)) {
    throw new InvalidInputError("Say whom: either by email or by wallet.", "email");
  }
  return { email: email === undefined ? null : readEmailAddress(email), wallet: wallet?.toLowerCase() ?? null };
}

const mailLimits = ({ userId, email }: { userId: string; email: string }) => [
  {
    what: "invite_by",
    subject: userId,
    max: MAX_MAILS,
    words: "invitations by you",
    windowSeconds: DAY_SECONDS,
  },
  {
    what: "invite_to",
    subject: hashSecret(email.toLowerCase()).toString("hex"),
    max: MAX_TO_ADDRESS,
    words: "invitations to this address",
    windowSeconds: DAY_SECONDS,
  },
];

/** The invitation that a link leads to. @throws NotFoundError if it is over */
export async function invitationOfLink(sql: Sql, token: string): Promise<InvitationRow> {
  const row = await invitationByToken(sql, hashSecret(token));
  if (!row) throw new NotFoundError("invitation (it may have been used, revoked, or be older than seven days)");
  return row;
}

/** Calls an invitation back. @throws RoleNeededError, NotFoundError */
export async function revokeInvitation(
  sql: Sql,
  { invitationId, ...doer }: Doer & { invitationId: string },
): Promise<void> {
  await sql.begin(async (tx) => {
    await lockFor(tx, { ...doer, permission: "members" });
    const isTeams = (await invitationsOf(tx, doer.accountId)).some((row) => row.invitation_id === invitationId);
    if (!isTeams || !(await endInvitation(tx, { invitationId, state: "revoked" })))
      throw new NotFoundError("invitation");
  });
}

type Invited = { userId: string; invitationId: string };

/**
 * Joins a team. Of many at once one is joined; nobody gets in by an invitation that is not to an address of his.
 * @returns the team's account
 * @throws NotFoundError, TeamStateError
 */
export async function acceptInvitation(sql: Sql, { userId, invitationId }: Invited): Promise<string> {
  return sql.begin(async (tx) => {
    const row = (await invitationsFor(tx, userId)).find((one) => one.invitation_id === invitationId);
    if (!row) throw new NotFoundError("invitation to an address of yours");
    const { account_id: accountId, role } = row;
    // One after another with removals: an inviter who is being removed invites nobody any more.
    await lockTeam(tx, accountId);
    if (!(await endInvitation(tx, { invitationId, state: "accepted", acceptedBy: userId }))) {
      throw new NotFoundError("invitation");
    }
    if ((await countMembers(tx, accountId)) >= MAX_MEMBERS) {
      throw new TeamStateError(`A team has at most ${MAX_MEMBERS} people. Ask its owner.`);
    }
    if (!(await insertMember(tx, { accountId, userId, role }))) {
      throw new TeamStateError("You belong to this team already. Ask an admin for another role.");
    }
    return accountId;
  });
}

/** @throws NotFoundError */
export async function declineInvitation(sql: Sql, { userId, invitationId }: Invited): Promise<void> {
  await sql.begin(async (tx) => {
    const isTheirs = (await invitationsFor(tx, userId)).some((row) => row.invitation_id === invitationId);
    if (!isTheirs || !(await endInvitation(tx, { invitationId, state: "declined" })))
      throw new NotFoundError("invitation");
  });
}
