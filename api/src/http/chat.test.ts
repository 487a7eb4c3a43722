import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { UnavailableError } from "../errors.ts";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";

const DOLLAR = 1_000_000_000n;
const PROMPT = 100_000n; // nano-dollars per prompt token
const COMPLETION = 200_000n;

let api: TestApi;
let user: TestUser;

beforeAll(async () => {
  api = await startApi();
  await sellNode(api, { url: api.node.url, models: ["demo/small", "demo/large"] });
});
afterAll(async () => {
  expect(await differences(api.sql)).toEqual([]);
  const [held] = await api.sql<[{ n: number }]>`select count(*)::int as n from holds`;
  expect(held.n).toBe(0);
  await api.stop();
});
beforeEach(async () => {
  user = await newUser(api);
  await credit(api.sql, user.accountId, 10n * DOLLAR);
  api.node.setFaults({});
});

const messages = [{ role: "user" as const, content: "Write 50 tokens." }];
const spent = async () => 10n * DOLLAR - (await readBalance(api.sql, user.accountId)).spendable;
const usageRows = () => api.sql`select * from usage where account_id = ${user.accountId} order by request_id`;
type Cost = { cost: number; cost_details: { total_usd: string } };
const costOf = (usage: unknown) => (usage as Cost).cost_details.total_usd;

async function readStream(options: { includeUsage: boolean; stopAfter?: number }) {
  const stream = await user.openai.chat.completions.create({
    model: "demo/large",
    messages,
    stream: true,
    ...(options.includeUsage ? { stream_options: { include_usage: true } } : {}),
  });
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    if (chunks.length === options.stopAfter) stream.controller.abort();
  }
  return chunks;
}

