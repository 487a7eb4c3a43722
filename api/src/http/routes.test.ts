import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PriceBook } from "../metering/price-book.ts";
import { credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";

let api: TestApi;
let user: TestUser;
let other: TestUser;

beforeAll(async () => {
  api = await startApi();
  [user, other] = [await newUser(api), await newUser(api)];
});
afterAll(() => api.stop());

const inject = (method: "GET" | "POST" | "DELETE", url: string, options: { as?: TestUser; payload?: object } = {}) =>
  api.app.inject({
    method,
    url,
    ...(options.as ? { headers: { cookie: options.as.cookie } } : {}),
    ...(options.payload ? { payload: options.payload } : {}),
  });
const nonce = async () => (await inject("POST", "/api/auth/nonce")).json<{ nonce: string }>().nonce;

test("behavior: whoever sends a request too slowly is cut off", () => {
  expect(api.app.server.requestTimeout).toBe(120_000);
});

describe("sign-in", () => {
  const verify = async (overrides: Parameters<TestApi["signMessage"]>[1], key = generatePrivateKey()) =>
    inject("POST", "/api/auth/verify", { payload: await api.signMessage(key, { nonce: await nonce(), ...overrides }) });

  test("default: the same wallet comes back to the same account", async () => {
    const again = await newUser(api, user.privateKey);
    expect(again.accountId).toBe(user.accountId);
    const { account } = (await inject("GET", "/api/account", { as: again })).json<{ account: { owner: string } }>();
    expect(account.owner).toBe(privateKeyToAccount(user.privateKey).address.toLowerCase());
  });

  test("behavior: ten first sign-ins at once make one account", async () => {
    const key = generatePrivateKey();
    const users = await Promise.all(Array.from({ length: 10 }, () => newUser(api, key)));
    expect(new Set(users.map(({ accountId }) => accountId)).size).toBe(1);
  });

  test("error: a nonce is good once, also at once, also after a failure", async () => {
    const payload = await api.signMessage(user.privateKey, { nonce: await nonce() });
    const answers = await Promise.all([1, 2, 3, 4].map(() => inject("POST", "/api/auth/verify", { payload })));
    expect(answers.map(({ statusCode }) => statusCode).sort((a, b) => a - b)).toEqual([200, 401, 401, 401]);
    const used = await nonce();
    const bad = await api.signMessage(user.privateKey, { nonce: used, domain: "evil.example" });
    expect((await inject("POST", "/api/auth/verify", { payload: bad })).json()).toMatchObject({
      code: "siwe_domain_mismatch",
    });
    const good = await api.signMessage(user.privateKey, { nonce: used });
    expect((await inject("POST", "/api/auth/verify", { payload: good })).json()).toMatchObject({
      code: "siwe_nonce_used",
    });
  });

  test.each([
    ["another domain", { domain: "evil.example" }, "siwe_domain_mismatch"],
    ["another uri", { uri: "https://evil.example" }, "siwe_domain_mismatch"],
    ["another chain", { chainId: 1 }, "siwe_invalid"],
    ["an expired message", { expirationTime: new Date(Date.now() - 1_000) }, "siwe_expired"],
    ["an old message", { issuedAt: new Date(Date.now() - 3_600_000) }, "siwe_expired"],
    ["a message of tomorrow", { issuedAt: new Date(Date.now() + 86_400_000) }, "siwe_expired"],
    ["a message that is not valid yet", { notBefore: new Date(Date.now() + 3_600_000) }, "siwe_expired"],
    ["somebody else's address", { address: privateKeyToAccount(generatePrivateKey()).address }, "siwe_invalid"],
    ["a nonce we never gave", { nonce: "aaaaaaaaaaaaaaaa" }, "siwe_nonce_used"],
  ])("error: %s", async (_, overrides, code) => {
    const answer = await verify(overrides);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code, status: 401 });
  });

  test("error: no EIP-4361 message, or one with a line of its own", async () => {
    const { message, signature } = await api.signMessage(user.privateKey, { nonce: await nonce() });
    for (const text of ["hello", message.replace("URI:", "Also: this\nURI:")]) {
      const answer = await inject("POST", "/api/auth/verify", { payload: { message: text, signature } });
      expect(answer.json()).toMatchObject({ code: "siwe_invalid" });
    }
  });

  test("behavior: after signing out the session is worth nothing", async () => {
    const session = await newUser(api);
    await inject("POST", "/api/auth/logout", { as: session });
    expect((await inject("GET", "/api/account", { as: session })).statusCode).toBe(401);
  });
});

describe("what is whose", () => {
  test.each([
    "/api/account",
    "/api/balance",
    "/api/deposits",
    "/api/keys",
    "/api/usage",
    "/api/earnings",
    "/api/payouts",
    "/api/nodes",
    "/api/receipts/req_1",
    "/api/transactions/tx_1",
  ])("error: %s wants a session", async (url) => {
    const answer = await inject("GET", url);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: "signed_out" });
  });

  test("error: somebody else's key, usage and receipts do not exist", async () => {
    await sellNode(api, { url: api.node.url, models: ["demo/small"] });
    await credit(api.sql, user.accountId, 1_000_000_000n);
    const answer = await user.openai.chat.completions.create({
      model: "demo/small",
      messages: [{ role: "user", content: "Hi" }],
    });
    const { keys } = (await inject("GET", "/api/keys", { as: user })).json<{ keys: Array<{ id: string }> }>();
    expect((await inject("DELETE", `/api/keys/${keys[0]?.id}`, { as: other })).statusCode).toBe(404);
    expect((await inject("GET", `/api/receipts/${answer.id}`, { as: other })).statusCode).toBe(404);
    expect((await inject("GET", "/api/usage", { as: other })).json()).toEqual({ usage: [], nextCursor: null });
    expect((await inject("GET", "/api/usage", { as: user })).json<{ usage: unknown[] }>().usage).toHaveLength(1);
  });
});

