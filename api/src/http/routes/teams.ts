import { type Static, Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { acceptTeam, changeRole, endOffer, offerTeam, removeMember } from "../../teams/members.ts";
import { membersOf, teamById } from "../../teams/store.ts";
import { changeName, createTeam, type TeamContext } from "../../teams/team.ts";
import { readAccount } from "../read-account.ts";
import { Account, Address, Id, Nullable, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { doerOf, sessionOf } from "../session.ts";
import {
  GivenRole,
  Member,
  teamParams as params,
  teamProblems as problems,
  shapeMember,
  TeamName,
  teamTags as tags,
} from "../team-shapes.ts";

const Team = Type.Object({
  id: Type.String({ description: "acct_…: name it in the header Infr-Account to act for it." }),
  name: Type.String(),
  account: Account,
  members: Type.Array(Member),
  offeredTo: Nullable(Type.String({ description: "user_… who may take the team over." })),
});
const memberParams = Type.Object({ ...params.properties, userId: Type.String({ ...Id, description: "user_…" }) });

/** Accounts that several people share. */
export function teamRoutes(app: Routes, services: Services): void {
  addTeams(app, services);
  addMembers(app, services);
  addHandover(app, services);
}

function addTeams(app: Routes, services: Services): void {
  app.post(
    "/api/teams",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Make a team: an account with a balance of its own that people share",
        body: Type.Object({
          name: TeamName,
          owner: Type.Optional(
            Type.String({
              ...Address,
              description:
                "Who signs for its credit in the contract: a wallet of yours, or a Safe. Without it, the platform's custodian.",
            }),
          ),
        }),
        response: { 201: Team, ...problems },
      },
    },
    async (request, reply) => {
      const { userId } = await sessionOf(services, request);
      const { name, owner = null } = request.body;
      const id = await createTeam(contextOf(services), { userId, name, owner: owner as `0x${string}` | null });
      return reply.code(201).send(await readTeam(services, id));
    },
  );

  app.get(
    "/api/teams/:id",
    { schema: { tags, summary: "A team and its people", params, response: { 200: Team, ...problems } } },
    async (request) => {
      const { accountId } = await doerOf(services, request, "account");
      return readTeam(services, accountId);
    },
  );

  app.patch(
    "/api/teams/:id",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Rename a team",
        params,
        body: Type.Object({ name: TeamName }),
        response: { 200: Team, ...problems },
      },
    },
    async (request) => {
      const doer = await doerOf(services, request, "ownership");
      await changeName(services.sql, { ...doer, name: request.body.name });
      return readTeam(services, doer.accountId);
    },
  );
}

function addMembers(app: Routes, services: Services): void {
  app.patch(
    "/api/teams/:id/members/:userId",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Give somebody another role, from the next second on",
        params: memberParams,
        body: Type.Object({ role: GivenRole }),
        response: { 200: Team, ...problems },
      },
    },
    async (request) => {
      const doer = await doerOf(services, request, "members");
      await changeRole(services.sql, { ...doer, memberId: request.params.userId, role: request.body.role });
      services.keyRing.forgetAccount(doer.accountId);
      return readTeam(services, doer.accountId);
    },
  );

  app.delete(
    "/api/teams/:id/members/:userId",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Take somebody out of a team, or leave it: his keys for it end within a second",
        params: memberParams,
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      const doer = await doerOf(services, request, "account");
      await removeMember(services.sql, { ...doer, memberId: request.params.userId });
      services.keyRing.forgetAccount(doer.accountId);
      return reply.code(204).send(null);
    },
  );
}

function addHandover(app: Routes, services: Services): void {
  app.post(
    "/api/teams/:id/offer",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Offer a team to one of its people; it is his once he accepts, within seven days",
        params,
        body: Type.Object({ userId: Id }),
        response: { 200: Team, ...problems },
      },
    },
    async (request) => {
      const doer = await doerOf(services, request, "ownership");
      await offerTeam(services.sql, { ...doer, memberId: request.body.userId });
      return readTeam(services, doer.accountId);
    },
  );

  app.delete(
    "/api/teams/:id/offer",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Take an offer back, or decline it",
        params,
        response: { 204: Type.Null(), ...problems },
      },
    },
    async (request, reply) => {
      await endOffer(services.sql, await doerOf(services, request, "account"));
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/api/teams/:id/offer/accept",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Take over a team that is offered to you; its owner becomes an admin",
        params,
        response: { 200: Team, ...problems },
      },
    },
    async (request) => {
      const doer = await doerOf(services, request, "account");
      await acceptTeam(services.sql, doer);
      services.keyRing.forgetAccount(doer.accountId);
      return readTeam(services, doer.accountId);
    },
  );
}

const contextOf = ({ sql, chain, config }: Services): TeamContext => ({
  sql,
  isContract: async (address) => (await chain.client.getCode({ address })) !== undefined,
  ours: [chain.escrow, chain.usdc],
  custodian: config.custodianAddress,
});

async function readTeam(services: Services, accountId: string): Promise<Static<typeof Team>> {
  const team = await teamById(services.sql, accountId);
  if (!team) throw new NotFoundError("team");
  return {
    id: accountId,
    name: team.name,
    account: await readAccount(services, accountId),
    members: (await membersOf(services.sql, accountId)).map(shapeMember),
    offeredTo: team.offered_to,
  };
}
