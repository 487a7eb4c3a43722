import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { NotFoundError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";

const messages = [{ role: "user" as const, content: "Hi" }];

/** A node whose answers wait to be let out, and which remembers what it was asked. */
function startNode() {
  const asked: Array<Record<string, unknown>> = [];
  const node = { asked, status: 200, held: null as Promise<void> | null };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await request.toArray()).join("");
    const models = { data: [{ id: "routed" }] };
    if (body !== "") {
      asked.push(JSON.parse(body) as Record<string, unknown>);
      await node.held;
    }
    const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
    const message = { role: "assistant", content: "Hello there" };
    response.writeHead(body === "" ? 200 : node.status, { "content-type": "application/json" });
    const completion = { object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }], usage };
    response.end(JSON.stringify(body === "" ? models : completion));
  };
  const server = createServer((request, response) => void answer(request, response));
  return new Promise<typeof node & { url: string; stop: () => void }>((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      resolve(Object.assign(node, { url, stop: () => server.close() }));
    }),
  );
}

let api: TestApi;
let user: TestUser;
let nodes: Array<Awaited<ReturnType<typeof startNode>>>;
let operators: TestUser[];

beforeAll(async () => {
  api = await startApi();
  user = await newUser(api);
  await credit(api.sql, user.accountId, 10_000_000_000n);
  nodes = await Promise.all([startNode(), startNode()]);
  operators = [];
  for (const { url } of nodes) operators.push(await sellNode(api, { url, models: ["routed"] }));
  // What they were asked so far was to see that they answer.
  for (const { asked } of nodes) asked.length = 0;
});
afterAll(async () => {
  for (const node of nodes) node.stop();
  await api.stop();
});

const ask = (provider: object | undefined, more: object = {}) =>
  user.openai.chat.completions.create({
    model: "routed",
    messages,
    ...more,
    ...(provider ? { provider } : {}),
  } as Parameters<typeof user.openai.chat.completions.create>[0]);
const counts = () => nodes.map(({ asked }) => asked.length);

describe("provider", () => {
  test("default: the node that is named serves, and never sees the preferences", async () => {
    for (const operator of operators) await ask({ order: [operator.accountId] }, { seed: 7, unheard_of: { x: 1 } });
    expect(counts()).toEqual([1, 1]);
    expect(nodes[1]?.asked.at(-1)).toMatchObject({ seed: 7, unheard_of: { x: 1 } });
    expect(nodes[1]?.asked.at(-1)).not.toHaveProperty("provider");
  });

  test("error: a price above max_price is refused before anything is held", async () => {
    await expect(ask({ max_price: { prompt: 99.999 } })).rejects.toBeInstanceOf(NotFoundError);
    await expect(ask({ max_price: { completion: "199" } })).rejects.toMatchObject({ code: "no_node_allowed" });
    await ask({ max_price: { prompt: 100, completion: "200" } });
    await expect(ask({ max_price: { tokens: 1 } })).rejects.toMatchObject({
      status: 400,
      param: "provider.max_price.tokens",
    });
  });

  test("behavior: a failing node costs one look every pause, not one per request; without fallbacks it is the only one", async () => {
    const [first, second] = nodes;
    if (!first || !second) throw new Error("two nodes were started");
    first.status = 500;
    const only = { only: [operators[0]?.accountId] };
    await expect(ask({ ...only, allow_fallbacks: false })).rejects.toMatchObject({ status: 502 });
    for (let n = 0; n < 4; n++) await ask({ order: only.only });
    const [tried] = counts();
    for (let n = 0; n < 5; n++) await ask({ order: only.only });
    expect(counts()[0]).toBe(tried);
    // There is no other: it is asked all the same, and is back with the first answer.
    first.status = 200;
    await ask(only);
    await ask({ order: only.only });
    expect(counts()[0]).toBe((tried ?? 0) + 2);
  });

  test("behavior: a request is billed by the version it was held for, whatever the price is when it ends", async () => {
    const [first] = nodes;
    if (!first) throw new Error("a node was started");
    let letOut = () => {};
    first.held = new Promise((resolve) => {
      letOut = resolve;
    });
    const asked = first.asked.length;
    const answer = ask({ only: [operators[0]?.accountId] });
    await expect.poll(() => first.asked.length).toBe(asked + 1);
    await api.sql`update node_models set prompt_nano = 1, completion_nano = 1
      where node_id in (select node_id from nodes where url = ${first.url})`;
    const cheapest = async () => (await user.openai.models.list()).data.find(({ id }) => id === "routed");
    await expect.poll(cheapest, { timeout: 5_000 }).toMatchObject({ pricing: { prompt: "0.000000001" } });
    letOut();
    const { id } = (await answer) as { id: string };
    const [row] = await api.sql<Array<{ cost_nano: bigint; price_version: string; prompt_nano: bigint }>>`
      select u.cost_nano, u.price_version, p.prompt_nano from usage u join prices p using (price_version)
      where request_id = ${id}`;
    expect(row).toMatchObject({ cost_nano: 10n * 100_000n + 2n * 200_000n, prompt_nano: 100_000n });
    const version = (await api.app.inject({ url: `/api/prices/${row?.price_version}` })).json<object>();
    expect(version).toMatchObject({ product: "routed", perToken: { prompt: "0.0001", completion: "0.0002" } });
  });
});
