import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newUser, type TestApi } from "../testing/api.ts";
import { type Buyer, closeMarket, newBuyer, post, startMarket } from "../testing/market.ts";

let api: TestApi;
let buyer: Buyer;
let anthropic: Anthropic;

beforeAll(async () => {
  api = await startMarket();
});
afterAll(() => closeMarket(api));
beforeEach(async () => {
  buyer = await newBuyer(api);
  anthropic = clientOf(buyer.key);
  api.node.setFaults({});
});

const clientOf = (apiKey: string) => new Anthropic({ baseURL: api.origin, apiKey, maxRetries: 0 });
const model = "demo/large";
const ask = (content: string, extra: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) =>
  anthropic.messages.create({ model, max_tokens: 200, messages: [{ role: "user", content }], ...extra });
const weather: Anthropic.Tool = {
  name: "get_weather",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
};

describe("POST /v1/messages", () => {
  test("default: the official client reads the text, usage and cost, and the request's id", async () => {
    const message = await ask("Write 50 tokens.", { system: "Be kind." });
    expect(message).toMatchObject({ type: "message", role: "assistant", model, stop_reason: "end_turn" });
    expect(message.usage).toMatchObject({ output_tokens: 50, cache_read_input_tokens: 0 });
    expect(message._request_id).toBe(message.id);
    const [row] = await buyer.usage();
    expect(row).toMatchObject({ request_id: message.id, completion_tokens: 50, usage_source: "node", status: "ok" });
    const { cost } = message.usage as unknown as { cost: number };
    expect(await buyer.spent()).toBe(BigInt(Math.round(cost * 1e9)));
  });

  test("behavior: the client's stream helper makes the same message of the events", async () => {
    const whole = await ask("Write 20 tokens.");
    const stream = anthropic.messages.stream({
      model,
      max_tokens: 200,
      messages: [{ role: "user", content: "Write 20 tokens." }],
    });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    const final = await stream.finalMessage();
    expect(final.content).toEqual(whole.content);
    expect(final).toMatchObject({ stop_reason: "end_turn", usage: { output_tokens: 20 } });
    expect(final.usage.input_tokens).toBe(whole.usage.input_tokens);
    expect([types[0], types.at(-1)]).toEqual(["message_start", "message_stop"]);
  });

  test.each([false, true])("behavior: a tool is used and its result answered (streamed: %s)", async (streamed) => {
    const messages: Anthropic.MessageParam[] = [{ role: "user", content: "Use get_weather." }];
    const asked = { model, max_tokens: 200, messages, tools: [weather] };
    const used = streamed
      ? await anthropic.messages.stream(asked).finalMessage()
      : await anthropic.messages.create(asked);
    expect(used.stop_reason).toBe("tool_use");
    const [block] = used.content;
    if (block?.type !== "tool_use") throw new Error("no tool was used");
    expect(block.input).toEqual({ city: "receipt" });
    const result = { type: "tool_result" as const, tool_use_id: block.id, content: "sunny" };
    const answered = await anthropic.messages.create({
      ...asked,
      messages: [...messages, { role: "assistant", content: used.content }, { role: "user", content: [result] }],
    });
    expect(answered.stop_reason).toBe("end_turn");
  });

  test("behavior: images, and JSON that follows a schema", async () => {
    const source = { type: "base64" as const, media_type: "image/png" as const, data: "iVBORw0KGgo=" };
    const seen = await anthropic.messages.create({
      model,
      max_tokens: 50,
      messages: [{ role: "user", content: [{ type: "image", source }] }],
      output_config: {
        format: { type: "json_schema", schema: { type: "object", properties: { ok: { type: "boolean" } } } },
      },
    });
    expect(seen.usage.input_tokens).toBeGreaterThan(85);
    expect(seen.content).toMatchObject([{ type: "text", text: '{"ok":true}' }]);
  });

  test("behavior: max_tokens ends an answer", async () => {
    expect(await ask("Write as much as you can.", { max_tokens: 16 })).toMatchObject({
      stop_reason: "max_tokens",
      usage: { output_tokens: 16 },
    });
  });

  test("error: a node that breaks off is told in an error event; what was relayed is billed", async () => {
    api.node.setFaults({ drop: 7 });
    const stream = anthropic.messages.stream({
      model,
      max_tokens: 200,
      messages: [{ role: "user", content: "Write 50 tokens." }],
    });
    await expect(stream.finalMessage()).rejects.toMatchObject({ type: "api_error" });
    expect(await buyer.usage()).toMatchObject([{ status: "error", completion_tokens: 7, usage_source: "recount" }]);
  });

  test("error: a node that fails before the first byte costs nothing", async () => {
    api.node.setFaults({ status: 500 });
    await expect(ask("Hi")).rejects.toMatchObject({ status: 502, type: "api_error" });
    expect(await buyer.spent()).toBe(0n);
  });

  test.each([
    ["authentication_error", 401, async () => "sk-infr-nonsense", model],
    ["billing_error", 402, async () => (await newUser(api)).key, model],
    ["not_found_error", 404, async () => buyer.key, "nope"],
  ])("error: %s", async (type, status, keyOf, asked) => {
    const asking = clientOf(await keyOf()).messages.create({
      model: asked,
      max_tokens: 10,
      messages: [{ role: "user", content: "Hi" }],
    });
    await expect(asking).rejects.toMatchObject({ status, type, requestID: expect.stringMatching(/^req_/) });
  });

  test("error: bad input in Anthropic's shape; a bearer key is a key too", async () => {
    const response = await post(api, { path: "/v1/messages", body: { model, messages: [] }, key: buyer.key });
    expect(response.status).toBe(400);
    const body = await response.json();
    expect(body).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
    expect(body).toHaveProperty("request_id", response.headers.get("x-request-id"));
    expect(body).toHaveProperty("error.message", expect.stringContaining("max_tokens"));
  });
});
