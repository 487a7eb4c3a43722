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
import { credit, newUser, registerNode, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { AT_ONCE, fundPlatform, openOnChain } from "../testing/on-chain.ts";
import { watchRoutes } from "../testing/route-list.ts";

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

/** Ids of the owner, who buys and has a node. */
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
  seq: string;
  version: string;
  lotId: string;
};

/** A day whose reserves are published. */
const DAY = "2026-11-20";
const chat = () => ({ model: "demo/small", messages: [{ role: "user", content: "Hi" }], max_tokens: 1 });
const nodeId = ({ nodeId: id }: Target) => ({ id });
const keyId = ({ keyId: id }: Target) => ({ id });
const hookId = ({ hookId: id }: Target) => ({ id });
const holdId = ({ holdId: id }: Target) => ({ id });
const giftId = ({ giftId: id }: Target) => ({ id });
const transferId = ({ transferId: id }: Target) => ({ id });
const job = ({ nodeId: id }: Target) => ({ amount: "0.01", expiresIn: 60, nodeId: id });
const lotId = ({ lotId: id }: Target) => ({ id });
const accountIdOfOwner = () => ({ accountId: owner.accountId });
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
  "GET /api/reserves/:day/proof": { access: "managed", params: () => ({ day: DAY }), others: 404 },
  "GET /api/batches": { access: "public" },
  "GET /api/batches/:seq": { access: "public", params: ({ seq }) => ({ seq }) },
  "GET /api/prices/:version": { access: "public", params: ({ version }) => ({ version }) },
  "GET /api/nodes/:id/health": { access: "public", params: nodeId },
  "GET /v1/models": { access: "public" },
  "GET /v1/models/*": { access: "public", params: () => ({ "*": "demo/small" }) },
  "GET /v1/models/:id": { access: "public", params: () => ({ id: "demo%2Fsmall" }) },
  "GET /v1/models/:id/endpoints": { access: "public", params: () => ({ id: "demo%2Fsmall" }) },
  "POST /api/auth/nonce": { access: "public" },
  "POST /api/auth/verify": { access: "public", payload: () => ({ message: "x", signature: "0x" }), owner: 401 },
  "POST /api/auth/email": { access: "public", payload: () => ({ email: "matrix@example.com" }), owner: 202 },
  "POST /api/auth/email/verify": { access: "public", payload: () => ({ challenge: "x", code: "0" }), owner: 401 },
  "GET /api/me": { access: "session" },
  "POST /api/me/account": { access: "session", payload: () => ({ accountId: owner.accountId }), others: 404 },
  "POST /api/me/wallets": { access: "session", payload: () => ({ message: "x", signature: "0x" }), owner: 401 },
  // The owner's only one, and that of his account in the contract.
  "DELETE /api/me/wallets/:address": {
    access: "session",
    params: () => ({ address: privateKeyToAccount(owner.privateKey).address }),
    owner: 409,
  },
  "POST /api/me/emails": { access: "session", payload: () => ({ email: "matrix@example.com" }), owner: 202 },
  "POST /api/me/emails/verify": { access: "session", payload: () => ({ challenge: "x", code: "0" }), owner: 401 },
  "DELETE /api/me/emails/:id": { access: "session", params: ({ emailId: id }) => ({ id }), owner: 204 },
  "GET /api/notifications/mails": { access: "session" },
  "PUT /api/notifications/mails/:kind": {
    access: "session",
    params: () => ({ kind: "balance" }),
    payload: () => ({ wanted: false }),
    others: 200,
  },
  // Whoever has the mail has the token.
  "GET /api/notifications/unsubscribe/:token": { access: "public", params: () => ({ token: "unknown" }) },
  "POST /api/notifications/unsubscribe/:token": { access: "public", params: () => ({ token: "unknown" }), owner: 404 },
  "GET /api/notifications/push": { access: "session" },
  "POST /api/notifications/push": {
    access: "session",
    payload: () => ({ endpoint: "https://push.example.com/x", keys: { p256dh: "AAAA", auth: "AAAA" } }),
    owner: 400,
  },
  "DELETE /api/notifications/push/:id": { access: "session", params: ({ browserId: id }) => ({ id }), owner: 204 },
  "GET /api/webhook-endpoints": { access: "session" },
  "POST /api/webhook-endpoints": { access: "session", payload: () => ({ url: "ftp://x" }), owner: 400 },
  "PATCH /api/webhook-endpoints/:id": {
    access: "session",
    params: hookId,
    payload: () => ({ disabled: true }),
  },
  "POST /api/webhook-endpoints/:id/rotate": { access: "session", params: hookId, payload: () => ({}) },
  "POST /api/webhook-endpoints/:id/test": { access: "session", params: hookId, owner: 202 },
  "GET /api/webhook-endpoints/:id/deliveries": { access: "session", params: hookId },
  "POST /api/webhook-endpoints/:id/deliveries/:deliveryId/redeliver": {
    access: "session",
    params: ({ hookId: id, deliveryId }) => ({ id, deliveryId }),
    owner: 202,
  },
  "DELETE /api/webhook-endpoints/:id": { access: "session", params: hookId, owner: 204 },
  "GET /api/account": { access: "session" },
  "GET /api/balance": { access: "managed" },
  "GET /api/entries": { access: "session" },
  "GET /api/transactions/:id": { access: "session", params: ({ transactionId: id }) => ({ id }) },
  "GET /api/keys": { access: "managed" },
  "POST /api/keys": { access: "managed", payload: () => ({ name: "new" }), owner: 201 },
  "GET /api/keys/:id": { access: "managed", params: keyId },
  "PATCH /api/keys/:id": {
    access: "managed",
    params: keyId,
    payload: () => ({ name: "changed", limits: { day: "1" } }),
  },
  "POST /api/keys/:id/rotate": { access: "managed", params: keyId, payload: () => ({}) },
  "DELETE /api/keys/:id": { access: "managed", params: keyId, owner: 204 },
  "GET /api/limits": { access: "managed" },
  "PUT /api/limits/:scope/:subjectId/:period": {
    access: "managed",
    params: limitOnKey,
    payload: () => ({ amount: "2" }),
  },
  "DELETE /api/limits/:scope/:subjectId/:period": { access: "managed", params: limitOnKey, owner: 204 },
  "GET /api/deposits": { access: "session" },
  "GET /api/deposits/address": { access: "session" },
  "GET /api/deposits/transfers": { access: "session" },
  "GET /api/onramps": { access: "session" },
  // None is set up here.
  "POST /api/onramps/:provider/sessions": {
    access: "session",
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
    headers: () => ({ "idempotency-key": newId("transfer") }),
    payload: () => ({ to: { account: others.operator.accountId }, amount: "1" }),
    owner: 201,
    others: 402,
  },
  "GET /api/transfers": { access: "session" },
  "GET /api/transfers/:id": { access: "session", params: transferId },
  // Nobody has read it since it was made: there is nothing to sign yet.
  "POST /api/transfers/:id/signature": {
    access: "session",
    params: transferId,
    payload: () => ({ signature: "0x" }),
    owner: 409,
  },
  "POST /api/gift-codes": {
    access: "session",
    headers: () => ({ "idempotency-key": newId("gift") }),
    payload: () => ({ amount: "1" }),
    owner: 201,
    others: 402,
  },
  "GET /api/gift-codes": { access: "session" },
  "GET /api/gift-codes/:id": { access: "session", params: giftId },
  "POST /api/gift-codes/:id/signature": {
    access: "session",
    params: giftId,
    payload: () => ({ signature: "0x" }),
    owner: 409,
  },
  "POST /api/gift-codes/:id/revoke": { access: "session", params: giftId },
  "POST /api/gift-codes/redeem": { access: "managed", payload: () => ({ code: "x" }), owner: 422 },
  "GET /api/usage": { access: "managed" },
  "GET /api/usage/summary": { access: "managed" },
  "GET /api/receipts/:requestId": { access: "managed", params: ({ requestId }) => ({ requestId }) },
  "GET /api/batches/:seq/receipts": { access: "managed", params: ({ seq }) => ({ seq }) },
  "GET /api/statements": { access: "managed" },
  "GET /api/statements/:file": {
    access: "managed",
    params: () => ({ file: new Date().toISOString().slice(0, 7) }),
    others: 200,
  },
  "GET /api/earnings": { access: "session" },
  "GET /api/earnings/batches": { access: "session" },
  "GET /api/payouts": { access: "session" },
  // Nobody has earned $10, and there is no off-ramp here.
  "POST /api/payouts": { access: "session", payload: () => ({ method: "wallet" }), owner: 422 },
  "POST /api/payouts/:id/cancel": { access: "session", params: ({ payoutId: id }) => ({ id }) },
  "POST /api/payouts/bank": { access: "session", owner: 422 },
  // Without Stripe's signature.
  "POST /api/webhooks/stripe-connect": { access: "public", payload: () => ({}), owner: 400 },
  // Before the owner's node is taken off sale below.
  "POST /api/holds": { access: "spender", payload: job, owner: 201, others: 402 },
  "GET /api/holds": { access: "spender" },
  "GET /api/holds/:id": { access: "spender", params: holdId },
  "DELETE /api/holds/:id": { access: "spender", params: holdId },
  "POST /api/meter-events": {
    access: "spender",
    payload: ({ nodeId: id, holdId: hold }) => ({
      nodeId: id,
      events: [{ id: "1", hold, resource: "gpu", quantity: 1 }],
    }),
    others: 404,
  },
  "GET /api/nodes": { access: "session" },
  "POST /api/nodes": { access: "session", payload: () => ({ name: "n", url: "ftp://x", models: [] }), owner: 400 },
  "GET /api/nodes/:id": { access: "session", params: nodeId },
  "PATCH /api/nodes/:id": { access: "session", params: nodeId, payload: () => ({ name: "changed" }) },
  "DELETE /api/nodes/:id": { access: "session", params: nodeId, owner: 204 },
  "GET /api/grants": { access: "managed" },
  "GET /api/admin/grants": { access: "admin", query: accountIdOfOwner },
  "POST /api/admin/grants": {
    access: "admin",
    payload: () => ({ ...accountIdOfOwner(), kind: "enterprise", amount: "0.001", cause: newId("lot") }),
    owner: 201,
  },
  "DELETE /api/admin/grants/:id": { access: "admin", params: lotId },
  "GET /api/referrals": { access: "session" },
  "POST /api/referrals/visits": { access: "public", payload: () => ({ code: "unknown" }), owner: 204 },
  "GET /api/share": { access: "public" },
  // No cards are taken here.
  "GET /api/cards": { access: "session" },
  "DELETE /api/cards/:id": { access: "session", params: lotId, owner: 422, others: 422 },
  "GET /api/cards/payments": { access: "session" },
  "POST /api/cards/payments": { access: "session", payload: () => ({ amount: "5", cardId: "card_x" }), owner: 400 },
  "POST /api/cards/checkout": { access: "session", payload: () => ({ amount: "5" }), owner: 422 },
  "POST /api/admin/card-payments/:id/refund": { access: "admin", params: lotId, payload: () => ({}), owner: 422 },
  "GET /api/plans": { access: "public" },
  "POST /api/plans/:id/checkout": { access: "session", params: lotId, owner: 422, others: 422 },
  "GET /api/subscriptions": { access: "session" },
  "PATCH /api/subscriptions/:id": {
    access: "session",
    params: lotId,
    payload: () => ({ endsAtPeriodEnd: true }),
    owner: 422,
    others: 422,
  },
  "GET /api/recharge": { access: "session" },
  "PUT /api/recharge": {
    access: "session",
    payload: () => ({ cardId: "card_x", threshold: "5", target: "20", ceiling: "100" }),
    owner: 422,
  },
  // Nobody has turned it on.
  "DELETE /api/recharge": { access: "session", owner: 404 },
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
  // Last, because it ends the owner's session.
  "POST /api/auth/logout": { access: "public", owner: 204 },
};