describe("POST /v1/chat/completions", () => {
  test("default: the official client gets an answer, with usage and its exact cost", async () => {
    const answer = await user.openai.chat.completions.create({ model: "demo/large", messages });
    const { prompt_tokens: prompt = 0, completion_tokens: completion = 0 } = answer.usage ?? {};
    expect(completion).toBe(50);
    const cost = BigInt(prompt) * PROMPT + BigInt(completion) * COMPLETION;
    expect(await spent()).toBe(cost);
    expect(costOf(answer.usage)).toBe((Number(cost) / 1e9).toString());
    expect(await usageRows()).toMatchObject([
      {
        request_id: answer.id,
        prompt_tokens: prompt,
        completion_tokens: completion,
        cost_nano: cost,
        status: "ok",
        usage_source: "node",
      },
    ]);
  });

  test("behavior: a stream carries chunks, then usage with cost, then ends", async () => {
    const chunks = await readStream({ includeUsage: true });
    const last = chunks.at(-1);
    expect(last).toMatchObject({ choices: [], usage: { completion_tokens: 50 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(await usageRows()).toMatchObject([{ request_id: last?.id, status: "ok", usage_source: "node" }]);
  });

  test("behavior: without include_usage no usage chunk is sent, and the request is billed all the same", async () => {
    const chunks = await readStream({ includeUsage: false });
    expect(chunks.filter(({ choices }) => choices.length === 0)).toEqual([]);
    expect(chunks.every((chunk) => !("usage" in chunk))).toBe(true);
    expect(await spent()).toBeGreaterThan(50n * COMPLETION);
  });

  test("behavior: fields we do not know pass through to the node", async () => {
    const answer = await user.openai.chat.completions.create({
      model: "demo/small",
      messages,
      temperature: null,
      stop: ["END"],
    } as Parameters<typeof user.openai.chat.completions.create>[0] & { stream?: false });
    expect(answer.choices).toHaveLength(1);
  });

  test("behavior: max_tokens is lowered to what the balance covers, and a header says so", async () => {
    const poor = await newUser(api);
    await credit(api.sql, poor.accountId, 30_000_000n);
    const { data, response } = await poor.openai.chat.completions
      .create({ model: "demo/large", messages: [{ role: "user", content: "Write as long as possible." }] })
      .withResponse();
    const granted = Number(response.headers.get("x-infr-max-tokens"));
    expect(data.usage?.completion_tokens).toBe(granted);
    expect(granted).toBeLessThan(1_024);
    expect((await readBalance(api.sql, poor.accountId)).spendable).toBeGreaterThanOrEqual(0n);
  });

  test("behavior: 60 at once on money for some never spend more than there is", async () => {
    const poor = await newUser(api);
    await credit(api.sql, poor.accountId, 60_000_000n);
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, () =>
        poor.openai.chat.completions.create({ model: "demo/large", messages, max_tokens: 40 }),
      ),
    );
    const served = results.filter(({ status }) => status === "fulfilled").length;
    const refusals = results.filter((result) => result.status === "rejected").map(({ reason }) => reason.status);
    expect(served).toBeGreaterThan(0);
    expect(new Set(refusals)).toEqual(new Set([402]));
    expect((await readBalance(api.sql, poor.accountId)).spendable).toBeGreaterThanOrEqual(0n);
  });
});

describe("a node that fails", () => {
  test("behavior: HTTP 500 before the first byte costs nothing", async () => {
    api.node.setFaults({ status: 500 });
    await expect(user.openai.chat.completions.create({ model: "demo/large", messages })).rejects.toMatchObject({
      status: 502,
      code: "node_failed",
    });
    expect(await spent()).toBe(0n);
    expect(await usageRows()).toEqual([]);
  });

  test("behavior: another node serves it, and only that one is paid", async () => {
    const { startDemoNode } = await import("@infr/demo-node");
    const second = await startDemoNode();
    const operator = await sellNode(api, { url: second.url, models: ["demo/small"] });
    second.setFaults({ status: 503 });
    await api.sql`update node_models set completion_nano = 1 where node_id in (select node_id from nodes where url = ${second.url})`;
    const cheapest = async () =>
      (await api.app.inject({ url: "/v1/models" })).body.includes('"completion":"0.000000001"');
    await expect.poll(cheapest, { timeout: 5_000 }).toBe(true);
    const answer = await user.openai.chat.completions.create({ model: "demo/small", messages });
    expect(await usageRows()).toMatchObject([{ request_id: answer.id }]);
    const paid = await api.sql`select from usage where operator_id = ${operator.accountId}`;
    expect(paid).toHaveLength(0);
    await api.sql`update nodes set enabled = false where url = ${second.url}`;
    await second.stop();
  });

  test("behavior: no usage frame is billed by our own count, streamed or not", async () => {
    api.node.setFaults({ noUsage: true });
    const chunks = await readStream({ includeUsage: true });
    await user.openai.chat.completions.create({ model: "demo/large", messages });
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(50);
    expect(await usageRows()).toMatchObject([
      { usage_source: "recount", completion_tokens: 50 },
      { usage_source: "recount", completion_tokens: 50 },
    ]);
  });

  test.each([1, 2, 7, 25, 49])(
    "behavior: dropped after %d chunks, what was relayed is billed and the client is told",
    async (drop) => {
      api.node.setFaults({ drop });
      await expect(readStream({ includeUsage: true })).rejects.toThrow(OpenAI.APIError);
      expect(await usageRows()).toMatchObject([{ status: "error", usage_source: "recount" }]);
      const [row] = await usageRows();
      expect(row?.["completion_tokens"]).toBeLessThanOrEqual(drop);
      expect(row?.["completion_tokens"]).toBeGreaterThan(0);
    },
  );

  test("behavior: dropped before the first chunk, nothing is billed", async () => {
    api.node.setFaults({ drop: 0 });
    await expect(readStream({ includeUsage: true })).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(await spent()).toBe(0n);
  });
});

describe("a client that leaves", () => {
  test.each([1, 5, 20])("behavior: after %d chunks, it is billed once for what the node made", async (stopAfter) => {
    await readStream({ includeUsage: true, stopAfter });
    await expect.poll(async () => (await usageRows()).length).toBe(1);
    const [row] = await usageRows();
    expect(["aborted", "ok"]).toContain(row?.["status"]);
    expect(row?.["completion_tokens"]).toBeGreaterThan(0);
    await expect.poll(async () => (await readBalance(api.sql, user.accountId)).held).toBe(0n);
    expect(await spent()).toBe(row?.["cost_nano"]);
  });
});

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
const holds = async () => (await api.sql`select from holds`).length;

describe("a client that leaves at any moment", () => {
  test.each([true, false])("behavior: 100 times, nothing stays held (stream: %s)", async (stream) => {
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        await new Promise((resolve) => setTimeout(resolve, n * 5));
        const leaving = AbortSignal.timeout(Math.floor(Math.random() * 21));
        const request = { model: "demo/large", messages, stream, max_tokens: 40 };
        const answer = await user.openai.chat.completions.create(request, { signal: leaving }).catch(() => null);
        if (answer && Symbol.asyncIterator in answer) await readAll(answer).catch(() => null);
      }),
    );
    // Some of them arrive after their client has left.
    const settled = async () => {
      const billed = (await usageRows()).reduce((sum, row) => sum + row["cost_nano"], 0n);
      return (await holds()) === 0 && (await spent()) === billed;
    };
    await expect.poll(settled, { timeout: 10_000 }).toBe(true);
  });
});

