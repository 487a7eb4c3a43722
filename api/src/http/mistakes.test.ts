import { nanoUsd } from "@infr/money";
import type OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { newId } from "../ids.ts";
import { Batcher } from "../ledger/commit/batcher.ts";
import { renewLease } from "../ledger/commit/store.ts";
import { bookEntries } from "../ledger/entries.ts";
import { newUser, type TestApi } from "../testing/api.ts";
import {
  type Buyer,
  COMPLETION_NANO,
  closeMarket,
  newBuyer,
  PROMPT_NANO,
  post,
  startMarket,
} from "../testing/market.ts";

/**
 * What others got wrong, by the numbers of the list: one named test each. Those that need more than an API and a node
 * stand elsewhere, named alike: 3 also in test/overspend.test.ts (two processes), 8 and 13 in mistakes-on-chain.test.ts,
 * 9 in usage.test.ts, 10 in flow/settle/settle.test.ts, 12 also in test/kills.test.ts.
 */
let api: TestApi;
let buyer: Buyer;

beforeAll(async () => {
  api = await startMarket();
});
beforeEach(async () => {
  buyer = await newBuyer(api);
  api.node.setFaults({});
});
afterAll(() => closeMarket(api));

const messages = [{ role: "user" as const, content: "Write 50 tokens." }];
const chat = (extra: object = {}) =>
  post(api, { path: "/v1/chat/completions", key: buyer.key, body: { model: "demo/large", messages, ...extra } });

test("mistake 1: a client that leaves amidst a stream is billed for what was made; error text is not billed", async () => {
  const stream = await buyer.openai.chat.completions.create({ model: "demo/large", messages, stream: true });
  for await (const _ of stream) break;
  stream.controller.abort();
  const row = await vi.waitFor(async () => {
    const [first] = await buyer.usage();
    if (!first) throw new Error("not billed yet");
    return first;
  });
  expect(row.completion_tokens).toBeGreaterThan(0);
  const spent = await buyer.spent();
  api.node.setFaults({ status: 500 });
  expect((await chat()).status).toBeGreaterThanOrEqual(500);
  expect(await buyer.spent()).toBe(spent);
});

test("mistake 2: without a usage frame the recount is billed; without a token out, the prompt is not", async () => {
  api.node.setFaults({ noUsage: true });
  await chat();
  expect(await buyer.usage()).toMatchObject([{ usage_source: "recount", completion_tokens: 50 }]);
  const spent = await buyer.spent();
  api.node.setFaults({ drop: 0 });
  const answer = await chat({ stream: true });
  await answer.text();
  await vi.waitFor(async () => expect((await api.sql`select from holds`).length).toBe(0));
  expect(await buyer.spent()).toBe(spent);
});

test("mistake 3: parallel requests don't overdraw, and slip past no budget", async () => {
  const limit = await api.app.inject({
    method: "PUT",
    url: `/api/limits/account/${buyer.accountId}/day`,
    headers: { cookie: buyer.cookie },
    payload: { amount: "0.1" },
  });
  expect(limit.statusCode).toBe(200);
  const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await chat({ max_tokens: 200 })).status));
  expect(new Set(statuses)).toEqual(new Set([200, 403]));
  expect(await buyer.spent()).toBeLessThanOrEqual(100_000_000n);
});

test("mistake 4: a budget's counter is what the log says, whatever was held, released and failed", async () => {
  const url = `/api/limits/account/${buyer.accountId}/month`;
  await api.app.inject({ method: "PUT", url, headers: { cookie: buyer.cookie }, payload: { amount: "30" } });
  api.node.setFaults({ drop: 7 });
  await Promise.all(Array.from({ length: 10 }, async () => (await chat({ stream: true })).text()));
  api.node.setFaults({});
  await Promise.all(Array.from({ length: 10 }, () => chat()));
  await vi.waitFor(async () => expect((await api.sql`select from holds`).length).toBe(0));
  const [limit] = await api.sql<Array<{ used_nano: bigint; held_nano: bigint }>>`
    select used_nano, held_nano from limits where account_id = ${buyer.accountId}`;
  const logged = (await buyer.usage()).reduce((sum, row) => sum + row.cost_nano, 0n);
  expect(limit).toEqual({ used_nano: logged, held_nano: 0n });
});