const routes = watchRoutes();
let api: TestApi;
let owner: TestUser & { manager: string };
let others: { user: TestUser & { manager: string }; operator: TestUser };
let admin: TestUser;
const ADMIN_KEY = generatePrivateKey();

beforeAll(async () => {
  api = await startApi({ ADMIN_WALLETS: privateKeyToAddress(ADMIN_KEY) });
  admin = await newUser(api, ADMIN_KEY);
  const operator = await sellNode(api, { url: api.node.url, models: ["demo/small"] });
  owner = await withManager(await newUser(api));
  others = { user: await withManager(await newUser(api)), operator };
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
});
afterAll(() => api.stop());

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
    keyId: id,
    nodeId: node.id,
    requestId,
    payoutId,
    transactionId: "tx_of_owner",
    lotId: lot,
  };
  const set = { ...ids, version, seq: String(seq) };
  const payload = job({ ...set, holdId: "" });
  const held = await api.app.inject({ method: "POST", url: "/api/holds", headers: cookie(owner), payload });
  return { ...set, holdId: held.json<{ id: string }>().id };
}

/** Where the owner is told what happens. */
async function newTold() {
  const [row] = await api.sql<Array<{ user_id: string }>>`
    select user_id from account_members where account_id = ${owner.accountId}`;
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
async function newMoves(): Promise<{ transferId: string; giftId: string }> {
  const [transferId, giftId] = [newId("transfer"), newId("gift")];
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
    where m.account_id = ${owner.accountId}`;
  return { transferId, giftId };
}

const cookie = (user: TestUser) => ({ cookie: user.cookie });
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** Everybody who is not the owner in the way that the route asks for, with the status that each must get. */
function strangers({ access, params, owner: ok = 200, others: own = params ? 404 : ok }: Row) {
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

/** A fingerprint of everything that is stored, but for when keys were used and how often something was tried. */
async function fingerprint(): Promise<string> {
  const tables = await api.sql<Array<{ name: string }>>`
    select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('instances', 'attempt_counts')`;
  const queries = tables.map(
    ({ name }) => `
    select '${name}' as name, md5(coalesce(string_agg((to_jsonb(t) - 'last_used_at')::text, ',' order by to_jsonb(t)::text), '')) as sum
    from public."${name}" t`,
  );
  return JSON.stringify(await api.sql.unsafe(`${queries.join(" union all ")} order by name`));
}

test("every route is classified, and no other", () => {
  expect([...routes].sort()).toEqual(Object.keys(MATRIX).sort());
});

describe.each(Object.entries(MATRIX))("%s", (route, row) => {
  test(`${row.access}: strangers are refused without a trace, its owner is served`, async () => {
    const target = await targetOf(route);
    const secrets = [owner.accountId, owner.key, owner.manager, target.keyId, target.transactionId];
    let before: string | null = null;
    for (const { role, headers, status } of strangers(row)) {
      before = status >= 400 ? (before ?? (await fingerprint())) : null;
      const answer = await call(route, row, { target, headers });
      expect({ role, status: answer.statusCode }).toEqual({ role, status });
      for (const secret of secrets) expect(answer.body).not.toContain(secret);
      if (before !== null) expect(await fingerprint()).toBe(before);
    }
    for (const headers of owners(row.access)) {
      const answer = await call(route, row, { target: await targetOf(route), headers });
      expect(answer.statusCode).toBe(row.owner ?? 200);
    }
  });
});

test("the books are exact after all of it", async () => {
  expect(await differences(api.sql)).toEqual([]);
});
