import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { differences } from "../ledger/store.ts";
import { credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";

type Key = {
  id: string;
  key: string;
  prefix: string;
  limits: Array<{ period: string; amount: string; used: string; left: string }>;
  oldSecretUntil: string | null;
};
type As = { cookie: string } | { key: string };

let api: TestApi;
let user: TestUser;
let other: TestUser;

beforeAll(async () => {
  api = await startApi();
  await sellNode(api, { url: api.node.url, models: ["demo/small", "demo/large"] });
  other = await newUser(api);
});
afterAll(async () => {
  expect(await differences(api.sql)).toEqual([]);
  await api.stop();
});
beforeEach(async () => {
  user = await newUser(api);
  await credit(api.sql, user.accountId, 10_000_000_000n);
});

const call = (method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, as: As, payload?: object) =>
  api.app.inject({
    method,
    url,
    headers: "cookie" in as ? { cookie: as.cookie } : { authorization: `Bearer ${as.key}` },
    ...(payload ? { payload } : {}),
  });
const create = async (payload: object, as: As = user) =>
  (await call("POST", "/api/keys", as, { name: "ci", ...payload })).json<Key>();
const manage = async () => ({ key: (await create({ kind: "management" })).key });
const change = (id: string, payload: object, as: As = user) => call("PATCH", `/api/keys/${id}`, as, payload);

const ask = (key: string, model = "demo/small") =>
  new OpenAI({ baseURL: `${api.origin}/v1`, apiKey: key, maxRetries: 0 }).chat.completions.create({
    model,
    messages: [{ role: "user", content: "Write 5 tokens." }],
    max_tokens: 5,
  });
const codeOf = (key: string, model?: string) =>
  ask(key, model).then(
    () => "ok",
    (error: { code: string }) => error.code,
  );

describe("a key", () => {
  test("default: is made with all that can be said of it, read, changed, revoked", async () => {
    const wanted = {
      project: "web",
      expiresAt: "2100-01-01T00:00:00.000Z",
      models: ["demo/small"],
      requestsPerMinute: 100,
      limits: { week: "10", total: "50.5" },
    };
    const { key, ...made } = await create(wanted);
    expect(made).toMatchObject({ ...wanted, kind: "inference", limits: [{ period: "week" }, { period: "total" }] });
    expect((await call("GET", `/api/keys/${made.id}`, user)).json()).toEqual(made);
    expect(await codeOf(key)).toBe("ok");
    const changed = await change(made.id, {
      name: "new",
      models: null,
      expiresAt: null,
      requestsPerMinute: null,
      limits: { week: null, day: "1" },
    });
    expect(changed.json()).toMatchObject({
      name: "new",
      project: "web",
      models: null,
      expiresAt: null,
      requestsPerMinute: null,
      limits: [{ period: "day", amount: "1" }, { period: "total" }],
    });
    expect((await call("DELETE", `/api/keys/${made.id}`, user)).statusCode).toBe(204);
    expect(await codeOf(key)).toBe("invalid_api_key");
    expect((await change(made.id, { disabled: false })).json()).toMatchObject({ status: 409, code: "key_state" });
  });

  test("error: expired and disabled keys are told why", async () => {
    const { id, key } = await create({});
    expect(await codeOf(key)).toBe("ok");
    await change(id, { disabled: true });
    await expect(ask(key)).rejects.toMatchObject({ status: 401, message: expect.stringContaining("disabled") });
    await change(id, { disabled: false, expiresAt: new Date(Date.now() + 300).toISOString() });
    expect(await codeOf(key)).toBe("ok");
    await expect.poll(() => codeOf(key)).toBe("invalid_api_key");
    await expect(ask(key)).rejects.toMatchObject({ status: 401, message: expect.stringContaining("expired on 20") });
  });

  test("error: a model that is not on its list is refused, and the list is named", async () => {
    const { key } = await create({ models: ["demo/small"] });
    await expect(ask(key, "demo/large")).rejects.toMatchObject({
      status: 403,
      code: "model_not_allowed",
      param: "model",
      message: expect.stringContaining("demo/small"),
    });
    expect(await codeOf(key, "demo/small")).toBe("ok");
  });

  test.each([
    { expiresAt: "2020-01-01T00:00:00Z" },
    { expiresAt: "soon" },
    { models: [] },
    { models: [""] },
    { project: "Not a name" },
    { requestsPerMinute: 0 },
    { limits: { day: "-1" } },
    { name: "a\u0000b" },
    { limits: { day: "0.0000000001" } },
    { limits: { day: "1000000000" } },
    { kind: "admin" },
    { kind: "management", models: ["demo/small"] },
  ])("error: %j", async (payload) => {
    const answer = await call("POST", "/api/keys", user, { name: "ci", ...payload });
    expect(answer.json()).toMatchObject({ status: 400, code: "invalid_input" });
  });

  test("error: an account has at most 1,000, also when 20 are made at once", async () => {
    await api.sql`
      insert into api_keys (key_id, account_id, user_id, name, prefix, key_hash)
      select 'key_' || n || account_id, account_id, user_id, 'k', 'sk', sha256((n || account_id)::bytea)
      from api_keys, generate_series(1, 994) n where account_id = ${user.accountId}`;
    const made = await Promise.all(Array.from({ length: 20 }, () => create({})));
    expect(made.filter(({ key }) => key !== undefined)).toHaveLength(5);
  });

  test("behavior: limits for windows that do not exist are not there", async () => {
    const { limits } = await create({ limits: { year: "1", day: "2" } });
    expect(limits).toMatchObject([{ period: "day" }]);
  });

  test("error: what it is never changes, in the database", async () => {
    const { id } = await create({});
    await call("DELETE", `/api/keys/${id}`, user);
    for (const set of ["kind = 'management'", "project = 'x'", "user_id = 'x'", "revoked_at = null"]) {
      await expect(api.sql.unsafe(`update api_keys set ${set} where key_id = '${id}'`)).rejects.toMatchObject({
        code: "23001",
      });
    }
  });
});

describe("rotation", () => {
  const rotate = async (id: string, graceSeconds?: number) =>
    (
      await call("POST", `/api/keys/${id}/rotate`, user, graceSeconds === undefined ? {} : { graceSeconds })
    ).json<Key>();
  /** Lets the old secrets' grace pass. */
  const endGrace = (id: string) =>
    api.sql`update retired_secrets set ends_at = now(), retired_at = now() - interval '1 day' where key_id = ${id}`;

  test("default: the old secret works through its grace, then is told to be replaced", async () => {
    const first = await create({ limits: { day: "1" } });
    const second = await rotate(first.id, 3_600);
    expect(second.prefix).not.toBe(first.prefix);
    expect(second.oldSecretUntil).not.toBeNull();
    expect([await codeOf(first.key), await codeOf(second.key)]).toEqual(["ok", "ok"]);
    const { limits } = (await call("GET", `/api/keys/${first.id}`, user)).json<Key>();
    expect(Number(limits[0]?.used)).toBeGreaterThan(0);
    await endGrace(first.id);
    await expect.poll(() => codeOf(first.key), { timeout: 3_000 }).toBe("invalid_api_key");
    await expect(ask(first.key)).rejects.toMatchObject({ message: expect.stringContaining("rotated") });
    expect(await codeOf(second.key)).toBe("ok");
  });

  test("behavior: without grace all older secrets end at once", async () => {
    const first = await create({});
    const second = await rotate(first.id, 3_600);
    expect([await codeOf(first.key), await codeOf(second.key)]).toEqual(["ok", "ok"]);
    const third = await rotate(first.id);
    const codes = [await codeOf(first.key), await codeOf(second.key), await codeOf(third.key)];
    expect(codes).toEqual(["invalid_api_key", "invalid_api_key", "ok"]);
  });

  test("behavior: twenty at once leave one newest secret, and at most ten old ones", async () => {
    const { id } = await create({});
    const rotated = await Promise.all(Array.from({ length: 20 }, () => rotate(id, 3_600)));
    expect(rotated.filter(({ key }) => key !== undefined)).toHaveLength(10);
    const [row] = await api.sql`select count(*)::int as n from retired_secrets where key_id = ${id}`;
    expect(row?.["n"]).toBe(10);
  });

  test("error: more than seven days of grace, also in the database", async () => {
    const { id } = await create({});
    expect((await call("POST", `/api/keys/${id}/rotate`, user, { graceSeconds: 604_801 })).statusCode).toBe(400);
    await rotate(id, 604_800);
    const longer = api.sql`update retired_secrets set ends_at = ends_at + interval '1 second' where key_id = ${id}`;
    await expect(longer).rejects.toMatchObject({ code: "23514" });
  });
});

describe("a management key", () => {
  test("default: manages keys and limits and reads balance and usage, without a session", async () => {
    const manager = await manage();
    expect(manager.key).toMatch(/^sk-infr-mgmt-/);
    const { id, key } = await create({ limits: { day: "1" } }, manager);
    expect(await codeOf(key)).toBe("ok");
    const limit = await call("PUT", `/api/limits/key/${id}/week`, manager, { amount: "2" });
    expect(limit.json()).toMatchObject({ amount: "2", period: "week" });
    for (const url of ["/api/balance", "/api/usage", "/api/keys", "/api/limits"]) {
      expect((await call("GET", url, manager)).statusCode).toBe(200);
    }
    expect((await call("DELETE", `/api/keys/${id}`, manager)).statusCode).toBe(204);
  });

  test("error: it can't spend, and an inference key can't manage", async () => {
    expect(await codeOf((await manage()).key)).toBe("wrong_key_kind");
    expect((await call("GET", "/api/keys", { key: user.key })).json()).toMatchObject({ code: "wrong_key_kind" });
    expect((await call("GET", "/api/keys", { key: "sk-infr-mgmt-x" })).json()).toMatchObject({
      code: "invalid_api_key",
    });
  });

  test("error: it makes, changes, rotates and ends no management key, not even itself", async () => {
    const { id, key } = await create({ kind: "management" });
    const answers = await Promise.all([
      call("POST", "/api/keys", { key }, { name: "x", kind: "management" }),
      change(id, { name: "x" }, { key }),
      call("POST", `/api/keys/${id}/rotate`, { key }, {}),
      call("DELETE", `/api/keys/${id}`, { key }),
    ]);
    expect(answers.map((answer) => answer.json<{ code: string }>().code)).toEqual(Array(4).fill("session_needed"));
  });
});

describe("limits", () => {
  const put = (path: string, amount: string, as: As = user) => call("PUT", `/api/limits/${path}`, as, { amount });

  test.each([
    ["key", "the weekly limit of $0.01 of key “ci”"],
    ["project", "the weekly limit of $0.01 of project “web”"],
    ["member", "the weekly limit of $0.01 of the member who made this key"],
    ["account", "the weekly limit of $0.01 of this account"],
  ])("error: a limit on %s refuses in words", async (scope, words) => {
    const { id, key } = await create({ project: "web" });
    const [row] = await api.sql`select user_id from api_keys where key_id = ${id}`;
    const subject = { key: id, project: "web", member: row?.["user_id"], account: user.accountId }[scope];
    expect((await put(`${scope}/${subject}/week`, "0.01")).statusCode).toBe(200);
    await expect.poll(() => codeOf(key)).toBe("limit_reached");
    const error: unknown = await ask(key).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ status: 403, type: "permission_error" });
    expect((error as Error).message.toLowerCase()).toContain(words);
    expect((error as Error).message).toMatch(/has (\$0\.\d+|nothing) left/);
    await put(`${scope}/${subject}/week`, "1");
    expect(await codeOf(key)).toBe("ok");
  });

  test("behavior: 402 when money is missing, even under a limit", async () => {
    const broke = await newUser(api);
    await call("PUT", `/api/limits/account/${broke.accountId}/day`, broke, { amount: "0" });
    await expect(ask(broke.key)).rejects.toMatchObject({ status: 402, code: "insufficient_quota" });
  });

  test("behavior: they are listed, by scope and subject, and removed", async () => {
    const { id } = await create({ limits: { day: "1" } });
    await put("project/web/month", "5");
    const list = async (query = "") =>
      (await call("GET", `/api/limits${query}`, user)).json<{ limits: Array<{ scope: string }> }>().limits;
    expect((await list()).map(({ scope }) => scope)).toEqual(["key", "project"]);
    expect(await list(`?scope=key&subjectId=${id}`)).toHaveLength(1);
    expect((await call("DELETE", "/api/limits/project/web/month", user)).statusCode).toBe(204);
    expect((await call("DELETE", "/api/limits/project/web/month", user)).statusCode).toBe(404);
    expect(await list("?scope=project")).toEqual([]);
  });

  test("error: somebody else's account, member or key is not there", async () => {
    const { id } = await create({});
    const [row] = await api.sql`select user_id from api_keys where key_id = ${id}`;
    for (const path of [`key/${id}`, `member/${row?.["user_id"]}`, `account/${user.accountId}`]) {
      expect((await put(`${path}/day`, "1", other)).statusCode).toBe(404);
    }
    for (const [method, path] of [
      ["GET", `/api/keys/${id}`],
      ["PATCH", `/api/keys/${id}`],
      ["POST", `/api/keys/${id}/rotate`],
      ["DELETE", `/api/keys/${id}`],
    ] as const) {
      expect((await call(method, path, other, method === "GET" ? undefined : {})).statusCode).toBe(404);
    }
  });

  test("error: an account has at most 1,000", async () => {
    await api.sql`
      insert into limits (account_id, scope, subject_id, period, amount_nano)
      select ${user.accountId}, 'project', 'p' || n, 'day', 1 from generate_series(1, 1000) n`;
    expect((await put("project/web/day", "1")).json()).toMatchObject({ status: 409, code: "too_many_limits" });
    expect((await put("project/p1/day", "2")).statusCode).toBe(200);
  });
});