test("mistake 5: without a price, or without a ledger, nothing is served", async () => {
  const before = await buyer.spent();
  expect((await chat({ model: "demo/unpriced" })).status).toBe(404);
  const down = vi.spyOn(api.batcher, "hold").mockRejectedValueOnce(new Error("the store is down"));
  expect((await chat()).status).toBe(500);
  down.mockRestore();
  expect(await buyer.spent()).toBe(before);
  expect(await buyer.usage()).toEqual([]);
});

test("mistake 6: the same cause is booked once, however often it comes, also at the same time", async () => {
  const before = await buyer.spent();
  const entries = [
    {
      debit: { book: "escrow", account: "" } as const,
      credit: { book: "credit", account: buyer.accountId } as const,
      amount: nanoUsd(5n),
    },
  ];
  const cause = `deposit:replayed:${buyer.accountId}`;
  const booked = await Promise.all(
    Array.from({ length: 20 }, () => api.sql.begin((tx) => bookEntries(tx, { cause, entries })).catch(() => false)),
  );
  expect(booked.filter(Boolean)).toHaveLength(1);
  expect(await buyer.spent()).toBe(before - 5n);
});

test("mistake 7: cached tokens are counted once: the classes add up to the node's counts, and to the cost", async () => {
  const answer = (await (await chat()).json()) as { usage: OpenAI.CompletionUsage };
  const [row] = await buyer.usage();
  if (!row) throw new Error("not billed");
  expect(row.prompt_tokens + row.cached_tokens).toBe(answer.usage.prompt_tokens);
  expect(row.cost_nano).toBe(
    BigInt(row.prompt_tokens + row.cached_tokens) * PROMPT_NANO + BigInt(row.completion_tokens) * COMPLETION_NANO,
  );
});

/** A route that is added has to stand here. */
const BODIES: Record<string, object> = {
  "/v1/chat/completions": { messages },
  "/v1/completions": { prompt: "Hi" },
  "/v1/embeddings": { input: "Hi" },
  "/v1/messages": { messages, max_tokens: 8 },
  "/v1/responses": { input: "Hi" },
};

test("mistake 11: every route that asks a node is metered, and refused without money", async () => {
  const paths = Object.entries(api.app.swagger().paths ?? {})
    .filter(([path, methods]) => path.startsWith("/v1/") && methods && "post" in methods)
    .map(([path]) => path);
  expect(new Set(paths)).toEqual(new Set(Object.keys(BODIES)));
  const empty = await newUser(api);
  for (const path of paths) {
    const body = { model: "demo/small", ...BODIES[path] };
    expect([path, (await post(api, { path, body, key: empty.key })).status]).toEqual([path, 402]);
    const before = (await buyer.usage()).length;
    expect([path, (await post(api, { path, body, key: buyer.key })).status]).toEqual([path, 200]);
    expect([path, (await buyer.usage()).length]).toEqual([path, before + 1]);
  }
});

test("mistake 12: a charge is in the database before its answer has ended", async () => {
  const answer = (await (await chat()).json()) as { id: string };
  expect(await api.sql`select from usage where request_id = ${answer.id}`).toHaveLength(1);
  const stream = await (await chat({ stream: true, stream_options: { include_usage: true } })).text();
  const id = /"id":"(req_[^"]+)"/.exec(stream)?.[1] ?? "";
  expect(await api.sql`select from usage where request_id = ${id}`).toHaveLength(1);
});

test("mistake 14: two requests with one id in a flush, or one that the database refuses, fail alone", async () => {
  const instanceId = newId("inst");
  await renewLease(api.sql, { instanceId, leaseMs: 600_000, first: true });
  const batcher = new Batcher({ sql: api.sql, instanceId });
  const hold = (requestId: string, worst = 5n) => ({
    requestId,
    accountId: buyer.accountId,
    worst: nanoUsd(worst),
    floor: nanoUsd(1n),
    subjects: [],
  });
  const twin = newId("req");
  const good = Array.from({ length: 10 }, () => newId("req"));
  const outcomes = await Promise.allSettled([
    batcher.hold(hold(twin)),
    batcher.hold(hold(twin)),
    batcher.hold(hold(newId("req"), 2n ** 80n)),
    ...good.map((id) => batcher.hold(hold(id))),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    ...good.map(() => "fulfilled"),
  ]);
  expect(await buyer.spent()).toBe(5n * 11n);
  for (const id of [twin, ...good]) await batcher.release({ requestId: id, accountId: buyer.accountId });
});