describe("keys", () => {
  test("behavior: the secret is shown once and stored hashed", async () => {
    const created = (await inject("POST", "/api/keys", { as: user, payload: { name: "laptop" } })).json<{
      key: string;
    }>();
    expect(created.key).toMatch(/^sk-infr-[\w-]{43}$/);
    expect((await inject("GET", "/api/keys", { as: user })).body).not.toContain(created.key);
    const stored = await api.sql`select key_hash::text || prefix || name as text from api_keys`;
    expect(stored.some((row) => row["text"].includes(created.key.slice(8)))).toBe(false);
  });

  test.each([{}, { name: "" }, { name: " " }, { name: "x".repeat(65) }])("error: %j", async (payload) => {
    expect((await inject("POST", "/api/keys", { as: user, payload })).json()).toMatchObject({
      status: 400,
      code: "invalid_input",
    });
  });
});

describe("nodes", () => {
  const register = (payload: object) => inject("POST", "/api/nodes", { as: user, payload });
  const model = {
    id: "demo/small",
    promptPerMillion: "0.1",
    completionPerMillion: "0.15",
    contextLength: 1_000,
    maxCompletionTokens: 100,
  };

  test.each([
    [{ promptPerMillion: "-1" }, "invalid_input"],
    [{ promptPerMillion: "20000" }, "invalid_input"],
    [{ promptPerMillion: "0.0001" }, "invalid_input"],
    [{ promptPerMillion: "lots" }, "invalid_input"],
    [{ id: "unknown/model" }, "node_probe_failed"],
  ])("error: a model with %j", async (change, code) => {
    const answer = await register({ name: "n", url: api.node.url, models: [{ ...model, ...change }] });
    expect(answer.json()).toMatchObject({ code });
  });

  test.each([
    "ftp://node.example",
    "node.example",
    "http://user:pass@127.0.0.1:1",
    "http://127.0.0.1:1/?x=1",
    "http://127.0.0.1:1",
  ])("error: the URL %s", async (url) => {
    expect((await register({ name: "n", url, models: [model] })).statusCode).toBeGreaterThanOrEqual(400);
  });
});

describe("an error that nobody expected", () => {
  test("error: it gives the request id and promises nothing about charges", async () => {
    const all = vi.spyOn(PriceBook.prototype, "all").mockRejectedValue(new Error("a bug"));
    const { message } = (await inject("GET", "/v1/models")).json<{ error: { message: string } }>().error;
    all.mockRestore();
    expect(message).toMatch(/request id \S+/);
    expect(message).not.toContain("charged");
    expect(message).not.toContain("a bug");
  });
});

describe("usage pages", () => {
  test("behavior: pages follow each other without gap or repetition", async () => {
    const reader = await newUser(api);
    // Each of the seven holds up to $0.21.
    await credit(api.sql, reader.accountId, 10_000_000_000n);
    await Promise.all(
      Array.from({ length: 7 }, () =>
        reader.openai.chat.completions.create({ model: "demo/small", messages: [{ role: "user", content: "Hi" }] }),
      ),
    );
    const ids: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const page = (await inject("GET", `/api/usage?limit=3${query}`, { as: reader })).json<{
        usage: Array<{ id: string }>;
        nextCursor: string | null;
      }>();
      ids.push(...page.usage.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect(ids).toHaveLength(7);
  });

  test.each(["limit=0", "limit=1000", "limit=x", "cursor=nonsense"])("error: %s", async (query) => {
    expect((await inject("GET", `/api/usage?${query}`, { as: user })).statusCode).toBe(400);
  });
});

describe("public", () => {
  test("default: health, readiness without an indexer, config", async () => {
    expect((await inject("GET", "/health")).json()).toEqual({ ok: true });
    const ready = await inject("GET", "/ready");
    expect(ready.statusCode).toBe(503);
    expect(ready.json()).toMatchObject({ database: true, indexer: false, chain: true });
    expect((await inject("GET", "/api/config")).json()).toMatchObject({
      chainId: api.chainId,
      minDepositUsd: "5",
      dev: true,
    });
  });

  test.each([
    ["/api/batches/99999999999999999999", 400],
    ["/api/transactions/%00", 400],
    ["/api/transactions/%ff", 400],
    [`/api/transactions/${"a".repeat(500)}`, 414],
  ])("error: %s is a problem of who sends it", async (url, status) => {
    const answer = await inject("GET", url, { as: user });
    expect(answer.json()).toMatchObject({ status, code: expect.stringMatching(/^inval/) });
  });

  test("error: an unknown route is a problem, and OpenAI's shape under /v1", async () => {
    expect((await inject("GET", "/nowhere")).json()).toMatchObject({ status: 404, code: "not_found" });
    expect((await inject("POST", "/v1/nowhere")).json()).toMatchObject({ error: { code: "not_found" } });
  });
});
