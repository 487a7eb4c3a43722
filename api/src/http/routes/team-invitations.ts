import { Type } from "typebox";
import {
  acceptInvitation,
  declineInvitation,
  invitationOfLink,
  invite,
  revokeInvitation,
} from "../../teams/invitations.ts";
import { invitationsFor, invitationsOf } from "../../teams/invitations-store.ts";
import { Address, EmailAddress, Id, Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { doerOf, sessionOf } from "../session.ts";
import {
  GivenRole,
  Invitation,
  teamParams as params,
  teamProblems as problems,
  shapeInvitation,
  teamTags as tags,
} from "../team-shapes.ts";

const invitationParams = Type.Object({
  ...params.properties,
  invitationId: Type.String({ ...Id, description: "invite_…" }),
});
const ownParams = Type.Object({ id: Type.String({ ...Id, description: "invite_…" }) });

/** Who is asked to join a team, and his answer. */
export function teamInvitationRoutes(app: Routes, services: Services): void {
  addTeams(app, services);
  addLink(app, services);
  addOwn(app, services);
}

function addTeams(app: Routes, services: Services): void {
  app.get(
    "/api/teams/:id/invitations",
    {
      schema: {
        tags,
        summary: "Invitations that can still be accepted, newest first",
        params,
        response: { 200: Type.Object({ invitations: Type.Array(Invitation) }), ...problems },
      },
    },
    async (request) => {
      const { accountId } = await doerOf(services, request, "members");
      return { invitations: (await invitationsOf(services.sql, accountId)).map(shapeInvitation) };
    },
  );

  app.post(
    "/api/teams/:id/invitations",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Invite somebody by e-mail address or wallet, for seven days",
        description:
          "Only whoever has proved that address to be his can accept. A newer invitation to it replaces this one.",
        params,
        body: Type.Object({
          role: GivenRole,
          email: Type.Optional(EmailAddress),
          wallet: Type.Optional(Address),
        }),
        response: {
          201: Type.Object({
            id: Type.String({ description: "invite_…" }),
            link: Nullable(
              Type.String({
                description: "To pass on, for a wallet; shown here and nowhere else. Null where it is mailed.",
              }),
            ),
          }),
          ...problems,
          429: Problem,
        },
      },
    },
    async (request, reply) => {
      const doer = await doerOf(services, request, "members");
      const { role, ...to } = request.body;
      const { invitationId, path } = await invite(services.sql, { ...doer, role, to });
      const link = path === null ? null : new URL(path, services.config.publicUrl).href;
      return reply.code(201).send({ id: invitationId, link });
    },
  );

  app.delete(
    "/api/teams/:id/invitations/:invitationId",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Revoke an invitation",
        params: invitationParams,
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      const doer = await doerOf(services, request, "members");
      await revokeInvitation(services.sql, { ...doer, invitationId: request.params.invitationId });
      return reply.code(204).send(null);
    },
  );
}

function addLink(app: Routes, services: Services): void {
  app.get(
    "/api/invitations/:token",
    {
      schema: {
        tags,
        summary: "The invitation that a link leads to",
        params: Type.Object({ token: Type.String({ minLength: 1, maxLength: 128 }) }),
        response: { 200: Invitation, 404: Problem },
      },
    },
    async (request) => shapeInvitation(await invitationOfLink(services.sql, request.params.token)),
  );
}

function addOwn(app: Routes, services: Services): void {
  app.get(
    "/api/me/invitations",
    {
      schema: {
        tags,
        summary: "Invitations to your e-mail addresses and wallets, newest first",
        response: { 200: Type.Object({ invitations: Type.Array(Invitation) }), 401: Problem },
      },
    },
    async (request) => {
      const { userId } = await sessionOf(services, request);
      return { invitations: (await invitationsFor(services.sql, userId)).map(shapeInvitation) };
    },
  );

  app.post(
    "/api/me/invitations/:id/accept",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Join the team",
        params: ownParams,
        response: { 200: Type.Object({ accountId: Type.String({ description: "acct_… of the team" }) }), ...problems },
      },
    },
    async (request) => {
      const { userId } = await sessionOf(services, request);
      const accountId = await acceptInvitation(services.sql, { userId, invitationId: request.params.id });
      services.keyRing.forgetAccount(accountId);
      return { accountId };
    },
  );

  app.delete(
    "/api/me/invitations/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Decline an invitation",
        params: ownParams,
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      const { userId } = await sessionOf(services, request);
      await declineInvitation(services.sql, { userId, invitationId: request.params.id });
      return reply.code(204).send(null);
    },
  );
}