describe("a ledger that fails between answer and capture", () => {
  test.each([
    ["does not answer", () => Promise.reject(new UnavailableError("The ledger")), 503, "unavailable"],
    [
      "finds the cost above the hold",
      () =>
        Promise.resolve({
          requestId: "",
          outcome: "cost_above_hold" as const,
          granted: null,
          spendable: null,
          refusedBy: null,
          limit: null,
        }),
      500,
      "billing_failed",
    ],
  ])("error: it %s: the hold is released, streamed or not", async (_, capture, status, code) => {
    const spy = vi.spyOn(api.batcher, "capture").mockImplementation(capture);
    await expect(user.openai.chat.completions.create({ model: "demo/large", messages })).rejects.toMatchObject({
      status,
      code,
    });
    await expect(readStream({ includeUsage: true })).rejects.toMatchObject({ code });
    expect(spy).toHaveBeenCalledTimes(2);
    spy.mockRestore();
    expect(await holds()).toBe(0);
    expect(await spent()).toBe(0n);
  });
});

describe("max_tokens", () => {
  test("behavior: a stranger's offer of one token neither wins nor truncates", async () => {
    const { startDemoNode } = await import("@infr/demo-node");
    const stranger = await startDemoNode();
    const operator = await sellNode(api, { url: stranger.url, models: ["demo/large"] });
    await api.sql`
      update node_models set completion_nano = 0, reasoning_nano = 0, prompt_nano = 10000000
      where node_id in (select node_id from nodes where url = ${stranger.url})`;
    await api.sql`
      update node_models set max_completion_tokens = 1
      where node_id in (select node_id from nodes where url = ${stranger.url})`;
    const listed = async () => (await user.openai.models.list()).data.find(({ id }) => id === "demo/large");
    await expect.poll(listed, { timeout: 5_000 }).toMatchObject({ nodes: 2 });
    const answer = await user.openai.chat.completions.create({ model: "demo/large", messages });
    expect(answer.usage?.completion_tokens).toBe(50);
    expect(await api.sql`select from usage where operator_id = ${operator.accountId}`).toHaveLength(0);
    await api.sql`update nodes set enabled = false where url = ${stranger.url}`;
    await stranger.stop();
    await expect.poll(listed, { timeout: 5_000 }).toMatchObject({ nodes: 1 });
  });

  test("behavior: more than the node gives is lowered, and a header says so", async () => {
    const { response } = await user.openai.chat.completions
      .create({ model: "demo/large", messages, max_tokens: 5_000 })
      .withResponse();
    expect(response.headers.get("x-infr-max-tokens")).toBe("1024");
    const { response: unlowered } = await user.openai.chat.completions
      .create({ model: "demo/large", messages })
      .withResponse();
    expect(unlowered.headers.get("x-infr-max-tokens")).toBeNull();
  });
});

