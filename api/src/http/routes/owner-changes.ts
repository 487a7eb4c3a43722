import { type Static, Type } from "typebox";
import {
  cancelOwnerChange,
  mustFindOwnerChange,
  type OwnerChangeContext,
  prepareOwnerChange,
  signOwnerChange,
  takeOverTypedData,
} from "../../flow/credit/owner-changes.ts";
import { lastOwnerChange, type OwnerChangeRow } from "../../flow/credit/owner-changes-store.ts";
import { OrderToSign, shapeOrder } from "../order-shapes.ts";
import { Address, Bytes, Bytes32, Id, Moment, Nullable, Problem, SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { actorOf } from "../session.ts";

const tags = ["Account"];
const params = Type.Object({ id: Id });
const problems = { 401: Problem, 403: Problem };

const OwnerChange = Type.Object({
  id: Type.String({ description: "owner_…" }),
  state: Type.Enum(["awaiting_signature", "waiting", "pending", "completed", "cancelled", "failed"], {
    description:
      "waiting: signed, can be cancelled until waitsUntil. pending: on its way to the chain. completed: the wallet owns the " +
      "account in the contract; a reorganisation makes it pending.",
  }),
  reason: Nullable(Type.String({ description: "Why it has failed, and what to do: nothing has changed." })),
  wallet: Address,
  order: Nullable(OrderToSign),
  waitsUntil: Nullable(Moment),
  transactionHash: Nullable(Bytes32),
  createdAt: Moment,
});

const WaitHours = Type.Integer({
  description: "Hours between the wallet's signature and the change: it can be cancelled.",
});

/** Handing an account that the platform signs for over to a wallet of its user. */
export function ownerChangeRoutes(app: Routes, services: Services): void {
  addPreparation(app, services);
  addSignature(app, services);
  addReads(app, services);
  addCancellation(app, services);
}

function addPreparation(app: Routes, services: Services): void {
  app.post(
    "/api/account/owner",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary:
          "Prepare handing your account over to one of your wallets: after that only the wallet can sign for its credit",
        description:
          "For accounts that the platform signs for. Nothing comes of it until the wallet has signed. What was prepared before " +
          "and not signed ends; what was signed for the same wallet is the answer.",
        body: Type.Object({ wallet: Type.String({ ...Address, description: "One that is linked to you." }) }),
        response: {
          201: OwnerChange,
          400: Problem,
          ...problems,
          409: Problem,
          422: Problem,
          429: Problem,
          503: Problem,
        },
      },
    },
    async (request, reply) => {
      const { accountId, userId } = await actorOf(services, request, "ownership");
      const { wallet } = request.body;
      const row = await prepareOwnerChange(contextOf(services), { accountId, userId, wallet });
      return reply.code(201).send(shape(services, row));
    },
  );
}

function addSignature(app: Routes, services: Services): void {
  app.post(
    "/api/account/owner/:id/signature",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Hand in the wallet's signature: the account is its own when the waiting time is over",
        description:
          "You are told at all your e-mail addresses. A refusal changes nothing, and it can still be signed. Sent again, it " +
          "changes nothing.",
        params,
        body: Type.Object({ signature: Bytes }),
        response: {
          200: OwnerChange,
          400: Problem,
          ...problems,
          404: Problem,
          409: Problem,
          422: Problem,
          503: Problem,
        },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "ownership");
      const signature = request.body.signature as `0x${string}`;
      const id = { changeId: request.params.id, accountId };
      return shape(services, await signOwnerChange(contextOf(services), { ...id, signature }));
    },
  );
}

function addReads(app: Routes, services: Services): void {
  app.get(
    "/api/account/owner",
    {
      schema: {
        tags,
        summary: "The newest change of your account's owner, if there is any, and how long one waits",
        response: { 200: Type.Object({ change: Nullable(OwnerChange), waitHours: WaitHours }), ...problems },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "ownership");
      const row = await lastOwnerChange(services.sql, accountId);
      return { change: row ? shape(services, row) : null, waitHours: services.config.takeOverHours };
    },
  );

  app.get(
    "/api/account/owner/:id",
    {
      schema: {
        tags,
        summary: "How far a change of owner is",
        params,
        response: { 200: OwnerChange, ...problems, 404: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "ownership");
      return shape(services, await mustFindOwnerChange(services.sql, { changeId: request.params.id, accountId }));
    },
  );
}

function addCancellation(app: Routes, services: Services): void {
  app.delete(
    "/api/account/owner/:id",
    {
      schema: {
        tags,
        summary: "Cancel a change of owner, as long as it waits",
        params,
        response: { 200: OwnerChange, ...problems, 404: Problem, 409: Problem },
      },
    },
    async (request) => {
      const { accountId } = await actorOf(services, request, "ownership");
      return shape(services, await cancelOwnerChange(services.sql, { changeId: request.params.id, accountId }));
    },
  );
}

const contextOf = ({ config, sql, chain, screener }: Services): OwnerChangeContext => ({
  sql,
  chain,
  screener,
  custodian: config.custodianAddress,
  takeOverHours: config.takeOverHours,
});

const shape = ({ chain }: Services, row: OwnerChangeRow): Static<typeof OwnerChange> => ({
  id: row.change_id,
  state: row.state,
  reason: row.state === "failed" ? (row.failure ?? "The contract refused it. Ask for it again.") : null,
  wallet: row.wallet,
  order: row.state === "awaiting_signature" ? shapeOrder(takeOverTypedData(chain, row), Number(row.deadline)) : null,
  waitsUntil: row.not_before?.toISOString() ?? null,
  transactionHash: row.transaction_hash,
  createdAt: row.created_at.toISOString(),
});
