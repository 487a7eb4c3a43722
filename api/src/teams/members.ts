import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import { queueMail } from "../notify/queue-mail.ts";
import type { Role } from "../roles.ts";
import { deleteMember, replaceOwner, roleOf, setOffer, setRole } from "./store.ts";
import { type Doer, lockFor, TeamStateError } from "./team.ts";

type About = Doer & { memberId: string };

/** Gives somebody another role; the owner's changes hands by an offer alone. @throws RoleNeededError, NotFoundError, TeamStateError */
export async function changeRole(
  sql: Sql,
  { memberId, role, ...doer }: About & { role: Exclude<Role, "owner"> },
): Promise<void> {
  const { accountId } = doer;
  await sql.begin(async (tx) => {
    await lockFor(tx, { ...doer, permission: "members" });
    const was = await roleOf(tx, { accountId, userId: memberId });
    if (was === null) throw new NotFoundError("member");
    if (was === "owner") throw ownerStays();
    await setRole(tx, { accountId, userId: memberId, role });
  });
}

/**
 * Takes somebody out of a team, or lets him leave. With his membership his keys for it end, his sessions in it go on in his
 * own account, and the invitations that he sent are revoked; what he used, and the limits on him, stay.
 * @throws RoleNeededError, NotFoundError; TeamStateError for the owner
 */
export async function removeMember(sql: Sql, { memberId, ...doer }: About): Promise<void> {
  const { accountId } = doer;
  const isLeaving = memberId === doer.userId;
  await sql.begin(async (tx) => {
    const team = await lockFor(tx, { ...doer, permission: isLeaving ? "account" : "members" });
    const was = await roleOf(tx, { accountId, userId: memberId });
    if (was === null) throw new NotFoundError("member");
    if (was === "owner") throw ownerStays();
    await deleteMember(tx, { accountId, userId: memberId });
    if (isLeaving) return;
    await queueMail(tx, {
      cause: `team_left:${accountId}:${memberId}:${Date.now()}`,
      to: { userId: memberId },
      template: "team_left",
      data: { team: team.name },
    });
  });
}

const ownerStays = () =>
  new TeamStateError("A team always has its owner. Offer it to another member: once he accepts, this is possible.");

/** Offers a team to one of its people; nothing changes until he accepts, within seven days. A new offer replaces the one before. */
export async function offerTeam(sql: Sql, { memberId, ...doer }: About): Promise<void> {
  const { accountId } = doer;
  await sql.begin(async (tx) => {
    const team = await lockFor(tx, { ...doer, permission: "ownership" });
    const was = await roleOf(tx, { accountId, userId: memberId });
    if (was === null) throw new NotFoundError("member");
    if (was === "owner") throw new TeamStateError("The team is his already. Offer it to another member.");
    await setOffer(tx, { accountId, to: memberId });
    await queueMail(tx, {
      cause: `team_offer:${accountId}:${memberId}:${Date.now()}`,
      to: { userId: memberId },
      template: "team_offered",
      data: { team: team.name },
    });
  });
}

/** Takes an offer back, or declines it. @throws RoleNeededError, NotFoundError */
export async function endOffer(sql: Sql, doer: Doer): Promise<void> {
  await sql.begin(async (tx) => {
    const team = await lockFor(tx, { ...doer, permission: "account" });
    if (team.offered_to !== doer.userId) await lockFor(tx, { ...doer, permission: "ownership" });
    if (team.offered_to === null) throw new NotFoundError("offer");
    await setOffer(tx, { accountId: doer.accountId, to: null });
  });
}

/** Takes over a team that was offered: its owner until now becomes an admin. @throws NotFoundError if nothing was */
export async function acceptTeam(sql: Sql, doer: Doer): Promise<void> {
  const { accountId, userId } = doer;
  await sql.begin(async (tx) => {
    const team = await lockFor(tx, { ...doer, permission: "account" });
    if (team.offered_to !== userId) throw new NotFoundError("offer");
    await replaceOwner(tx, { accountId, userId });
    await setOffer(tx, { accountId, to: null });
  });
}