describe("bad input", () => {
  const post = (payload: unknown, authorization = `Bearer ${user.key}`) =>
    fetch(`${api.origin}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: typeof payload === "string" ? payload : JSON.stringify(payload),
    });
  const errorOf = async (response: Response) => ({
    status: response.status,
    ...((await response.json()) as { error: object }).error,
  });

  test("error: an unknown model is answered with those there are", async () => {
    const error = await errorOf(await post({ model: "nope", messages }));
    expect(error).toMatchObject({
      status: 404,
      code: "model_not_found",
      param: "model",
      type: "invalid_request_error",
    });
    expect(error).toHaveProperty("message", expect.stringContaining("demo/large, demo/small"));
  });

  test("error: malformed JSON", async () => {
    expect(await errorOf(await post("{"))).toMatchObject({ status: 400, type: "invalid_request_error" });
  });

  test.each([
    [{ model: "demo/large" }, "messages"],
    [{ model: "demo/large", messages: [] }, "messages"],
    [{ model: "demo/large", messages: ["hi"] }, "messages"],
    [{ model: 7, messages }, "model"],
    [{ model: "demo/large", messages, n: 1000 }, "n"],
    [{ model: "demo/large", messages, max_tokens: -1 }, "max_tokens"],
    [{ model: "demo/large", messages, max_tokens: 1.5 }, "max_tokens"],
    [{ model: "demo/large", messages, stream: "yes" }, "stream"],
    [null, null],
    [[1, 2], null],
  ])("error: %j names its parameter", async (payload, param) => {
    expect(await errorOf(await post(payload))).toMatchObject({ status: 400, param });
  });

  test("error: a missing, an unknown and a revoked key", async () => {
    expect(await errorOf(await post({ model: "demo/large", messages }, ""))).toMatchObject({
      status: 402,
      code: "insufficient_quota",
    });
    expect(await errorOf(await post({ model: "demo/large", messages }, "Bearer sk-infr-nonsense"))).toMatchObject({
      status: 401,
    });
    const { keys } = (await api.app.inject({ url: "/api/keys", headers: { cookie: user.cookie } })).json<{
      keys: Array<{ id: string }>;
    }>();
    await api.app.inject({ method: "DELETE", url: `/api/keys/${keys[0]?.id}`, headers: { cookie: user.cookie } });
    expect(await errorOf(await post({ model: "demo/large", messages }))).toMatchObject({
      status: 401,
      code: "invalid_api_key",
    });
  });

  test("error: a stranger's body is not read, and outside /v1 bodies are small", async () => {
    const large = "x".repeat(100_000);
    expect(await errorOf(await post(`{"x": "${large}`, "Bearer sk-infr-nonsense"))).toMatchObject({ status: 401 });
    expect(await errorOf(await post({ model: "nope", messages, large }))).toMatchObject({ status: 404 });
    const answer = await api.app.inject({
      method: "POST",
      url: "/api/keys",
      headers: { cookie: user.cookie },
      payload: { name: large },
    });
    expect(answer.json()).toMatchObject({ status: 413, code: "body_too_large" });
  });

  test("error: no credit is 402 in OpenAI's shape", async () => {
    const broke = await newUser(api);
    await expect(broke.openai.chat.completions.create({ model: "demo/large", messages })).rejects.toMatchObject({
      status: 402,
      type: "insufficient_quota",
      code: "insufficient_quota",
    });
  });
});

describe("GET /v1/models", () => {
  test("default: the official client lists models with prices", async () => {
    const models = [];
    for await (const model of user.openai.models.list()) models.push(model);
    expect(models.map(({ id }) => id).sort()).toEqual(["demo/large", "demo/small"]);
    expect(models[0]).toMatchObject({ pricing: { prompt: "0.0001" } });
  });
});
