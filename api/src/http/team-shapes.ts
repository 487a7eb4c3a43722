import { type Static, Type } from "typebox";
import { ROLES } from "../roles.ts";
import type { InvitationRow } from "../teams/invitations-store.ts";
import type { MemberRow, ProjectRow } from "../teams/store.ts";
import { Id, Moment, Nullable, Problem } from "./schemas.ts";

export const teamTags = ["Teams"];
export const teamProblems = { 400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem };
export const teamParams = Type.Object({ id: Type.String({ ...Id, description: "acct_… of the team" }) });

export const TeamName = Type.String({ minLength: 1, maxLength: 200, description: "At most 64 characters." });
const TeamRole = Type.Enum([...ROLES]);
/** A role that can be given: the owner's changes hands by an offer. */
export const GivenRole = Type.Enum(["admin", "billing", "member"]);

export const Member = Type.Object({
  id: Type.String({ description: "user_…" }),
  name: Nullable(Type.String({ description: "First e-mail address, or else wallet." })),
  role: TeamRole,
  since: Moment,
});

export const Invitation = Type.Object({
  id: Type.String({ description: "invite_…" }),
  team: Type.Object({ id: Type.String({ description: "acct_…" }), name: Type.String() }),
  role: GivenRole,
  email: Nullable(Type.String()),
  wallet: Nullable(Type.String()),
  invitedBy: Nullable(Type.String({ description: "What that person is called." })),
  createdAt: Moment,
  expiresAt: Moment,
});

export const ProjectName = Type.String({ pattern: "^[a-z0-9][a-z0-9._-]{0,63}$", examples: ["search"] });

export const Project = Type.Object({
  name: Type.String(),
  createdAt: Moment,
  archivedAt: Nullable(Type.String({ ...Moment, description: "No key is made for it since then." })),
});

export const shapeMember = (row: MemberRow): Static<typeof Member> => ({
  id: row.user_id,
  name: row.name,
  role: row.role,
  since: row.created_at.toISOString(),
});

export const shapeInvitation = (row: InvitationRow): Static<typeof Invitation> => ({
  id: row.invitation_id,
  team: { id: row.account_id, name: row.team },
  role: row.role,
  email: row.email,
  wallet: row.wallet,
  invitedBy: row.inviter,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
});

export const shapeProject = (row: ProjectRow): Static<typeof Project> => ({
  name: row.name,
  createdAt: row.created_at.toISOString(),
  archivedAt: row.archived_at?.toISOString() ?? null,
});
