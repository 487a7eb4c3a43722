import { once } from "node:events";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sellNode, type TestApi } from "../testing/api.ts";
import { type GatedNode, startGatedNode } from "../testing/gated-node.ts";
import { type Buyer, closeMarket, holdsOf, newBuyer, startMarket, type UsageRow } from "../testing/market.ts";

/** Hundreds of requests at once, on a machine that may be busy. */
const PATIENCE_MS = 120_000;
const TOKENS = 6;
/** The tokens, the finish, the usage and `[DONE]`; chats have an opening before. */
const framesOf = (kind: Case["kind"]) => TOKENS + (kind === "completions" ? 3 : 4);
const FAULTS = ["", "no-usage", "lie=10", "drop=0", "drop=3", "garbage=3", "drop=5,no-usage", "status=500"];
/** What the node does when the client has left: it goes on to its end, or says nothing more. */
const AFTER = ["goes on", "goes quiet"] as const;
const KINDS = ["chat", "completions", "responses", "messages"] as const;

type Case = {
  kind: (typeof KINDS)[number];
  fault: string;
  frames: number;
  after: (typeof AFTER)[number];
  model: string;
};

/** All surfaces go the same way: the two that are translated need not meet every fault. */
const faultsOf = (kind: string) => (kind === "chat" || kind === "completions" ? FAULTS : ["", "drop=3"]);

const CASES: Case[] = KINDS.flatMap((kind) =>
  faultsOf(kind).flatMap((fault) =>
    AFTER.flatMap((after) => Array.from({ length: framesOf(kind) }, (_, frames) => ({ kind, fault, frames, after }))),
  ),
).map((one, at) => ({ ...one, model: `abort-${at}` }));

let api: TestApi;
let buyer: Buyer;
let node: GatedNode;

beforeAll(async () => {
  api = await startMarket();
  api.app.server.setMaxListeners(CASES.length);
  buyer = await newBuyer(api);
  const models = Object.fromEntries(CASES.map(({ model, fault }) => [model, `demo/large${fault && `:${fault}`}`]));
  node = await startGatedNode({ upstream: api.node.url, models });
  for (let at = 0; at < CASES.length; at += 200) {
    await sellNode(api, { url: node.url, models: CASES.slice(at, at + 200).map(({ model }) => model) });
  }
});
afterAll(async () => {
  node.stop();
  await closeMarket(api);
});

const prompt = [{ role: "user", content: `Write ${TOKENS} tokens.` }];
/** Short, so that one account can hold all of them at once. */
const BODIES = {
  chat: ["/v1/chat/completions", { messages: prompt, max_tokens: 10, stream_options: { include_usage: true } }],
  completions: [
    "/v1/completions",
    { prompt: prompt[0]?.content, max_tokens: 10, stream_options: { include_usage: true } },
  ],
  responses: ["/v1/responses", { input: prompt, max_output_tokens: 16 }],
  messages: ["/v1/messages", { messages: prompt, max_tokens: 10 }],
} as const;

/** Sends a case's request; the case travels in a header, by which the server's side of it is found. */
function send({ kind, model }: Case) {
  const [path, body] = BODIES[kind];
  const request = httpRequest(api.origin + path, {
    method: "POST",
    agent: false,
    headers: { "content-type": "application/json", authorization: `Bearer ${buyer.key}`, "x-case": model },
  });
  request.on("error", () => {});
  request.end(JSON.stringify({ model, stream: true, ...body }));
  return request;
}

/** What the client has received, and a wait for more of it. */
function reading(request: ReturnType<typeof httpRequest>) {
  const received = { text: "", isOver: false };
  const wake = new EventTarget();
  const tell = () => wake.dispatchEvent(new Event("more"));
  const over = () => {
    received.isOver = true;
    tell();
  };
  request.on("response", (response: IncomingMessage) => {
    response.on("data", (chunk) => {
      received.text += chunk;
      tell();
    });
    response.on("error", () => {}).on("close", over);
  });
  return {
    /** Resolves when so many tokens are here, or no more will come. */
    until: async (tokens: number) => {
      while (tokensIn(received.text) < tokens && !received.isOver) await once(wake, "more");
    },
    tokens: () => tokensIn(received.text),
  };
}

