import { Type } from "typebox";
import { type ActRow, actsOf } from "../../administration/acts-store.ts";
import { freezeAccount } from "../../administration/freeze-account.ts";
import { accountState } from "../../administration/freeze-store.ts";
import { operatorsOf } from "../../administration/operators-store.ts";
import { setStanding } from "../../administration/set-standing.ts";
import { NotFoundError } from "../../errors.ts";
import { fundingRoom } from "../../flow/credit/grant-lot.ts";
import { suspense } from "../../flow/deposit/plain/store.ts";
import { newestReconciliation } from "../../jobs/reconcile-store.ts";
import {
  Address,
  Bytes32,
  Id,
  Limit,
  Moment,
  Money,
  Nullable,
  Problem,
  SMALL_BODY_BYTES,
  usdOfMicro,
  usdOfNano,
} from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { adminOf } from "../session.ts";

const tags = ["Administration"];
const problems = { 400: Problem, 401: Problem, 403: Problem };
const params = Type.Object({ id: Id });

const Act = Type.Object({
  id: Type.String({ description: "A number that rises with each." }),
  userId: Type.String(),
  act: Type.String(),
  subjectId: Type.String({ description: "What it was done to: an account, a grant, a refund, an adjustment." }),
  details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()])),
  at: Moment,
});

const AccountState = Type.Object({
  id: Type.String(),
  kind: Type.Enum(["personal", "team"]),
  owner: Address,
  chainAccount: Nullable(Type.Integer()),
  frozen: Nullable(Type.String({ description: "Why it may neither give nor get credit; null: it may." })),
  createdAt: Moment,
  chain: Money,
  debt: Money,
  unsettled: Money,
  held: Money,
  funded: Money,
});

const Operator = Type.Object({
  accountId: Type.String(),
  nodes: Type.Integer(),
  live: Type.Integer({ description: "Nodes that are on sale and answer." }),
  since: Moment,
  standing: Type.Enum(["good", "low"], {
    description: "low: what platform-funded credit pays for there is settled when it can't be taken back any more.",
  }),
  settled: Type.String({ ...Money, description: "Gross that batches have settled for it." }),
});

const Overview = Type.Object({
  reconciliation: Nullable(
    Type.Object({
      block: Type.Integer(),
      ok: Type.Boolean(),
      finishedAt: Moment,
      differences: Type.Array(
        Type.Object({
          what: Type.String(),
          accountId: Nullable(Type.String()),
          ledger: Type.String({ description: "Nano-dollars, or a number of events." }),
          chain: Type.String(),
        }),
      ),
    }),
  ),
  suspense: Type.Array(Type.Object({ transactionHash: Bytes32, sender: Address, amount: Money, sentAt: Moment }), {
    description: "Transfers to the contract of which nobody knows whose they are, oldest first.",
  }),
  fundingRoom: Type.String({ ...Money, description: "How much more platform-funded credit account 1 covers." }),
});

const MAX_DIFFERENCES = 100;

/** What administrators see, and what they do to accounts and operators. Whatever they do is in the log. */
export function adminRoutes(app: Routes, services: Services): void {
  overviewRoutes(app, services);
  accountRoutes(app, services);
  operatorRoutes(app, services);
}

function overviewRoutes(app: Routes, services: Services): void {
  const { sql } = services;
  app.get(
    "/api/admin/overview",
    {
      schema: {
        tags,
        summary: "What needs somebody's eye: differences, money of nobody, room for grants",
        response: { 200: Overview, ...problems },
      },
    },
    async (request) => {
      await adminOf(services, request);
      const [found, lost, room] = await Promise.all([
        newestReconciliation(sql),
        suspense(sql, { limit: 100 }),
        fundingRoom(sql),
      ]);
      return {
        reconciliation: found
          ? {
              block: Number(found.block),
              ok: found.ok,
              finishedAt: found.finishedAt.toISOString(),
              differences: found.differences.slice(0, MAX_DIFFERENCES).map(({ ledger, chain, ...rest }) => ({
                ...rest,
                ledger: String(ledger),
                chain: String(chain),
              })),
            }
          : null,
        suspense: lost.map((row) => ({
          transactionHash: row.transaction_hash,
          sender: row.sender,
          amount: usdOfMicro(row.amount_micro),
          sentAt: row.sent_at.toISOString(),
        })),
        fundingRoom: usdOfNano(room),
      };
    },
  );

  app.get(
    "/api/admin/acts",
    {
      schema: {
        tags,
        summary: "What administrators did, newest first. Nothing is ever taken out of it",
        querystring: Type.Object({
          ...Limit.properties,
          before: Type.Optional(Type.String({ pattern: "^[0-9]{1,18}$", description: "The last id you have." })),
          subjectId: Type.Optional(Id),
        }),
        response: { 200: Type.Object({ acts: Type.Array(Act) }), ...problems },
      },
    },
    async (request) => {
      await adminOf(services, request);
      const { limit, before, subjectId = null } = request.query;
      const rows = await actsOf(sql, { limit, before: before === undefined ? null : BigInt(before), subjectId });
      return { acts: rows.map(shapeAct) };
    },
  );
}

