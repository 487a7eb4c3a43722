import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { credit, newUser, sellNode, type TestApi } from "../testing/api.ts";
import { type Buyer, closeMarket, holdsOf, newBuyer, post, startMarket } from "../testing/market.ts";
import { chunk, plainAnswer, startScriptedNode } from "../testing/scripted-node.ts";

let api: TestApi;
let buyer: Buyer;
let node: Awaited<ReturnType<typeof startScriptedNode>>;

beforeAll(async () => {
  api = await startMarket();
  node = await startScriptedNode(["hostile"]);
  await sellNode(api, { url: node.url, models: ["hostile"] });
});
afterAll(async () => {
  node.stop();
  await closeMarket(api);
});
beforeEach(async () => {
  buyer = await newBuyer(api);
  node.answer = plainAnswer;
});

const messages = [{ role: "user", content: "Hi" }];
const SURFACES = [
  ["/v1/chat/completions", { messages }],
  ["/v1/completions", { prompt: "Hi" }],
  ["/v1/embeddings", { input: "Hi" }],
  ["/v1/responses", { input: "Hi" }],
  ["/v1/messages", { messages, max_tokens: 10 }],
] as const;
const ask = async (body: unknown, path = "/v1/chat/completions") => {
  const response = await post(api, { path, body, key: buyer.key });
  const text = await response.text();
  return { status: response.status, text };
};
const hostile = { model: "hostile", messages };
const isAlive = async () => (await fetch(`${api.origin}/v1/models`)).status;

describe.each(SURFACES)("%s: a client's bad input", (path, fields) => {
  const model = "demo/large";

  test("error: invalid UTF-8, broken JSON, and JSON that is no object, cost nothing", async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"model":"demo/large","x":"'),
      Buffer.from([0xff, 0xfe, 0xc0]),
      Buffer.from('"'),
    ]);
    for (const body of [bytes, "{", "[]", "null", "7", '"text"', "", "\u0000"]) {
      expect((await ask(body, path)).status).toBe(400);
    }
    expect(await buyer.spent()).toBe(0n);
  });

  test("error: a thousand answers", async () => {
    const { status } = await ask({ model, ...fields, n: 1_000 }, path);
    // The others know no n.
    expect(status).toBe(path.includes("completions") ? 400 : 200);
    expect((await buyer.usage()).every((row) => row.completion_tokens <= 1_024)).toBe(true);
  });

  test("error: JSON of any depth is refused, and the process stays up", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const { status } = await ask(`{"model":"demo/large","tools":${deep},"input":${deep},"messages":${deep}}`, path);
    expect(status).toBe(400);
    expect(await isAlive()).toBe(200);
    expect(await buyer.spent()).toBe(0n);
  });

  test("error: JSON of more than 300,000 values is refused before it is parsed", async () => {
    // Were it parsed, it would be known to be no JSON.
    const { status, text } = await ask(`{"model":"demo/large","tools":[${"0,".repeat(300_000)}`, path);
    expect(status).toBe(400);
    expect(text).toContain("300000");
    expect(await buyer.spent()).toBe(0n);
  });

  test("error: prototypes can't be reached through the body", async () => {
    const { status } = await ask(`{"model":"demo/large","__proto__":{"messages":[]}}`, path);
    expect(status).toBe(400);
  });
});

