import { nanoUsd } from "@infr/money";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BurnRates } from "../inference/burn-rates.ts";
import { credit, newUser, type TestApi } from "../testing/api.ts";
import { type Buyer, closeMarket, newBuyer, post, startMarket } from "../testing/market.ts";

let api: TestApi;
let buyer: Buyer;

beforeAll(async () => {
  api = await startMarket();
});
afterAll(() => closeMarket(api));
beforeEach(async () => {
  buyer = await newBuyer(api);
  api.node.setFaults({});
});

const messages = [{ role: "user" as const, content: "Write 50 tokens." }];
const ask = (user: { openai: Buyer["openai"] }, extra = {}) =>
  user.openai.chat.completions.create({ model: "demo/large", messages, ...extra }).withResponse();
const get = async (path: string, key = buyer.key) => {
  const response = await fetch(api.origin + path, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: (await response.json()) as { data: Record<string, unknown> } };
};

describe("GET /v1/generation", () => {
  test.each(["/v1", "/api/v1"])("default: a request by the id in its answer, under %s", async (prefix) => {
    const { data: answer } = await ask(buyer);
    const { body } = await get(`${prefix}/generation?id=${answer.id}`);
    const { cost } = answer.usage as unknown as { cost: number };
    expect(body.data).toMatchObject({
      id: answer.id,
      model: "demo/large",
      provider_name: "demo",
      total_cost: cost,
      tokens_prompt: answer.usage?.prompt_tokens,
      native_tokens_completion: 50,
      cancelled: false,
      status: "ok",
      usage_source: "node",
    });
  });

  test("error: another account's request, and what is no id, are not found", async () => {
    const { data: answer } = await ask(buyer);
    const stranger = await newUser(api);
    expect((await get(`/v1/generation?id=${answer.id}`, stranger.key)).status).toBe(404);
    expect((await get("/v1/generation?id=gen-1")).status).toBe(404);
    expect((await get("/v1/generation")).status).toBe(400);
    expect((await get(`/v1/generation?id=${answer.id}`, "sk-infr-nonsense")).status).toBe(401);
  });
});

describe("GET /v1/credits", () => {
  test("default: all credit and all usage; the difference is the balance", async () => {
    const { data: answer } = await ask(buyer);
    const { cost_details: details } = answer.usage as unknown as { cost_details: { total_usd: string } };
    const { body } = await get("/v1/credits");
    expect(body.data).toMatchObject({ total_credits: 10, total_credits_usd: "10", total_usage_usd: details.total_usd });
  });
});

describe("GET /v1/key", () => {
  test("default: a key without limits", async () => {
    const { data: answer } = await ask(buyer);
    const { cost } = answer.usage as unknown as { cost: number };
    expect((await get("/v1/key")).body.data).toMatchObject({
      label: "test",
      limit: null,
      limit_remaining: null,
      limit_reset: null,
      usage: cost,
      usage_daily: cost,
      usage_weekly: cost,
      usage_monthly: cost,
      is_management_key: false,
      expires_at: null,
    });
  });

  test("behavior: the limit that will refuse first, and what is left of it", async () => {
    const created = await api.app.inject({
      method: "POST",
      url: "/api/keys",
      headers: { cookie: buyer.cookie },
      payload: { name: "limited", limits: { day: "2", total: "1.5" } },
    });
    const { key } = created.json<{ key: string }>();
    const answer = await post(api, { path: "/v1/chat/completions", body: { model: "demo/large", messages }, key });
    const { usage } = (await answer.json()) as { usage: { cost: number } };
    expect((await get("/v1/key", key)).body.data).toMatchObject({
      label: "limited",
      limit: 1.5,
      limit_remaining: expect.closeTo(1.5 - usage.cost, 9),
      limit_reset: null,
      usage: usage.cost,
    });
  });

  test("behavior: a management key may look", async () => {
    const created = await api.app.inject({
      method: "POST",
      url: "/api/keys",
      headers: { cookie: buyer.cookie },
      payload: { name: "manager", kind: "management" },
    });
    const { key } = created.json<{ key: string }>();
    expect((await get("/v1/key", key)).body.data).toMatchObject({ label: "manager", is_management_key: true });
  });
});

