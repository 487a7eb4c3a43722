import { microToNano, microUsdc, nanoUsd } from "@infr/money";
import { zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBatch } from "../flow/batch/build-batch.ts";
import { grantLot } from "../flow/credit/grant-lot.ts";
import { newId } from "../ids.ts";
import { differences } from "../ledger/store.ts";
import { createEndpoint, testEndpoint } from "../notify/webhooks.ts";
import { buildDay } from "../reserves/build-day.ts";
import { may, type Permission, type Role } from "../roles.ts";
import { credit, newUser, registerNode, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { AT_ONCE, fundPlatform, openOnChain } from "../testing/on-chain.ts";
import { watchRoutes } from "../testing/route-list.ts";
import { createTeam, join } from "../testing/teams.ts";

/**
 * Who may use a route:
 * - public: everybody, and all get the same
 * - session: somebody signed in
 * - managed: somebody signed in, or a management key
 * - payer: an inference key, or whoever pays for the request by itself (x402)
 * - anyKey: an inference or a management key
 * - spender: somebody signed in, or an inference key
 * - admin: somebody signed in who owns one of the wallets of the platform's administrators
 */
type Access = "public" | "session" | "managed" | "payer" | "anyKey" | "spender" | "admin";

type Row = {
  access: Access;
  /**
   * What the role of somebody in the account has to allow; null where it is about him and no account. Every route that a
   * session is for says it.
   */
  needs?: Permission | null;
  /** What roles get that may come in, where it is not what the owner gets: what they see is their own. */
  roles?: Partial<Record<Role, number>>;
  /** Its parameters, filled with what belongs to the owner: others must get 404, as for what does not exist. */
  params?: (target: Target) => Record<string, string>;
  query?: (target: Target) => Record<string, string>;
  payload?: (target: Target) => object;
  headers?: () => Record<string, string>;
  /** What its owner gets. Default 200. */
  owner?: number;
  /** What others with the same kind of access get on their own account. Default: as the owner, or 404 with `params`. */
  others?: number;
};

/** Ids of the owner, who buys and has a node, in an account that is a team. */
type Target = {
  keyId: string;
  emailId: string;
  browserId: string;
  hookId: string;
  deliveryId: string;
  nodeId: string;
  requestId: string;
  transactionId: string;
  payoutId: string;
  holdId: string;
  transferId: string;
  giftId: string;
  claimId: string;
  askId: string;
  standingId: string;
  topUpId: string;
  seq: string;
  version: string;
  lotId: string;
  userId: string;
  invitationId: string;
  project: string;
  adjustmentId: string;
  ownerChangeId: string;
};

/** A day whose reserves are published. */
const DAY = "2026-11-20";
const chat = () => ({ model: "demo/small", messages: [{ role: "user", content: "Hi" }], max_tokens: 1 });
const nodeId = ({ nodeId: id }: Target) => ({ id });
const keyId = ({ keyId: id }: Target) => ({ id });
const hookId = ({ hookId: id }: Target) => ({ id });
const holdId = ({ holdId: id }: Target) => ({ id });
const giftId = ({ giftId: id }: Target) => ({ id });
const claimId = ({ claimId: id }: Target) => ({ id });
const askId = ({ askId: id }: Target) => ({ id });
const topUpId = ({ topUpId: id }: Target) => ({ id });
const standingId = ({ standingId: id }: Target) => ({ id });
const transferId = ({ transferId: id }: Target) => ({ id });
const ownerChangeId = ({ ownerChangeId: id }: Target) => ({ id });
const job = ({ nodeId: id }: Target) => ({ amount: "0.01", expiresIn: 60, nodeId: id });
const lotId = ({ lotId: id }: Target) => ({ id });
const accountIdOfOwner = () => ({ accountId: owner.accountId });
const team = () => ({ id: owner.accountId });
const memberOfTeam = ({ userId }: Target) => ({ ...team(), userId });
const limitOnKey = ({ keyId: subjectId }: Target) => ({ scope: "key", subjectId, period: "day" });

/** Every route of the API. One that is missing here fails the test: decide who may use it, and add it. */
const MATRIX: Record<string, Row> = {
  "GET /health": { access: "public" },
  "GET /ready": { access: "public", owner: 503 },
  "GET /metrics": { access: "public" },
  "GET /api/config": { access: "public" },
  // A stream for EventSource, of public topics alone without a session.
  "GET /api/events": { access: "public", owner: 406 },
  "GET /api/reserves": { access: "public" },
  "GET /api/reserves/:day": { access: "public", params: () => ({ day: DAY }) },
  "GET /api/reserves/:day/proof": { access: "managed", needs: "statements", params: () => ({ day: DAY }), others: 404 },
  "GET /api/batches": { access: "public" },
  "GET /api/batches/:seq": { access: "public", params: ({ seq }) => ({ seq }) },
  "GET /api/prices/:version": { access: "public", params: ({ version }) => ({ version }) },
  "GET /api/nodes/:id/health": { access: "public", params: nodeId },
  "GET /.well-known/infr/:name": { access: "public", params: () => ({ name: "matrix" }), owner: 404 },
  // A wallet owns it already, and nobody has ever asked for another.
  "GET /api/account/owner": { access: "session", needs: "ownership" },
  "POST /api/account/owner": {
    access: "session",
    needs: "ownership",
    payload: () => ({ wallet: privateKeyToAddress(owner.privateKey) }),
    owner: 409,
    others: 422,
  },
  "POST /api/account/owner/:id/signature": {
    access: "session",
    needs: "ownership",
    params: ownerChangeId,
    payload: () => ({ signature: "0x00" }),
    owner: 409,
  },
  "GET /api/account/owner/:id": { access: "session", needs: "ownership", params: ownerChangeId },
  "DELETE /api/account/owner/:id": { access: "session", needs: "ownership", params: ownerChangeId },
  "GET /api/name": { access: "session", needs: "account" },
  // A name that nobody can have, so that none is left behind.
  "PUT /api/name": {
    access: "session",
    needs: "ownership",
    payload: () => ({ name: "support" }),
    owner: 400,
    others: 400,
  },
  "DELETE /api/name": { access: "session", needs: "ownership", owner: 404, others: 404 },
  "GET /v1/models": { access: "public" },
  "GET /v1/models/*": { access: "public", params: () => ({ "*": "demo/small" }) },
  "GET /v1/models/:id": { access: "public", params: () => ({ id: "demo%2Fsmall" }) },
  "GET /v1/models/:id/endpoints": { access: "public", params: () => ({ id: "demo%2Fsmall" }) },
  "POST /api/auth/nonce": { access: "public" },
  "POST /api/auth/verify": { access: "public", payload: () => ({ message: "x", signature: "0x" }), owner: 401 },
  "POST /api/auth/email": { access: "public", payload: () => ({ email: "matrix@example.com" }), owner: 202 },
  "POST /api/auth/email/verify": { access: "public", payload: () => ({ challenge: "x", code: "0" }), owner: 401 },
  "GET /api/me": { access: "session", needs: "account" },
  "POST /api/me/account": {
    access: "session",
    needs: null,
    payload: () => ({ accountId: owner.accountId }),
    others: 404,
  },
  "POST /api/me/wallets": {
    access: "session",
    needs: null,
    payload: () => ({ message: "x", signature: "0x" }),
    owner: 401,
  },
  // The owner's only one, and that of his account in the contract.
  "DELETE /api/me/wallets/:address": {
    access: "session",
    needs: null,
    params: () => ({ address: privateKeyToAccount(owner.privateKey).address }),
    owner: 409,
  },
  "POST /api/me/emails": {
    access: "session",
    needs: null,
    payload: () => ({ email: "matrix@example.com" }),
    owner: 202,
  },
  "POST /api/me/emails/verify": {
    access: "session",
    needs: null,
    payload: () => ({ challenge: "x", code: "0" }),
    owner: 401,
  },
  "DELETE /api/me/emails/:id": { access: "session", needs: null, params: ({ emailId: id }) => ({ id }), owner: 204 },
  "GET /api/notifications/mails": { access: "session", needs: null },
  "PUT /api/notifications/mails/:kind": {
    access: "session",
    needs: null,
    params: () => ({ kind: "balance" }),
    payload: () => ({ wanted: false }),
    others: 200,
  },
  // Whoever has the mail has the token.
  "GET /api/notifications/unsubscribe/:token": { access: "public", params: () => ({ token: "unknown" }) },
  "POST /api/notifications/unsubscribe/:token": { access: "public", params: () => ({ token: "unknown" }), owner: 404 },
  "GET /api/notifications/push": { access: "session", needs: null },
  "POST /api/notifications/push": {
    access: "session",
    needs: null,
    payload: () => ({ endpoint: "https://push.example.com/x", keys: { p256dh: "AAAA", auth: "AAAA" } }),
    owner: 400,
  },
  "DELETE /api/notifications/push/:id": {
    access: "session",
    needs: null,
    params: ({ browserId: id }) => ({ id }),
    owner: 204,
  },
  "GET /api/webhook-endpoints": { access: "session", needs: "operation" },
  "POST /api/webhook-endpoints": {
    access: "session",
    needs: "operation",
    payload: () => ({ url: "ftp://x" }),
    owner: 400,
  },
  "PATCH /api/webhook-endpoints/:id": {
    access: "session",
    needs: "operation",
    params: hookId,
    payload: () => ({ disabled: true }),
  },
  "POST /api/webhook-endpoints/:id/rotate": {
    access: "session",
    needs: "operation",
    params: hookId,
    payload: () => ({}),
  },
  "POST /api/webhook-endpoints/:id/test": { access: "session", needs: "operation", params: hookId, owner: 202 },
  "GET /api/webhook-endpoints/:id/deliveries": { access: "session", needs: "operation", params: hookId },
  "POST /api/webhook-endpoints/:id/deliveries/:deliveryId/redeliver": {
    access: "session",
    needs: "operation",
    params: ({ hookId: id, deliveryId }) => ({ id, deliveryId }),
    owner: 202,
  },
  "DELETE /api/webhook-endpoints/:id": { access: "session", needs: "operation", params: hookId, owner: 204 },
  "GET /api/account": { access: "session", needs: "account" },
  "GET /api/balance": { access: "managed", needs: "account" },
  "GET /api/entries": { access: "session", needs: "statements" },
  "GET /api/transactions/:id": { access: "session", needs: "funding", params: ({ transactionId: id }) => ({ id }) },
  "GET /api/keys": { access: "managed", needs: "account" },
  "POST /api/keys": { access: "managed", needs: "requests", payload: () => ({ name: "new" }), owner: 201 },
  "GET /api/keys/:id": { access: "managed", needs: "account", roles: { member: 404, billing: 404 }, params: keyId },
  "PATCH /api/keys/:id": {
    access: "managed",
    needs: "requests",
    roles: { member: 403 },
    params: keyId,
    payload: () => ({ name: "changed", limits: { day: "1" } }),
  },
  "POST /api/keys/:id/rotate": {
    access: "managed",
    needs: "requests",
    roles: { admin: 403, member: 404 },
    params: keyId,
    payload: () => ({}),
  },
  "DELETE /api/keys/:id": { access: "managed", needs: "requests", roles: { member: 404 }, params: keyId, owner: 204 },
  "GET /api/limits": { access: "managed", needs: "account" },
  "PUT /api/limits/:scope/:subjectId/:period": {
    access: "managed",
    needs: "budgets",
    params: limitOnKey,
    payload: () => ({ amount: "2" }),
  },
  "DELETE /api/limits/:scope/:subjectId/:period": {
    access: "managed",
    needs: "budgets",
    params: limitOnKey,
    owner: 204,
  },
  "GET /api/deposits": { access: "session", needs: "funding" },
  "GET /api/deposits/address": { access: "session", needs: "funding" },
  "GET /api/deposits/transfers": { access: "session", needs: null },
  "GET /api/onramps": { access: "session", needs: "funding" },
  // None is set up here.
  "POST /api/onramps/:provider/sessions": {
    access: "session",
    needs: "funding",
    params: () => ({ provider: "moonpay" }),
    payload: () => ({}),
    owner: 422,
    others: 422,
  },
  "POST /api/webhooks/onramps/:provider": {
    access: "public",
    params: () => ({ provider: "moonpay" }),
    payload: () => ({}),
    owner: 422,
    others: 422,
  },
  "POST /api/deposits/authorizations": {
    access: "session",
    needs: "funding",
    payload: () => ({
      from: `0x${"1".repeat(40)}`,
      amount: "1",
      validAfter: 0,
      validBefore: 1,
      memo: `0x${"0".repeat(64)}`,
      salt: `0x${"0".repeat(64)}`,
      signature: "0x",
    }),
    owner: 400,
  },
  // To the operator, who has nothing to give himself.
  "POST /api/transfers": {
    access: "session",
    needs: "sharing",
    headers: () => ({ "idempotency-key": newId("transfer") }),
    payload: () => ({ to: { account: others.operator.accountId }, amount: "1" }),
    owner: 201,
    others: 402,
  },
  "GET /api/transfers": { access: "session", needs: "sharing" },
  "GET /api/transfers/limits": { access: "session", needs: "sharing" },
  "GET /api/transfers/:id": { access: "session", needs: "sharing", params: transferId },
  // Nobody has read it since it was made: there is nothing to sign yet.
  "POST /api/transfers/:id/signature": {
    access: "session",
    needs: "sharing",
    params: transferId,
    payload: () => ({ signature: "0x" }),
    owner: 409,
  },
  "POST /api/transfers/:id/cancel": { access: "session", needs: "sharing", params: transferId },
  // Whoever has the link sees it; to have it takes the e-mail address: not even its sender's, whom nobody told.
  "GET /api/claims/:id": { access: "public", params: claimId },
  "POST /api/claims/:id": { access: "session", needs: "funding", params: claimId, owner: 403, others: 403 },
  "POST /api/requests": { access: "session", needs: "sharing", payload: () => ({ amount: "1" }), owner: 201 },
  "GET /api/requests": { access: "session", needs: "sharing" },
  // Whoever has the link sees it.
  "GET /api/requests/:id": { access: "public", params: askId },
  "POST /api/requests/:id/cancel": { access: "session", needs: "sharing", params: askId },
  "POST /api/top-ups": { access: "session", needs: "funding", payload: () => ({}), owner: 201 },
  "GET /api/top-ups": { access: "session", needs: "funding" },
  // Whoever has the link sees it.
  "GET /api/top-ups/:id": { access: "public", params: topUpId },
  "DELETE /api/top-ups/:id": { access: "session", needs: "funding", params: topUpId, owner: 204 },
  "POST /api/standing-orders": {
    access: "session",
    needs: "sharing",
    payload: () => ({ to: { wallet: `0x${"1".repeat(40)}` }, amount: "1", every: "week" }),
    owner: 201,
  },
  "GET /api/standing-orders": { access: "session", needs: "sharing" },
  "PATCH /api/standing-orders/:id": {
    access: "session",
    needs: "sharing",
    params: standingId,
    payload: () => ({ state: "paused" }),
  },
  "POST /api/gift-codes": {
    access: "session",
    needs: "sharing",
    headers: () => ({ "idempotency-key": newId("gift") }),
    payload: () => ({ amount: "1" }),
    owner: 201,
    others: 402,
  },
  "GET /api/gift-codes": { access: "session", needs: "sharing" },
  "GET /api/gift-codes/:id": { access: "session", needs: "sharing", params: giftId },
  "POST /api/gift-codes/:id/signature": {
    access: "session",
    needs: "sharing",
    params: giftId,
    payload: () => ({ signature: "0x" }),
    owner: 409,
  },
  "POST /api/gift-codes/:id/revoke": { access: "session", needs: "sharing", params: giftId },
  "POST /api/gift-codes/redeem": { access: "managed", needs: "funding", payload: () => ({ code: "x" }), owner: 422 },
  "GET /api/usage": { access: "managed", needs: "account" },
  "GET /api/usage/series": { access: "managed", needs: "account" },
  "GET /api/usage/export": { access: "managed", needs: "account" },
  "GET /api/usage/summary": { access: "managed", needs: "account" },
  "GET /api/receipts/:requestId": {
    access: "managed",
    needs: "account",
    roles: { member: 404 },
    params: ({ requestId }) => ({ requestId }),
  },
  "GET /api/batches/:seq/receipts": { access: "managed", needs: "usage", params: ({ seq }) => ({ seq }) },
  "GET /api/statements": { access: "managed", needs: "statements" },
  "GET /api/statements/:file": {
    access: "managed",
    needs: "statements",
    params: () => ({ file: new Date().toISOString().slice(0, 7) }),
    others: 200,
  },
  "GET /api/earnings": { access: "session", needs: "earnings" },
  "GET /api/earnings/batches": { access: "session", needs: "earnings" },
  "GET /api/payouts": { access: "session", needs: "earnings" },
  // Nobody has earned $10, and there is no off-ramp here.
  "POST /api/payouts": { access: "session", needs: "earnings", payload: () => ({ method: "wallet" }), owner: 422 },
  "POST /api/payouts/:id/cancel": { access: "session", needs: "earnings", params: ({ payoutId: id }) => ({ id }) },
  "POST /api/payouts/bank": { access: "session", needs: "earnings", owner: 422 },
  // Without Stripe's signature.
  "POST /api/webhooks/stripe-connect": { access: "public", payload: () => ({}), owner: 400 },
  // Before the owner's node is taken off sale below.
  "POST /api/holds": { access: "spender", needs: "requests", payload: job, owner: 201, others: 402 },
  "GET /api/holds": { access: "spender", needs: "requests" },
  // The account is its operator as well, whose people all see what pays it.
  "GET /api/holds/:id": { access: "spender", needs: "requests", params: holdId },
  "DELETE /api/holds/:id": { access: "spender", needs: "requests", roles: { member: 404 }, params: holdId },
  "POST /api/meter-events": {
    access: "spender",
    needs: null,
    payload: ({ nodeId: id, holdId: hold }) => ({
      nodeId: id,
      events: [{ id: "1", hold, resource: "gpu", quantity: 1 }],
    }),
    others: 404,
  },
  "GET /api/nodes": { access: "session", needs: "operation" },
  "POST /api/nodes": {
    access: "session",
    needs: "operation",
    payload: () => ({ name: "n", url: "ftp://x", models: [] }),
    owner: 400,
  },
  "GET /api/nodes/:id": { access: "session", needs: "operation", params: nodeId },
  "PATCH /api/nodes/:id": {
    access: "session",
    needs: "operation",
    params: nodeId,
    payload: () => ({ name: "changed" }),
  },
  "DELETE /api/nodes/:id": { access: "session", needs: "operation", params: nodeId, owner: 204 },
  "GET /api/grants": { access: "managed", needs: "funding" },
  "GET /api/admin/grants": { access: "admin", query: accountIdOfOwner },
  "POST /api/admin/grants": {
    access: "admin",
    payload: () => ({ ...accountIdOfOwner(), kind: "enterprise", amount: "0.001", cause: newId("lot") }),
    owner: 201,
  },
  "DELETE /api/admin/grants/:id": { access: "admin", params: lotId },
  "GET /api/admin/overview": { access: "admin" },
  "GET /api/admin/acts": { access: "admin" },
  "GET /api/admin/accounts/:id": { access: "admin", params: () => ({ id: owner.accountId }) },
  "PUT /api/admin/accounts/:id/freeze": {
    access: "admin",
    params: () => ({ id: others.frozen.accountId }),
    payload: () => ({ reason: "a look at it" }),
  },
  "DELETE /api/admin/accounts/:id/freeze": { access: "admin", params: () => ({ id: others.frozen.accountId }) },
  "GET /api/admin/operators": { access: "admin" },
  "PUT /api/admin/operators/:id/standing": {
    access: "admin",
    params: () => ({ id: others.operator.accountId }),
    payload: () => ({ standing: "good", reason: "known for years" }),
    owner: 204,
  },
  "GET /api/admin/adjustments": { access: "admin" },
  "POST /api/admin/adjustments": {
    access: "admin",
    payload: () => ({ ...accountIdOfOwner(), amount: "0.001", cause: newId("lot"), reason: "a test of who may" }),
    owner: 201,
  },
  // Its own proposal, of the administrator who is signed in.
  "POST /api/admin/adjustments/:id/approve": {
    access: "admin",
    params: ({ adjustmentId: id }) => ({ id }),
    owner: 403,
  },
  "POST /api/admin/adjustments/:id/reject": { access: "admin", params: ({ adjustmentId: id }) => ({ id }) },
  "GET /api/referrals": { access: "session", needs: "earnings" },
  "POST /api/referrals/visits": { access: "public", payload: () => ({ code: "unknown" }), owner: 204 },
  "GET /api/share": { access: "public" },
  // No cards are taken here.
  "GET /api/cards": { access: "session", needs: "funding" },
  "DELETE /api/cards/:id": { access: "session", needs: "funding", params: lotId, owner: 422, others: 422 },
  "GET /api/cards/payments": { access: "session", needs: "funding" },
  "POST /api/cards/payments": {
    access: "session",
    needs: "funding",
    payload: () => ({ amount: "5", cardId: "card_x" }),
    owner: 400,
  },
  "POST /api/cards/checkout": { access: "session", needs: "funding", payload: () => ({ amount: "5" }), owner: 422 },
  "POST /api/admin/card-payments/:id/refund": { access: "admin", params: lotId, payload: () => ({}), owner: 422 },
  "GET /api/plans": { access: "public" },
  "POST /api/plans/:id/checkout": { access: "session", needs: "funding", params: lotId, owner: 422, others: 422 },
  "GET /api/subscriptions": { access: "session", needs: "funding" },
  "PATCH /api/subscriptions/:id": {
    access: "session",
    needs: "funding",
    params: lotId,
    payload: () => ({ endsAtPeriodEnd: true }),
    owner: 422,
    others: 422,
  },
  "GET /api/recharge": { access: "session", needs: "funding" },
  "PUT /api/recharge": {
    access: "session",
    needs: "funding",
    payload: () => ({ cardId: "card_x", threshold: "5", target: "20", ceiling: "100" }),
    owner: 422,
  },
  // No wallet has allowed it.
  "GET /api/recharge/allowance": { access: "session", needs: "funding" },
  "POST /api/recharge/allowance/calls": {
    access: "session",
    needs: "funding",
    payload: () => ({ perPeriod: "50", approve: "500" }),
  },
  // Nobody has turned it on.
  "DELETE /api/recharge": { access: "session", needs: "funding", owner: 404 },
  // Without Stripe's signature.
  "POST /api/webhooks/stripe": { access: "public", payload: () => ({}), owner: 400 },
  "GET /v1/credits": { access: "anyKey" },
  "GET /v1/key": { access: "anyKey" },
  "GET /v1/generation": { access: "anyKey", query: ({ requestId: id }) => ({ id }), others: 404 },
  "POST /v1/chat/completions": { access: "payer", payload: chat, others: 402 },
  "POST /v1/messages": { access: "payer", payload: chat, others: 402 },
  "POST /v1/responses": {
    access: "payer",
    payload: () => ({ model: "demo/small", input: "Hi", max_output_tokens: 1 }),
    others: 402,
  },
  "POST /v1/completions": {
    access: "payer",
    payload: () => ({ model: "demo/small", prompt: "Hi", max_tokens: 1 }),
    others: 402,
  },
  "POST /v1/embeddings": { access: "payer", payload: () => ({ model: "demo/small", input: "Hi" }), others: 402 },
  "POST /api/teams": { access: "session", needs: null, payload: () => ({ name: "New" }), owner: 201 },
  "GET /api/teams/:id": { access: "session", needs: "account", params: team },
  "PATCH /api/teams/:id": { access: "session", needs: "ownership", params: team, payload: () => ({ name: "Other" }) },
  "PATCH /api/teams/:id/members/:userId": {
    access: "session",
    needs: "members",
    params: memberOfTeam,
    payload: () => ({ role: "billing" }),
  },
  "DELETE /api/teams/:id/members/:userId": { access: "session", needs: "members", params: memberOfTeam, owner: 204 },
  "POST /api/teams/:id/offer": {
    access: "session",
    needs: "ownership",
    params: team,
    payload: ({ userId }) => ({ userId }),
  },
  "DELETE /api/teams/:id/offer": { access: "session", needs: "ownership", params: team, owner: 204 },
  // Offered to somebody else.
  "POST /api/teams/:id/offer/accept": { access: "session", needs: "account", params: team, owner: 404 },
  "GET /api/teams/:id/invitations": { access: "session", needs: "members", params: team },
  "POST /api/teams/:id/invitations": {
    access: "session",
    needs: "members",
    params: team,
    payload: () => ({ role: "member", wallet: privateKeyToAddress(generatePrivateKey()) }),
    owner: 201,
  },
  "DELETE /api/teams/:id/invitations/:invitationId": {
    access: "session",
    needs: "members",
    params: ({ invitationId }) => ({ ...team(), invitationId }),
    owner: 204,
  },
  "GET /api/teams/:id/projects": { access: "session", needs: "account", params: team },
  "POST /api/teams/:id/projects": {
    access: "session",
    needs: "projects",
    params: team,
    payload: () => ({ name: newId("tx").replaceAll("_", "-") }),
    owner: 201,
  },
  "PATCH /api/teams/:id/projects/:name": {
    access: "session",
    needs: "projects",
    params: ({ project: name }) => ({ ...team(), name }),
    payload: () => ({ archived: true }),
  },
  "GET /api/invitations/:token": { access: "public", params: () => ({ token: "unknown" }), owner: 404 },
  "GET /api/me/invitations": { access: "session", needs: null },
  // To a wallet of somebody else.
  "POST /api/me/invitations/:id/accept": {
    access: "session",
    needs: null,
    params: ({ invitationId: id }) => ({ id }),
    owner: 404,
  },
  "DELETE /api/me/invitations/:id": {
    access: "session",
    needs: null,
    params: ({ invitationId: id }) => ({ id }),
    owner: 404,
  },
  // Last, because it ends the owner's session.
  "POST /api/auth/logout": { access: "public", owner: 204 },
};

const routes = watchRoutes();
let api: TestApi;
let owner: TestUser & { manager: string };
let others: { user: TestUser & { manager: string }; operator: TestUser; frozen: TestUser };
let admin: TestUser;
/** People of the owner's account, and who was one of them, or is one of another team's. */
let people: Record<Exclude<Role, "owner">, TestUser>;
let outsiders: Record<"removed member" | "admin of another team", TestUser>;
const ADMIN_KEY = generatePrivateKey();

beforeAll(async () => {
  api = await startApi({ ADMIN_WALLETS: privateKeyToAddress(ADMIN_KEY) });
  admin = await newUser(api, ADMIN_KEY);
  const operator = await sellNode(api, { url: api.node.url, models: ["demo/small"] });
  owner = await withManager(await newUser(api));
  others = { user: await withManager(await newUser(api)), operator, frozen: await newUser(api) };
  await credit(api.sql, owner.accountId, 10_000_000_000n);
  await credit(api.sql, "acct_platform", 100_000_000_000n);
  await fundPlatform(api);
  await openOnChain(api, owner, 10_000_000n);
  await openOnChain(api, operator, 10_000_000n);
  await owner.openai.chat.completions.create({
    model: "demo/small",
    messages: [{ role: "user", content: "Write 50 tokens." }],
  });
  await buildBatch({ sql: api.sql, chain: api.chain }, AT_ONCE);
  await api.sql`
    insert into transactions (transaction_id, account_id, kind, cause, sender, target, data)
    values ('tx_of_owner', ${owner.accountId}, 'deposit', 'test', ${`0x${"1".repeat(40)}`}, ${`0x${"2".repeat(40)}`}, '0x')`;
  await publishDay();
  await makeTeam();
});
afterAll(() => api.stop());

/** The owner's account becomes a team. */
async function makeTeam(): Promise<void> {
  const { accountId: id } = owner;
  await api.sql`update accounts set kind = 'team' where account_id = ${id}`;
  await api.sql`
    insert into teams (account_id, name, created_by)
    select account_id, 'Matrix', user_id from account_members where account_id = ${id}`;
  const joined = (role: Exclude<Role, "owner">) => join(api, { id }, role);
  people = { admin: await joined("admin"), billing: await joined("billing"), member: await joined("member") };
  const removed = await joined("admin");
  await api.sql`delete from account_members where account_id = ${id} and user_id = ${removed.userId}`;
  const another = await join(api, await createTeam(api, "Another"), "admin");
  outsiders = { "removed member": removed, "admin of another team": another };
}

/** A day on which only the owner was owed something. */
async function publishDay(): Promise<void> {
  const amount = microUsdc(5_000_000n);
  await api.sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
    values ('of_owner', 'deposited', 1, '', 0, '', now())`;
  await api.sql`
    insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
    values ('deposit:of_owner', 1, 'escrow', '', 'credit', ${owner.accountId}, ${microToNano(amount)})`;
  const as = { day: DAY, chainId: api.chainId, escrow: api.chain.escrow, block: 1n };
  await buildDay(api.sql, { as, blockHash: zeroHash, contract: { liabilities: amount, held: amount } });
}

async function withManager(user: TestUser): Promise<TestUser & { manager: string }> {
  return { ...user, manager: (await createKey(user, { kind: "management" })).key };
}

async function createKey(user: TestUser, settings: object): Promise<{ id: string; key: string }> {
  const payload = { name: "k", ...settings };
  const answer = await api.app.inject({ method: "POST", url: "/api/keys", headers: { cookie: user.cookie }, payload });
  return answer.json();
}

/** Of what is only read one target will do, until something is changed. */
let unchanged: Target | null = null;
async function targetOf(route: string): Promise<Target> {
  const isRead = route.startsWith("GET ");
  const target = (isRead ? unchanged : null) ?? (await newTarget());
  unchanged = isRead ? target : null;
  return target;
}

async function newTarget(): Promise<Target> {
  const { id } = await createKey(owner, { limits: { day: "1" } });
  const node = await registerNode(api, owner, {
    url: api.node.url,
    models: ["demo/large"],
    resources: [{ id: "gpu", unit: "gpu-second", pricePerUnit: "0.001" }],
  });
  const [row] = await api.sql<Array<{ request_id: string; price_version: string; seq: bigint }>>`
    select u.request_id, u.price_version, b.seq from usage u join batches b using (batch_id)
    where account_id = ${owner.accountId}`;
  if (!row) throw new Error("nothing was batched");
  const { request_id: requestId, price_version: version, seq } = row;
  const payoutId = newId("payout");
  await api.sql`update payouts set state = 'canceled' where state = 'pending'`;
  await api.sql`insert into payouts (payout_id, account_id, method) values (${payoutId}, ${owner.accountId}, 'wallet')`;
  const told = await newTold();
  const moves = await newMoves();
  const joined = await newJoined();
  const { lot_id: lot } = await api.sql.begin((tx) =>
    grantLot(
      tx,
      { ...accountIdOfOwner(), kind: "enterprise", cause: newId("lot"), amount: nanoUsd(1_000n), expiresAt: null },
      new Date(),
    ),
  );
  const ids = {
    ...told,
    ...moves,
    ...joined,
    keyId: id,
    nodeId: node.id,
    requestId,
    payoutId,
    transactionId: "tx_of_owner",
    lotId: lot,
    adjustmentId: await newProposal(),
    ownerChangeId: await newOwnerChange(),
  };
  const set = { ...ids, version, seq: String(seq) };
  const payload = job({ ...set, holdId: "" });
  const held = await api.app.inject({ method: "POST", url: "/api/holds", headers: cookie(owner), payload });
  return { ...set, holdId: held.json<{ id: string }>().id };
}

/** What the administrator has proposed. */
async function newProposal(): Promise<string> {
  const [row] = await api.sql<[{ user_id: string }]>`
    select user_id from account_members where account_id = ${admin.accountId}`;
  const id = newId("adjust");
  await api.sql`
    insert into adjustments (adjustment_id, cause, reason, kind, account_id, amount_nano, proposed_by)
    values (${id}, ${id}, 'a test of who may', 'credit', ${owner.accountId}, 1000, ${row.user_id})`;
  return id;
}

/** What nobody has signed. */
async function newOwnerChange(): Promise<string> {
  const id = newId("owner");
  await api.sql`update owner_changes set cancelled_at = now() where cancelled_at is null`;
  await api.sql`
    insert into owner_changes (change_id, account_id, user_id, account_number, wallet, nonce, deadline)
    select ${id}, account_id, user_id, 2, ${`0x${"1".repeat(40)}`}, 0, 4000000000
    from account_members where account_id = ${owner.accountId} and role = 'owner'`;
  return id;
}

/** Where the owner is told what happens. */
async function newTold() {
  const [row] = await api.sql<Array<{ user_id: string }>>`
    select user_id from account_members where account_id = ${owner.accountId} and role = 'owner'`;
  const userId = row?.user_id ?? "";
  const [emailId, browserId] = [newId("email"), newId("push")];
  const address = `${emailId}@example.com`;
  await api.sql`insert into emails (email_id, user_id, address) values (${emailId}, ${userId}, ${address})`;
  await api.sql`
    insert into push_subscriptions (subscription_id, user_id, endpoint, p256dh, auth)
    values (${browserId}, ${userId}, ${`https://push.example.com/${browserId}`}, '', '')`;
  await api.sql`delete from webhook_events`;
  await api.sql`delete from webhook_endpoints`;
  const { accountId } = owner;
  const { endpoint } = await createEndpoint(api.sql, { accountId, url: "http://h", types: null, allowPrivate: true });
  const { delivery_id: deliveryId } = await testEndpoint(api.sql, { accountId, endpointId: endpoint.endpoint_id });
  return { emailId, browserId, hookId: endpoint.endpoint_id, deliveryId };
}

/** A transfer and a gift that nobody has signed, of days ago: they don't count against the owner's pace. */
async function newMoves(): Promise<{
  transferId: string;
  giftId: string;
  claimId: string;
  askId: string;
  standingId: string;
  topUpId: string;
}> {
  const [transferId, giftId, waitingId] = [newId("transfer"), newId("gift"), newId("transfer")];
  const [ask, standing, topUp] = [newId("ask"), newId("standing"), newId("topup")];
  // An account has so many of them at most.
  await api.sql`delete from top_up_links where account_id = ${owner.accountId}`;
  await api.sql`delete from standing_orders where account_id = ${owner.accountId}`;
  await api.sql`
    insert into top_up_links (link_id, account_id, user_id)
    select ${topUp}, account_id, user_id from account_members where account_id = ${owner.accountId} and role = 'owner'`;
  await api.sql`
    insert into money_requests (request_id, account_id, user_id, amount_micro, expires_at)
    select ${ask}, account_id, user_id, 1, now() + interval '1 day' from account_members where account_id = ${owner.accountId} and role = 'owner'`;
  await api.sql`
    insert into standing_orders (order_id, account_id, user_id, named_as, named, amount_micro, every, starts_at, next_at)
    select ${standing}, account_id, user_id, 'email', 'x@example.com', 1, 'week', now(), now()
    from account_members where account_id = ${owner.accountId} and role = 'owner'`;
  const { accountId } = others.operator;
  await api.sql`
    insert into moves (move_id, kind, account_id, user_id, idempotency_key, body_hash, named_as, named, recipient_id,
      voucher_key, expiry, amount_micro, memo, created_at)
    select v.*, 1, '0x' || encode(sha256(v.move_id::bytea), 'hex'), now() - interval '2 days'
    from account_members m cross join lateral (values
      (${transferId}, 'transfer', m.account_id, m.user_id, ${transferId}, sha256('x'), 'account', ${accountId}, ${accountId},
        null, null::bigint),
      (${giftId}, 'gift', m.account_id, m.user_id, ${giftId}, sha256('x'), null, null, null,
        '0x' || right(encode(sha256(${giftId}::text::bytea), 'hex'), 40), 4000000000)
    ) v(move_id)
    where m.account_id = ${owner.accountId} and m.role = 'owner'`;
  await api.sql`
    insert into moves (move_id, kind, account_id, user_id, idempotency_key, body_hash, named_as, named, lock_email, code,
      voucher_key, expiry, amount_micro, memo, created_at, state, submitted_at)
    select ${waitingId}, 'claim', account_id, user_id, ${waitingId}, sha256('x'), 'email', 'x@example.com', 'x@example.com', ${"0".repeat(26)},
      '0x' || right(encode(sha256(${waitingId}::text::bytea), 'hex'), 40), 4000000000, 1,
      '0x' || encode(sha256(${waitingId}::text::bytea), 'hex'), now() - interval '2 days', 'active', now()
    from account_members where account_id = ${owner.accountId} and role = 'owner'`;
  return { transferId, giftId, claimId: waitingId, askId: ask, standingId: standing, topUpId: topUp };
}

/** Somebody of the team, whom it is offered to, an invitation and a project. */
async function newJoined(): Promise<{ userId: string; invitationId: string; project: string }> {
  const [userId, invitationId, project] = [newId("user"), newId("invite"), newId("tx").replaceAll("_", "-")];
  const { accountId } = owner;
  await api.sql`delete from team_invitations where account_id = ${accountId}`;
  await api.sql`delete from team_projects where account_id = ${accountId}`;
  await api.sql`insert into users (user_id) values (${userId})`;
  await api.sql`insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'member')`;
  await api.sql`update teams set offered_to = ${userId}, offered_at = now() where account_id = ${accountId}`;
  await api.sql`
    insert into team_invitations (invitation_id, account_id, role, wallet, token_hash, invited_by, expires_at)
    select ${invitationId}, account_id, 'member', ${privateKeyToAddress(generatePrivateKey()).toLowerCase()},
      sha256(${invitationId}::text::bytea), created_by, now() + interval '1 day'
    from teams where account_id = ${accountId}`;
  await api.sql`insert into team_projects (account_id, name) values (${accountId}, ${project})`;
  return { userId, invitationId, project };
}

/** Somebody who acts for the owner's account. */
const inTeam = (user: TestUser) => ({ ...cookie(user), "infr-account": owner.accountId });

/** What the roles of the owner's account get; null for those that a route is not about. */
function rolesOf({ needs = null, roles = {}, owner: ok = 200 }: Row) {
  if (needs === null) return [];
  return Object.entries(people).map(([role, user]) => {
    const allowed = may(role as Role, needs);
    return { role, allowed, headers: inTeam(user), status: allowed ? (roles[role as Role] ?? ok) : 403 };
  });
}

const cookie = (user: TestUser) => ({ cookie: user.cookie });
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** Everybody who is not the owner in the way that the route asks for, with the status that each must get. */
function strangers(row: Row) {
  const { access, needs = null, params, owner: ok = 200, others: own = params ? 404 : ok } = row;
  const { user, operator } = others;
  const expected = {
    public: { nobody: ok, session: ok, manager: ok, key: ok },
    session: { nobody: 401, session: own, manager: 401, key: 401 },
    managed: { nobody: 401, session: own, manager: own, key: 403 },
    payer: { nobody: 402, session: 402, manager: 403, key: own },
    spender: { nobody: 401, session: own, manager: 403, key: own },
    admin: { nobody: 401, session: 403, manager: 401, key: 401 },
    anyKey: { nobody: 401, session: 401, manager: own, key: own },
  }[access];
  return [
    { role: "anonymous", headers: {}, status: expected.nobody },
    { role: "other user", headers: cookie(user), status: expected.session },
    { role: "operator", headers: cookie(operator), status: expected.session },
    { role: "other's management key", headers: bearer(user.manager), status: expected.manager },
    { role: "other's inference key", headers: bearer(user.key), status: expected.key },
    { role: "unknown key", headers: bearer("sk-infr-nobody"), status: access === "payer" ? 401 : expected.nobody },
    // The owner's own keys, where they are of the wrong kind.
    ...(["payer", "session", "spender"].includes(access)
      ? [{ role: "own management key", headers: bearer(owner.manager), status: expected.manager }]
      : []),
    ...(access === "admin"
      ? [{ role: "owner of what it is about", headers: cookie(owner), status: expected.session }]
      : []),
    ...rolesOf(row).filter(({ status }) => status === 403),
    ...(needs === null
      ? []
      : Object.entries(outsiders).map(([role, user]) => ({ role, headers: inTeam(user), status: 404 }))),
    ...(access === "managed" || access === "session"
      ? [{ role: "own inference key", headers: bearer(owner.key), status: expected.key }]
      : []),
  ];
}

function owners(access: Access): Array<Record<string, string>> {
  if (access === "admin") return [cookie(admin)];
  if (access === "payer") return [bearer(owner.key)];
  if (access === "anyKey") return [bearer(owner.key), bearer(owner.manager)];
  if (access === "spender") return [cookie(owner), bearer(owner.key)];
  return access === "managed" ? [cookie(owner), bearer(owner.manager)] : [cookie(owner)];
}

async function call(route: string, row: Row, { target, headers }: { target: Target; headers: Record<string, string> }) {
  const [method, url = ""] = route.split(" ");
  const params = row.params?.(target) ?? {};
  return api.app.inject({
    method: method as "GET",
    url: url.replaceAll(/:(\w+)|\*/g, (all, name: string) => params[name ?? all] ?? "missing"),
    query: row.query?.(target) ?? {},
    headers: { ...row.headers?.(), ...headers },
    ...(row.payload ? { payload: row.payload(target) } : {}),
  });
}

/**
 * A fingerprint of everything that is stored, but for when keys were used, how often something was tried, and prices: a node's
 * are written down by whoever asks for them first, be it a stranger. Rows as text, where it is all of them: their JSON takes
 * four times as long.
 */
async function fingerprint(): Promise<string> {
  const tables = await api.sql<Array<{ name: string; is_used: boolean }>>`
    select tablename as name, exists (
      select from pg_attribute where attrelid = format('public.%I', tablename)::regclass and attname = 'last_used_at'
    ) as is_used
    from pg_tables where schemaname = 'public' and tablename not in ('instances', 'attempt_counts', 'prices')`;
  const queries = tables.map(
    ({ name, is_used: isUsed }) => `
    select '${name}' as name, count(*), sum(hashtextextended(${isUsed ? "(to_jsonb(t) - 'last_used_at')::text" : "t::text"}, 0))
    from public."${name}" t`,
  );
  return JSON.stringify(await api.sql.unsafe(`${queries.join(" union all ")} order by name`), (_, value) =>
    typeof value === "bigint" ? String(value) : value,
  );
}

test("every route is classified, and no other; where a session comes in, with what its role has to allow", () => {
  expect([...routes].sort()).toEqual(Object.keys(MATRIX).sort());
  const bySession = Object.entries(MATRIX).filter(([, row]) => ["session", "managed", "spender"].includes(row.access));
  expect(bySession.filter(([, row]) => row.needs === undefined)).toEqual([]);
});

describe.each(Object.entries(MATRIX))("%s", (route, row) => {
  test(`${row.access}: strangers are refused without a trace, its owner is served`, async () => {
    const target = await targetOf(route);
    const secrets = [owner.accountId, owner.key, owner.manager, target.keyId, target.transactionId];
    const callAs = async ({ role, headers, status }: ReturnType<typeof strangers>[number]) => {
      const answer = await call(route, row, { target, headers });
      expect({ role, status: answer.statusCode }).toEqual({ role, status });
      for (const secret of secrets) expect(answer.body).not.toContain(secret);
    };
    const { refused = [], served = [] } = Object.groupBy(strangers(row), ({ status }) =>
      status >= 400 ? "refused" : "served",
    );
    const before = refused.length > 0 ? await fingerprint() : "";
    for (const stranger of refused) await callAs(stranger);
    if (refused.length > 0) expect(await fingerprint()).toBe(before);
    for (const stranger of served) await callAs(stranger);
    for (const headers of owners(row.access)) {
      const answer = await call(route, row, { target: await targetOf(route), headers });
      expect(answer.statusCode).toBe(row.owner ?? 200);
    }
    for (const { role, headers, status } of rolesOf(row).filter((one) => one.allowed)) {
      const answer = await call(route, row, { target: await targetOf(route), headers });
      expect({ role, status: answer.statusCode }).toEqual({ role, status });
    }
  });
});

test("the books are exact after all of it", async () => {
  expect(await differences(api.sql)).toEqual([]);
});
