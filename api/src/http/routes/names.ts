import { type Static, Type } from "typebox";
import { NotFoundError } from "../../errors.ts";
import { chooseName } from "../../names/account-names.ts";
import { NameDocument } from "../../names/ask-host.ts";
import { NAME_PATTERN } from "../../names/name.ts";
import { accountOfName, giveUpName, nameOfAccount } from "../../names/store.ts";
import { Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Names"];

const OwnName = Type.Object({
  name: Nullable(Type.String({ description: "null: none was chosen." })),
  address: Nullable(Type.String({ description: "As others write it, alice@host." })),
});

/** Names that credit can be sent to. */
export function nameRoutes(app: Routes, services: Services): void {
  addOwn(app, services);
  app.get(
    "/.well-known/infr/:name",
    {
      schema: {
        tags,
        summary: "Where a name of ours leads, for other hosts and for contracts",
        description:
          "Whoever chooses a name makes this public. To pay into the account, deposit for its ref in the contract; to send credit " +
          "of another platform, send to the wallet.",
        params: Type.Object({ name: Type.String({ maxLength: 64 }) }),
        response: { 200: NameDocument, 404: Problem },
      },
    },
    async (request, reply) => {
      const name = request.params.name.toLowerCase();
      const account = await accountOfName(services.sql, name);
      if (!account) throw new NotFoundError("name");
      void reply.header("access-control-allow-origin", "*").header("cache-control", "max-age=60");
      const { config, chain, directories } = services;
      return {
        name: `${name}@${directories.host}`,
        // A team's is reached by its ref alone: its owner's wallet has an account of its own everywhere.
        wallet: account.kind === "team" || account.owner === config.custodianAddress ? null : account.owner,
        chainId: chain.chainId,
        escrow: chain.escrow,
        ref: account.ref,
        chainAccount: account.chain_account === null ? null : Number(account.chain_account),
      };
    },
  );
}

function addOwn(app: Routes, services: Services): void {
  const read = async (accountId: string): Promise<Static<typeof OwnName>> => {
    const name = await nameOfAccount(services.sql, accountId);
    return { name, address: name && `${name}@${services.directories.host}` };
  };
  app.get(
    "/api/name",
    { schema: { tags, summary: "The name that credit can be sent to", response: { 200: OwnName, 401: Problem } } },
    async (request) => read((await actorOf(services, request, "account")).accountId),
  );

  app.put(
    "/api/name",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Choose a name, instead of the one that there is",
        description:
          "Everybody can see which wallet it leads to. An old name leads nowhere any more and is nobody else's, ever: an " +
          "account has at most five in its life.",
        body: Type.Object({
          name: Type.String({ pattern: NAME_PATTERN, maxLength: 32, examples: ["alice"] }),
        }),
        response: { 200: OwnName, 400: Problem, 401: Problem, 403: Problem, 409: Problem },
      },
    },
    async (request) => {
      const { accountId, userId } = await actorOf(services, request, "ownership");
      await chooseName(services.sql, { accountId, userId, name: request.body.name });
      return read(accountId);
    },
  );

  app.delete(
    "/api/name",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Give the name up",
        response: { 204: Type.Null(), 401: Problem, 403: Problem, 404: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "ownership");
      if (!(await giveUpName(services.sql, accountId))) throw new NotFoundError("name");
      return reply.code(204).send(null);
    },
  );
}