describe("headers", () => {
  const ten = 10_000_000_000n;
  const nanoOf = (header: string | null) => BigInt(Math.round(Number(header) * 1e9));

  test("behavior: the balance after a request; of a stream, before it", async () => {
    const { response } = await ask(buyer);
    expect(nanoOf(response.headers.get("x-balance-usd"))).toBe(ten - (await buyer.spent()));
    const before = ten - (await buyer.spent());
    const streamed = await post(api, {
      path: "/v1/chat/completions",
      body: { model: "demo/large", messages, stream: true },
      key: buyer.key,
    });
    await streamed.text();
    expect(nanoOf(streamed.headers.get("x-balance-usd"))).toBe(before);
  });

  test("behavior: the runway, once the rate is known: what is left by a seventh of what a week cost", async () => {
    await ask(buyer);
    const runway = async () => (await ask(buyer)).response.headers.get("x-balance-runway-days");
    await expect.poll(runway).not.toBeNull();
    const rates = new BurnRates(api.sql);
    const spendable = nanoUsd(ten - (await buyer.spent()));
    const spent = await buyer.spent();
    const daysLeft = () => rates.daysLeft({ accountId: buyer.accountId, spendable });
    expect(daysLeft()).toBeNull();
    await expect.poll(daysLeft).toBeCloseTo(Number(spendable) / (Number(spent) / 7), 3);
  });

  test("behavior: a 402 states what there is, on every surface, and what it would have lasted", async () => {
    await ask(buyer);
    await expect.poll(async () => (await ask(buyer)).response.headers.get("x-balance-runway-days")).not.toBeNull();
    const left = ten - (await buyer.spent());
    const [{ operator }] = await api.sql<[{ operator: string }]>`select account_id as operator from nodes limit 1`;
    const long = [{ role: "user" as const, content: "x".repeat(200_000) }];
    const surfaces = {
      "/v1/chat/completions": { messages: long, stream: true },
      "/v1/responses": { input: long },
      "/v1/messages": { messages: long, max_tokens: 8 },
      "/api/holds": { amount: "10", expiresIn: 60, operatorId: operator },
    };
    for (const [path, body] of Object.entries(surfaces)) {
      const answer = await post(api, { path, body: { model: "demo/large", ...body }, key: buyer.key });
      const days = answer.headers.get("x-balance-runway-days");
      expect([path, answer.status, nanoOf(answer.headers.get("x-balance-usd"))]).toEqual([path, 402, left]);
      expect(Number(days)).toBeGreaterThan(0);
    }
    const broke = await newUser(api);
    const refused = await post(api, {
      path: "/v1/chat/completions",
      body: { model: "demo/large", messages },
      key: broke.key,
    });
    expect(refused.headers.get("x-balance-usd")).toBe("0");
  });

  test("behavior: who spends nothing has no runway", async () => {
    const rates = new BurnRates(api.sql);
    const daysLeft = () => rates.daysLeft({ accountId: buyer.accountId, spendable: nanoUsd(1n) });
    expect(daysLeft()).toBeNull();
    expect(daysLeft()).toBeNull();
  });

  test("behavior: every answer names its request: where it is metered, that one", async () => {
    const { data, response } = await ask(buyer);
    expect(response.headers.get("x-request-id")).toBe(data.id);
    const broke = await newUser(api);
    const answers = [
      await post(api, { path: "/v1/chat/completions", body: { model: "demo/large", messages }, key: broke.key }),
      await post(api, { path: "/v1/chat/completions", body: "{", key: buyer.key }),
      await post(api, { path: "/v1/nothing", body: {} }),
      await fetch(`${api.origin}/v1/models`),
      await fetch(`${api.origin}/api/share`),
    ];
    const ids = answers.map(({ headers }) => headers.get("x-request-id"));
    expect(answers.map(({ status }) => status).slice(0, 3)).toEqual([402, 400, 404]);
    for (const id of ids) expect(id).toMatch(/^req_[0-9a-z]{26}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("behavior: everything under /v1 answers under /api/v1, in the same shapes", async () => {
    const client = buyer.openai.withOptions({ baseURL: `${api.origin}/api/v1` });
    expect((await client.models.list()).data).toHaveLength(2);
    expect(await client.chat.completions.create({ model: "demo/large", messages })).toHaveProperty("choices");
    await expect(client.chat.completions.create({ model: "nope", messages })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  test("behavior: money for some, many at once: the last balance that is stated is what is left", async () => {
    const poor = await newUser(api);
    await credit(api.sql, poor.accountId, 300_000_000n);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(poor, { max_tokens: 50 })));
    const stated = answers.map(({ response }) => nanoOf(response.headers.get("x-balance-usd")));
    const { body } = await get("/v1/credits", poor.key);
    const left = Number(body.data["total_credits"]) - Number(body.data["total_usage"]);
    expect(stated).toContain(BigInt(Math.round(left * 1e9)));
    for (const balance of stated) expect(balance).toBeGreaterThanOrEqual(0n);
  });
});