describe("a client's bad input", () => {
  test.each(["", "{", '{"__proto__":{}}', '{"a":"'])("error: %j is no JSON", async (body) => {
    const { status, text } = await ask(body);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "invalid_json" } });
  });

  test.each([Number.MAX_SAFE_INTEGER, 1e9, 5_000])(
    "behavior: max_tokens %d is lowered to what the node gives",
    async (max) => {
      const response = await post(api, {
        path: "/v1/chat/completions",
        body: { ...hostile, max_tokens: max },
        key: buyer.key,
      });
      expect(response.headers.get("x-infr-max-tokens")).toBe("1024");
    },
  );

  test.each(["1e400", "1.5", "-1", '"9"', "{}"])("error: max_tokens %s", async (max) => {
    const body = JSON.stringify({ ...hostile, max_tokens: "MAX" }).replace('"MAX"', max);
    expect((await ask(body)).status).toBe(400);
  });

  test("error: a client that sends its body and breaks off costs nothing", async () => {
    const { port } = new URL(api.origin);
    const socket = connect(Number(port), "127.0.0.1");
    await once(socket, "connect");
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer ${buyer.key}\r\ncontent-length: 1000\r\n\r\n{"model":`;
    socket.write(head);
    socket.destroy();
    expect(await isAlive()).toBe(200);
    expect(await buyer.spent()).toBe(0n);
  });

  test("behavior: a reader that takes nothing does not make us hold the answer in memory", async () => {
    let written = 0;
    let isFull = false;
    const full = Promise.withResolvers<void>();
    node.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const text = chunk("x".repeat(60_000));
      const more = () => {
        while (!response.destroyed && response.write(text)) written += text.length;
        isFull = true;
        full.resolve();
      };
      response.on("drain", more);
      more();
    };
    const { port } = new URL(api.origin);
    const socket = connect(Number(port), "127.0.0.1");
    const body = JSON.stringify({ ...hostile, stream: true });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer ${buyer.key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.pause();
    await full.promise;
    expect(isFull).toBe(true);
    expect(written).toBeLessThan(64 * 1_048_576);
    socket.destroy();
    await expect.poll(() => holdsOf(api), { timeout: 10_000 }).toBe(0);
  });
});

describe("a hostile node", () => {
  const stream = { ...hostile, stream: true };

  test.each([
    ["garbage", "{not json"],
    ["another kind of JSON", "[1]"],
    ["no choices", '{"choices":[]}'],
    ["choices that are none", '{"choices":"many"}'],
    ["nothing", ""],
    ["invalid UTF-8", Buffer.from([0xff, 0xfe])],
  ])("error: whole answers that are %s cost nothing", async (_, answer) => {
    node.answer = (__, response) => response.end(answer);
    expect((await ask(hostile)).status).toBe(502);
    expect(await buyer.spent()).toBe(0n);
  });

  /** An answer that begins with a good text. */
  const answerWith = (more: string) => `{"choices":[{"index":0,"message":{"content":"Hello there",${more}}}]}`;

  test("error: an answer of any depth can't be passed on, and costs nothing", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    node.answer = (_, response) => response.end(answerWith(`"more":${deep}`));
    expect((await ask(hostile)).status).toBe(502);
    expect(await holdsOf(api)).toBe(0);
    expect(await buyer.spent()).toBe(0n);
  });

  test.each([
    ["/v1/messages", { messages, max_tokens: 10 }],
    ["/v1/responses", { input: "Hi" }],
  ])("error: %s can't word an answer that goes back to a call, and it costs nothing", async (path, fields) => {
    const calls = [{ index: 0, id: "a" }, { index: 1, id: "b" }, { index: 0 }];
    node.answer = (_, response) => response.end(answerWith(`"tool_calls":${JSON.stringify(calls)}`));
    expect((await ask({ model: "hostile", ...fields }, path)).status).toBe(502);
    expect(await holdsOf(api)).toBe(0);
    expect(await buyer.spent()).toBe(0n);
  });

  test.each([
    ["garbage", "data: {not json\n\n"],
    ["no events", "hello?"],
    ["a list", "data: [1]\n\n"],
    ["an error", 'data: {"error":{"message":"boom"}}\n\n'],
    ["an event without end", `data: ${"x".repeat(2_000_000)}`],
  ])("error: a stream of %s costs nothing, and the client is told", async (_, answer) => {
    node.answer = (__, response) => response.writeHead(200, { "content-type": "text/event-stream" }).end(answer);
    const { text } = await ask(stream);
    expect(text).toContain('"error"');
    expect(text).not.toContain("[DONE]");
    expect(await buyer.spent()).toBe(0n);
  });

  test.each([
    ["far too many tokens", { prompt_tokens: 1_000_000, completion_tokens: 1_000_000 }],
    ["negative tokens", { prompt_tokens: -5, completion_tokens: -2 }],
    ["fractions", { prompt_tokens: 1.5, completion_tokens: 2.5 }],
    ["text", { prompt_tokens: "5", completion_tokens: "2" }],
    [
      "more cached than there were",
      { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 9 } },
    ],
    ["nothing", null],
  ])("behavior: a node that reports %s is billed by our own count", async (_, usage) => {
    node.answer = (__, response) => {
      const message = { role: "assistant", content: "Hello there" };
      response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: "stop" }], usage }));
    };
    expect((await ask(hostile)).status).toBe(200);
    expect(await buyer.usage()).toMatchObject([{ completion_tokens: 2, usage_source: "recount" }]);
  });

  test("behavior: a node that never ends is cut off, and billed no more than was asked for", async () => {
    node.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const more = () => {
        while (!response.destroyed && response.write(chunk(" word".repeat(100))));
      };
      response.on("drain", more);
      more();
    };
    const { text } = await ask({ ...stream, max_tokens: 20 });
    expect(text).toContain('"error"');
    expect(await buyer.usage()).toMatchObject([{ completion_tokens: 20, status: "error" }]);
  });

  test("error: a redirect, to a private address or anywhere, is not followed", async () => {
    let visits = 0;
    const secret = createServer((_, response) => {
      visits++;
      plainAnswer({}, response);
    });
    secret.listen(0, "127.0.0.1");
    await once(secret, "listening");
    const location = `http://127.0.0.1:${(secret.address() as AddressInfo).port}/`;
    node.answer = (_, response) => response.writeHead(307, { location }).end();
    for (const body of [hostile, stream]) expect((await ask(body)).status).toBe(502);
    expect(visits).toBe(0);
    expect(await buyer.spent()).toBe(0n);
    secret.close();
  });
});

