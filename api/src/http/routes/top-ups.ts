import { type Static, Type } from "typebox";
import { InvalidInputError, NotFoundError } from "../../errors.ts";
import { senderName } from "../../flow/credit/claims-store.ts";
import { depositAddress } from "../../flow/deposit/addresses/address.ts";
import {
  endTopUp,
  insertTopUp,
  type TopUpRow,
  topUpById,
  topUpsOf,
} from "../../flow/deposit/addresses/top-up-store.ts";
import { MIN_DEPOSIT_MICRO } from "../../flow/deposit/queue-authorization.ts";
import { newId } from "../../ids.ts";
import { Address, Id, Limit, Moment, Money, Problem, SMALL_BODY_BYTES, usdOfMicro } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Deposits"];
const params = Type.Object({ id: Id });
const MOST_LINKS = 50;

const TopUp = Type.Object({
  id: Type.String({ description: "topup_…" }),
  link: Type.String({ description: "For whoever is to pay in." }),
  message: Type.String(),
  createdAt: Moment,
});

/** What whoever has the link sees. */
const TopUpPage = Type.Object({
  from: Type.String({ description: "How whoever made the link is called." }),
  message: Type.String(),
  address: { ...Address, description: "The account's deposit address: whatever USDC comes there is its credit." },
  network: Type.String({ description: "CAIP-2: eip155:8453 is Base." }),
  token: { ...Address, description: "USDC: nothing else is credited." },
  minimum: Type.String({ ...Money, description: "Less waits at the address until more comes." }),
});

/** Links by which somebody else puts USDC into an account. */
export function topUpRoutes(app: Routes, services: Services): void {
  addWrites(app, services);
  addReads(app, services);
}

function addWrites(app: Routes, services: Services): void {
  app.post(
    "/api/top-ups",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "A link by which anybody can put USDC into your account, as often as he likes",
        description: "Whoever has it sees your first e-mail address or your wallet, and the account's deposit address.",
        body: Type.Object({ message: Type.String({ maxLength: 280, default: "" }) }),
        response: { 201: TopUp, 400: Problem, 401: Problem, 503: Problem },
      },
    },
    async (request, reply) => {
      const { accountId, userId } = await actorOf(services, request, "funding");
      const linkId = newId("topup");
      const { message } = request.body;
      if (!(await insertTopUp(services.sql, { linkId, accountId, userId, message, most: MOST_LINKS })))
        throw new InvalidInputError(`An account has at most ${MOST_LINKS} top-up links. End one.`, "message");
      const row = await mustFind(services, linkId);
      return reply.code(201).send(shapeTopUp(services, row));
    },
  );

  app.delete(
    "/api/top-ups/:id",
    {
      schema: {
        tags,
        summary: "End a top-up link: nobody sees anything by it any more",
        params,
        response: { 204: Type.Null(), 401: Problem, 404: Problem },
      },
    },
    async (request, reply) => {
      const { accountId } = await actorOf(services, request, "funding");
      if (!(await endTopUp(services.sql, { linkId: request.params.id, accountId })))
        throw new NotFoundError("top-up link");
      return reply.code(204).send(null);
    },
  );
}

function addReads(app: Routes, services: Services): void {
  app.get(
    "/api/top-ups",
    {
      schema: {
        tags,
        summary: "Your top-up links, newest first",
        querystring: Limit,
        response: { 200: Type.Object({ links: Type.Array(TopUp) }), 400: Problem, 401: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "funding");
      const rows = await topUpsOf(services.sql, { accountId, limit: request.query.limit });
      return { links: rows.map((row) => shapeTopUp(services, row)) };
    },
  );

  app.get(
    "/api/top-ups/:id",
    {
      schema: {
        tags,
        security: [],
        summary: "Whose account a link tops up, and where to send the USDC",
        params,
        response: { 200: TopUpPage, 404: Problem, 503: Problem },
      },
    },
    async (request): Promise<Static<typeof TopUpPage>> => {
      const row = await mustFind(services, request.params.id);
      const [from, { address }] = await Promise.all([
        senderName(services.sql, { accountId: row.account_id, userId: row.user_id }),
        depositAddress(services, row.account_id),
      ]);
      return {
        from,
        message: row.message,
        address,
        network: `eip155:${services.chain.chainId}`,
        token: services.chain.usdc,
        minimum: usdOfMicro(MIN_DEPOSIT_MICRO),
      };
    },
  );
}

async function mustFind({ sql }: Services, linkId: string): Promise<TopUpRow> {
  const row = await topUpById(sql, linkId);
  if (!row) throw new NotFoundError("top-up link");
  return row;
}

const shapeTopUp = ({ config }: Services, row: TopUpRow): Static<typeof TopUp> => ({
  id: row.link_id,
  link: new URL(`/top-up/${row.link_id}`, config.publicUrl).href,
  message: row.message,
  createdAt: row.created_at.toISOString(),
});
