import type OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sellNode, type TestApi } from "../testing/api.ts";
import { type Buyer, closeMarket, newBuyer, post, startMarket } from "../testing/market.ts";
import { startScriptedNode } from "../testing/scripted-node.ts";

let api: TestApi;
let buyer: Buyer;
let scripted: Awaited<ReturnType<typeof startScriptedNode>>;

beforeAll(async () => {
  api = await startMarket();
  scripted = await startScriptedNode(["scripted"]);
  await sellNode(api, { url: scripted.url, models: ["scripted"] });
});
afterAll(async () => {
  scripted.stop();
  await closeMarket(api);
});
beforeEach(async () => {
  buyer = await newBuyer(api);
});

const messages = [{ role: "user" as const, content: "Hi" }];
const model = "demo/large";
type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;
const ask = (body: Partial<Body>) => buyer.openai.chat.completions.create({ model, messages, ...body });
const lastAsked = () => JSON.parse(scripted.asked.at(-1) ?? "") as Record<string, unknown>;

describe("what a node gets", () => {
  test("behavior: every field as it was sent, neither coerced nor stripped, known or not", async () => {
    const extra = {
      temperature: null,
      top_p: "0.5",
      stop: ["END"],
      seed: 7,
      logit_bias: { "50256": -100 },
      metadata: { a: "b" },
      tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } }, vendor: true }],
      response_format: { type: "json_schema", json_schema: { name: "a", schema: { enum: [1, "1", null] } } },
      guided_regex: "\\d+",
      unheard_of: { deep: [1, { er: null }], "": false },
      __other: "ü\u0000😀",
    };
    const response = await post(api, {
      path: "/v1/chat/completions",
      body: { model: "scripted", messages, ...extra },
      key: buyer.key,
    });
    expect(response.status).toBe(200);
    expect(lastAsked()).toEqual({ model: "scripted", messages, ...extra, max_tokens: 1_024 });
  });

  test.each([
    [{ max_tokens: 9 }, { max_tokens: 9 }],
    [{ max_completion_tokens: 9 }, { max_completion_tokens: 9 }],
    [{ max_tokens: null }, { max_tokens: 1_024 }],
  ])("behavior: %j is limited as %j, in the client's own words", async (limit, sent) => {
    await ask({ model: "scripted", ...limit });
    expect(lastAsked()).toEqual({ model: "scripted", messages, ...sent });
  });

  test.each([undefined, null, { include_usage: false }, { include_usage: true, other: 1 }])(
    "behavior: usage is asked for in every stream, whatever the client wants of it (%j)",
    async (options) => {
      const body = {
        model: "scripted",
        messages,
        stream: true,
        ...(options === undefined ? {} : { stream_options: options }),
      };
      const text = await (await post(api, { path: "/v1/chat/completions", body, key: buyer.key })).text();
      expect(lastAsked()["stream_options"]).toMatchObject({ include_usage: true });
      expect(text.includes('"completion_tokens":2')).toBe(options !== null && options?.include_usage === true);
      expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
      expect(await buyer.usage()).toMatchObject([{ completion_tokens: 2, usage_source: "node" }]);
    },
  );

  test("behavior: keys and other headers of the client stay here", async () => {
    await ask({ model: "scripted" });
    expect(scripted.asked.join()).not.toContain("sk-infr");
  });
});

describe("what the official client gets", () => {
  test("behavior: n answers, all billed; logprobs; vision parts", async () => {
    const image = { type: "image_url" as const, image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
    const content = [{ type: "text" as const, text: "Write 12 tokens about this." }, image];
    const answer = await ask({ messages: [{ role: "user", content }], n: 3, logprobs: true });
    expect(answer.choices.map(({ logprobs }) => logprobs?.content?.length)).toEqual([12, 12, 12]);
    expect(answer.usage?.completion_tokens).toBe(36);
    expect(await buyer.usage()).toMatchObject([{ completion_tokens: 36, usage_source: "node" }]);
  });

  test("behavior: n answers streamed, told apart by their index", async () => {
    const stream = await buyer.openai.chat.completions.create({ model, messages, n: 2, max_tokens: 5, stream: true });
    const texts = ["", ""];
    for await (const { choices } of stream) {
      for (const { index, delta } of choices) texts[index] += delta.content ?? "";
    }
    expect(texts[0]).not.toBe(texts[1]);
    expect(await buyer.usage()).toMatchObject([{ completion_tokens: 10 }]);
  });

  test("behavior: its helper runs tools over several requests, each billed", async () => {
    const runner = buyer.openai.chat.completions.runTools({
      model,
      messages: [{ role: "user", content: "Use get_weather." }],
      tools: [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: "The weather.",
            parameters: { type: "object", properties: { city: { type: "string" } } },
            parse: JSON.parse,
            function: ({ city }: { city: string }) => `sunny in ${city}`,
          },
        },
      ],
    });
    expect(await runner.finalContent()).toEqual(expect.any(String));
    expect(runner.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(await buyer.usage()).toHaveLength(2);
  });

  test.each([false, true])("behavior: JSON that follows its schema (streamed: %s)", async (streamed) => {
    const schema = { type: "object", properties: { ok: { type: "boolean" }, n: { type: "integer" } } };
    const body: Omit<Body, "stream"> = {
      model,
      messages,
      response_format: { type: "json_schema", json_schema: { name: "answer", schema } },
    };
    const answer = streamed
      ? await buyer.openai.chat.completions.stream(body).finalChatCompletion()
      : await buyer.openai.chat.completions.parse(body);
    expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toEqual({ ok: true, n: 7 });
  });

  test("behavior: a stream that the client's helper aborts ends there, and is billed once", async () => {
    const stream = buyer.openai.chat.completions.stream({
      model,
      messages: [{ role: "user", content: "Write 500 tokens." }],
    });
    stream.on("chunk", () => stream.abort());
    await expect(stream.done()).rejects.toMatchObject({ name: "Error" });
    await expect.poll(async () => (await api.sql`select from holds`).length, { timeout: 10_000 }).toBe(0);
    const rows = await buyer.usage();
    expect(rows.length).toBeLessThanOrEqual(1);
    expect(await buyer.spent()).toBe(rows[0]?.cost_nano ?? 0n);
  });
});