describe("what is paid for", () => {
  test.each(SURFACES)("behavior: %s passes on no other name of a limit", async (path, body) => {
    node.asked.length = 0;
    await ask({ ...body, model: "hostile", n_predict: -1, max_new_tokens: 9, kept: 1 }, path);
    expect(node.asked.join("")).not.toMatch(/n_predict|max_new_tokens/);
    expect(node.asked).not.toEqual([]);
  });

  test("behavior: a stream that goes on beyond its limit is broken off", async () => {
    node.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(chunk("word ").repeat(5_000));
    };
    const { text } = await ask({ ...hostile, max_tokens: 1, stream: true });
    expect(text).not.toContain("[DONE]");
    expect(text.split('"content"').length).toBeLessThan(1_000);
    await expect.poll(() => holdsOf(api)).toBe(0);
  });

  const words = (count: number) => "credit ".repeat(count).trimEnd();
  const written = (count: number, usage?: object) => {
    node.answer = (_, response) => {
      const message = { role: "assistant", content: words(count) };
      response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: "length" }], usage }));
    };
  };
  const usageOf = (tokens: number) => ({ prompt_tokens: 1, completion_tokens: tokens, total_tokens: 1 + tokens });
  const overruns = () =>
    api.health
      .takeCounts()
      .map((counts) => [counts.overruns, counts.overReports])
      .flat();

  test.each([
    ["that reports all of it", usageOf(300), { completion_tokens: 20, usage_source: "recount" }, [1, 1]],
    ["that reports nothing", undefined, { completion_tokens: 20, usage_source: "recount" }, [1, 0]],
    ["that reports what it was asked for", usageOf(20), { completion_tokens: 20, usage_source: "node" }, [1, 0]],
  ])(
    "behavior: of a whole answer beyond its limit, by a node %s, the limit is paid",
    async (_, usage, row, strikes) => {
      overruns();
      written(300, usage);
      const { status, text } = await ask({ ...hostile, max_tokens: 20 });
      expect([status, text.includes(words(300))]).toEqual([200, true]);
      expect(await buyer.usage()).toMatchObject([row]);
      expect(overruns()).toEqual(strikes);
    },
  );

  test("behavior: it is never more than was held, also by parallel answers, with little money", async () => {
    const poor = await newUser(api);
    await credit(api.sql, poor.accountId, 50_000_000n);
    written(1_000, usageOf(1_000));
    const body = { ...hostile, max_tokens: 20 };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(api, { path: "/v1/chat/completions", body, key: poor.key })),
    );
    const served = answers.filter(({ status }) => status === 200).length;
    expect(served).toBeGreaterThan(0);
    const [{ most, sum }] = await api.sql<[{ most: number; sum: bigint }]>`
      select max(completion_tokens) as most, sum(cost_nano)::bigint as sum from usage where account_id = ${poor.accountId}`;
    expect(most).toBeLessThanOrEqual(20);
    expect(sum).toBeLessThanOrEqual(50_000_000n);
  });

  test("behavior: an answer that another tokenizer counts as somewhat longer is no overrun", async () => {
    overruns();
    written(30, usageOf(20));
    await ask({ ...hostile, max_tokens: 20 });
    expect(overruns()).toEqual([0, 0]);
  });

  test("behavior: one finished answer of two is no whole answer", async () => {
    node.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(chunk("One", "stop"));
    };
    expect((await ask({ ...hostile, n: 2, stream: true })).text).not.toContain("[DONE]");
    expect((await ask({ ...hostile, stream: true })).text).toContain("[DONE]");
  });
});