function accountRoutes(app: Routes, services: Services): void {
  const { sql } = services;
  const read = async (accountId: string) => {
    const row = await accountState(sql, accountId);
    if (!row || row.kind === "platform") throw new NotFoundError("account");
    return {
      id: row.account_id,
      kind: row.kind,
      owner: row.owner,
      chainAccount: row.chain_account === null ? null : Number(row.chain_account),
      frozen: row.frozen_reason,
      createdAt: row.created_at.toISOString(),
      chain: usdOfNano(row.chain_nano),
      debt: usdOfNano(row.debt_nano),
      unsettled: usdOfNano(row.unsettled_nano),
      held: usdOfNano(row.held_nano),
      funded: usdOfNano(row.funded_nano),
    };
  };

  app.get(
    "/api/admin/accounts/:id",
    {
      schema: { tags, summary: "An account", params, response: { 200: AccountState, ...problems, 404: Problem } },
    },
    async (request) => {
      await adminOf(services, request);
      return read(request.params.id);
    },
  );

  app.put(
    "/api/admin/accounts/:id/freeze",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Freeze an account",
        description:
          "It neither gives nor gets credit, its keys don't work, nothing is paid out. What comes from the chain is booked.",
        params,
        body: Type.Object({ reason: Type.String({ minLength: 3, maxLength: 500, pattern: "\\S" }) }),
        response: { 200: AccountState, ...problems, 404: Problem },
      },
    },
    async (request) => {
      const { userId } = await adminOf(services, request);
      const { id: accountId } = request.params;
      await freezeAccount(sql, { userId, accountId, reason: request.body.reason });
      return read(accountId);
    },
  );

  app.delete(
    "/api/admin/accounts/:id/freeze",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: { tags, summary: "Let it go on", params, response: { 200: AccountState, ...problems, 404: Problem } },
    },
    async (request) => {
      const { userId } = await adminOf(services, request);
      const { id: accountId } = request.params;
      await freezeAccount(sql, { userId, accountId, reason: null });
      return read(accountId);
    },
  );
}

function operatorRoutes(app: Routes, services: Services): void {
  const { sql, config } = services;
  app.get(
    "/api/admin/operators",
    {
      schema: {
        tags,
        summary: "Who sells nodes, and their standing, newest first",
        querystring: Limit,
        response: { 200: Type.Object({ operators: Type.Array(Operator) }), ...problems },
      },
    },
    async (request) => {
      await adminOf(services, request);
      const rows = await operatorsOf(sql, { limit: request.query.limit, newDays: config.newOperatorDays });
      return {
        operators: rows.map((row) => ({
          accountId: row.account_id,
          nodes: row.nodes,
          live: row.live,
          since: row.since.toISOString(),
          standing: row.is_low ? ("low" as const) : ("good" as const),
          settled: usdOfMicro(row.settled_micro),
        })),
      };
    },
  );

  app.put(
    "/api/admin/operators/:id/standing",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Say how far an operator is trusted",
        params,
        body: Type.Object({
          standing: Type.Enum(["good", "low"]),
          reason: Type.String({ minLength: 3, maxLength: 500, pattern: "\\S" }),
        }),
        response: { 204: Type.Null(), ...problems, 404: Problem },
      },
    },
    async (request, reply) => {
      const { userId } = await adminOf(services, request);
      await setStanding(sql, { userId, accountId: request.params.id, ...request.body });
      return reply.code(204).send(null);
    },
  );
}

const shapeAct = (row: ActRow) => ({
  id: String(row.act_id),
  userId: row.user_id,
  act: row.act,
  subjectId: row.subject_id,
  details: Object.fromEntries(
    Object.entries(row.details).map(([name, value]) => [name, value === null ? null : String(value)]),
  ),
  at: row.acted_at.toISOString(),
});