/** Deltas of a token each, as every surface words them. */
const TOKEN = /"delta":\{"content":"[^"]|"delta":"[^"]|"type":"text_delta","text":"[^"]|"index":0,"text":"[^"]/g;
const tokensIn = (text: string): number => text.match(TOKEN)?.length ?? 0;
/** The node's own word for a token, of which the garbled and held back frames have none. */
const hasToken = (frame: string): boolean => /"delta":\{"content":"[^"]|"index":0,"text":"[^"]/.test(frame);

/**
 * Lets a number of frames through, one at a time, leaves, and waits until the server has noticed.
 * @returns the tokens that had arrived
 */
async function abort(one: Case): Promise<number> {
  const server = serverSide(one.model);
  const request = send(one);
  const client = reading(request);
  const answer = one.fault.startsWith("status") ? null : await node.answerOf(one.model);
  for (const frame of answer?.frames.slice(0, one.frames) ?? []) {
    answer?.step();
    if (hasToken(frame)) await client.until(client.tokens() + 1);
  }
  await server.begun;
  request.destroy();
  await server.gone;
  if (one.after === "goes on") answer?.rest();
  return client.tokens();
}

/** When the server has a request, and when it sees that its connection is closed. */
function serverSide(model: string): { begun: Promise<void>; gone: Promise<void> } {
  const begun = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const listen = (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers["x-case"] !== model) return;
    api.app.server.off("request", listen);
    response.once("close", gone.resolve);
    begun.resolve();
  };
  api.app.server.on("request", listen);
  return { begun: begun.promise, gone: gone.promise };
}

describe.each(KINDS)("%s: a client that leaves after every frame", (kind) => {
  const cases = CASES.filter((one) => one.kind === kind);
  const relayed = new Map<Case, number>();
  let rows: Map<string, Row>;

  beforeAll(async () => {
    await Promise.all(cases.map(async (one) => relayed.set(one, await abort(one))));
    await vi.waitFor(async () => expect(await holdsOf(api)).toBe(0), { timeout: PATIENCE_MS });
    rows = new Map((await usageRows()).map((row) => [row.model, row]));
  }, PATIENCE_MS);

  test.each(faultsOf(kind).map((fault) => [fault || "none"]))(
    "behavior: fault %s: billed is what was relayed",
    (named) => {
      for (const one of cases.filter(({ fault }) => (fault || "none") === named)) {
        const row = rows.get(one.model);
        const tokens = relayed.get(one) ?? 0;
        const billed = row && { tokens: row.completion_tokens, source: row.usage_source };
        expect({ ...one, billed }).toEqual({ ...one, billed: expected(one, tokens) });
      }
    },
  );
});

type Row = UsageRow & { model: string };
const usageRows = () => api.sql<Row[]>`select * from usage where account_id = ${buyer.accountId}`;

/**
 * The rule: nothing relayed costs nothing. A node that goes on to its own, honest usage is believed; otherwise what was
 * relayed is counted.
 */
function expected({ kind, fault, after, frames }: Case, tokens: number) {
  if (tokens === 0) return undefined;
  if (fault !== "") return { tokens, source: "recount" };
  if (after === "goes on") return { tokens: TOKENS, source: "drained" };
  // The usage may have arrived just before the client's end, or just after.
  const source = frames === framesOf(kind) - 1 ? expect.stringMatching("recount|drained") : "recount";
  return { tokens, source };
}

test("behavior: after all of it, what the account has spent is what its usage says", async () => {
  const billed = (await usageRows()).reduce((sum, row) => sum + row.cost_nano, 0n);
  expect(await buyer.spent()).toBe(billed);
  expect(billed).toBeGreaterThan(0n);
});
