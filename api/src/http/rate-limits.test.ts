import fastify from "fastify";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Config } from "../config.ts";
import { credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { addRateLimits } from "./rate-limits.ts";

const PER_KEY = 20;
const PER_ADDRESS = 30;
const SIGN_INS = 10;
const FAILED_KEYS = 5;

let api: TestApi;
let user: TestUser;

beforeAll(async () => {
  api = await startApi({
    REQUESTS_PER_MINUTE_PER_KEY: String(PER_KEY),
    REQUESTS_PER_MINUTE_PER_ADDRESS: String(PER_ADDRESS),
    SIGN_INS_PER_MINUTE_PER_ADDRESS: String(SIGN_INS),
    FAILED_KEYS_PER_MINUTE_PER_ADDRESS: String(FAILED_KEYS),
  });
  await sellNode(api, { url: api.node.url, models: ["demo/small"] });
  user = await newUser(api);
  await credit(api.sql, user.accountId, 10_000_000_000n);
});
afterAll(() => api.stop());

let minutes = 0;
beforeEach(() => {
  // Only the clock that rates are counted by: every test has minutes of its own.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ++minutes * 120_000 });
});
afterEach(() => void vi.useRealTimers());

let addresses = 0;
const newAddress = () => `198.51.100.${++addresses}`;
const call = (url: string, { address, method = "GET", key, cookie, payload }: CallOptions) =>
  api.app.inject({
    method,
    url,
    headers: {
      "x-forwarded-for": address,
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(cookie ? { cookie } : {}),
    },
    ...(payload ? { payload } : {}),
  });
type CallOptions = {
  address: string;
  method?: "GET" | "POST" | "PATCH";
  key?: string;
  cookie?: string;
  payload?: object;
};
const chat = (key: string, address = newAddress()) =>
  call("/v1/chat/completions", {
    method: "POST",
    address,
    key,
    payload: { model: "demo/small", messages: [{ role: "user", content: "Hi" }], max_tokens: 1 },
  });
/** One after the other: the plugin's store hands its own counter out, so calls of one tick all see the last count. */
async function statuses(n: number, make: () => Promise<{ statusCode: number }>): Promise<string[]> {
  const seen = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const { statusCode } = await make();
    seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
  }
  return [...seen].map(([status, count]) => `${count} × ${status}`);
}

describe("under /v1", () => {
  test("default: a key may ask so often in a minute, wherever from, and is told how to go on", async () => {
    expect(await statuses(PER_KEY + 15, () => chat(user.key))).toEqual([`${PER_KEY} × 200`, "15 × 429"]);
    const refused = await chat(user.key);
    expect(refused.json()).toMatchObject({ error: { type: "rate_limit_error", code: "rate_limit_exceeded" } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(50);
    expect(refused.headers).toMatchObject({ "ratelimit-limit": String(PER_KEY), "ratelimit-remaining": "0" });
    vi.setSystemTime(Date.now() + 60_001);
    const answer = await chat(user.key);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({ "ratelimit-remaining": String(PER_KEY - 1) });
  });

  test("behavior: all routes of a key are counted together, and a refused request costs nothing", async () => {
    const before = await api.sql`select count(*)::int as n from usage`;
    await statuses(PER_KEY, () =>
      call("/v1/completions", { method: "POST", address: "::1", key: user.key, payload: {} }),
    );
    expect((await chat(user.key)).statusCode).toBe(429);
    expect(await api.sql`select count(*)::int as n from usage`).toEqual(before);
  });

  test("behavior: a key of its own rate has it, and keys don't share theirs", async () => {
    const make = async (requestsPerMinute: number) =>
      (
        await call("/api/keys", {
          method: "POST",
          address: newAddress(),
          cookie: user.cookie,
          payload: { name: "own", requestsPerMinute },
        })
      ).json<{ key: string }>().key;
    const [few, many] = [await make(3), await make(50)];
    expect(await statuses(10, () => chat(few))).toEqual(["3 × 200", "7 × 429"]);
    expect(await statuses(50, () => chat(many))).toEqual(["50 × 200"]);
  });
});

describe("by address", () => {
  test("behavior: where a key or a session will do, a session is counted by address", async () => {
    const guesses = { address: 1, account: 1, all: 1 };
    const rates = { key: 100, address: 2, signIn: 1, failedKeys: 1, guesses };
    const app = fastify();
    await addRateLimits(app, { rates } as Config);
    app.get("/both", { schema: { security: [{ session: [] }, { key: [] }] } }, () => "ok");
    expect(await statuses(3, () => app.inject("/both"))).toEqual(["2 × 200", "1 × 429"]);
    await app.close();
  });

  test("default: routes outside /v1, problem details, and addresses are counted apart", async () => {
    const address = newAddress();
    expect(await statuses(PER_ADDRESS + 5, () => call("/api/config", { address }))).toEqual([
      `${PER_ADDRESS} × 200`,
      "5 × 429",
    ]);
    const refused = await call("/api/balance", { address, cookie: user.cookie });
    expect(refused.json()).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    expect((await call("/api/balance", { address: newAddress(), cookie: user.cookie })).statusCode).toBe(200);
    expect((await chat(user.key, address)).statusCode).toBe(200);
  });

  test("behavior: the addresses of one IPv6 network are one", async () => {
    let host = 0;
    const answers = await statuses(PER_ADDRESS + 5, () =>
      call("/api/config", { address: `2001:db8::${(++host).toString(16)}` }),
    );
    expect(answers).toEqual([`${PER_ADDRESS} × 200`, "5 × 429"]);
  });

  test("behavior: nonces can't be piled up", async () => {
    const address = newAddress();
    await api.sql`delete from sign_in_nonces`;
    const answers = await statuses(100, () => call("/api/auth/nonce", { method: "POST", address }));
    expect(answers).toEqual([`${SIGN_INS} × 200`, "90 × 429"]);
    expect(await api.sql`select from sign_in_nonces`).toHaveLength(SIGN_INS);
    const payload = { message: "x", signature: "0x" };
    expect((await call("/api/auth/verify", { method: "POST", address, payload })).statusCode).toBe(429);
  });

  test("behavior: after many invalid keys strangers' keys are not looked up, and neighbours' still work", async () => {
    const address = newAddress();
    expect((await chat(user.key, address)).statusCode).toBe(200);
    let guess = 0;
    const guesses = await statuses(FAILED_KEYS, () => chat(`sk-infr-guess${++guess}`, address));
    expect(guesses).toEqual([`${FAILED_KEYS} × 401`]);
    const refused = await chat("sk-infr-another", address);
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(50);
    expect((await call("/api/keys", { address, key: "sk-infr-mgmt-x" })).statusCode).toBe(429);
    expect((await chat(user.key, address)).statusCode).toBe(200);
    expect((await chat("sk-infr-another", newAddress())).statusCode).toBe(401);
  });
});
