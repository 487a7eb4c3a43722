import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestApi } from "../testing/api.ts";
import { type Buyer, closeMarket, newBuyer, startMarket } from "../testing/market.ts";

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

const model = "demo/large";
const weather: OpenAI.Responses.FunctionTool = {
  type: "function",
  name: "get_weather",
  strict: true,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};

type Cost = { cost: number; cost_details: { total_usd: string } };

async function eventsOf(stream: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>) {
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe("POST /v1/responses", () => {
  test("default: the official client reads the text, usage and cost", async () => {
    const response = await buyer.openai.responses.create({
      model,
      input: "Write 50 tokens.",
      instructions: "Be kind.",
    });
    expect(response).toMatchObject({ object: "response", status: "completed", model, store: false, error: null });
    expect(response.output_text.length).toBeGreaterThan(100);
    expect(response.usage).toMatchObject({ output_tokens: 50, input_tokens_details: { cached_tokens: 0 } });
    const [row] = await buyer.usage();
    expect(row).toMatchObject({ request_id: response.id, completion_tokens: 50, usage_source: "node", status: "ok" });
    const { cost, cost_details: details } = response.usage as unknown as Cost;
    expect(Number(details.total_usd)).toBe(cost);
    expect(await buyer.spent()).toBe(BigInt(Math.round(cost * 1e9)));
  });

  test("behavior: logprobs of the text, token by token, streamed or not", async () => {
    const include = ["message.output_text.logprobs" as const];
    const asked = { model, input: "Write 20 tokens.", include, top_logprobs: 2 };
    const whole = await buyer.openai.responses.create(asked);
    const [item] = whole.output;
    const part = item?.type === "message" ? item.content[0] : undefined;
    if (part?.type !== "output_text") throw new Error("no text");
    expect(part.logprobs).toHaveLength(20);
    expect(part.logprobs?.map(({ token }) => token).join("")).toBe(whole.output_text);
    const stream = buyer.openai.responses.stream(asked);
    const deltas = (await eventsOf(stream)).filter((event) => event.type === "response.output_text.delta");
    expect(deltas.flatMap(({ logprobs }) => logprobs)).toEqual(part.logprobs);
    expect((await stream.finalResponse()).output).toMatchObject([{ content: [{ logprobs: part.logprobs }] }]);
  });

  test("behavior: the client's stream helper makes the same response of the events", async () => {
    const asked = { model, input: "Write 20 tokens." };
    const whole = await buyer.openai.responses.create(asked);
    const stream = buyer.openai.responses.stream(asked);
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    const final = await stream.finalResponse();
    expect(final.output_text).toBe(whole.output_text);
    expect(final.usage).toEqual(whole.usage);
    expect(types[0]).toBe("response.created");
    expect(types.at(-1)).toBe("response.completed");
    expect(types.filter((type) => type === "response.output_text.delta")).toHaveLength(20);
    expect(await buyer.usage()).toHaveLength(2);
  });

  test.each([false, true])(
    "behavior: a function is called and its output answered (streamed: %s)",
    async (streamed) => {
      const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "Use get_weather." }];
      const asked = { model, input, tools: [weather] };
      const called = streamed
        ? await buyer.openai.responses.stream(asked).finalResponse()
        : await buyer.openai.responses.create(asked);
      const [call] = called.output;
      if (call?.type !== "function_call") throw new Error("nothing was called");
      expect(JSON.parse(call.arguments)).toEqual({ city: "receipt" });
      const output = { type: "function_call_output" as const, call_id: call.call_id, output: "sunny" };
      const answered = await buyer.openai.responses.create({ ...asked, input: [...input, call, output] });
      expect(answered.output_text).not.toBe("");
    },
  );

  test("behavior: JSON follows its schema, and the client parses it", async () => {
    const format = {
      type: "json_schema" as const,
      name: "answer",
      schema: { type: "object", properties: { ok: { type: "boolean" } } },
    };
    const parsed = await buyer.openai.responses.parse({ model, input: "Well?", text: { format } });
    expect(JSON.parse(parsed.output_text)).toEqual({ ok: true });
  });

  test("behavior: images are passed on and billed as the node counts them", async () => {
    const content = [
      { type: "input_text" as const, text: "What is this?" },
      { type: "input_image" as const, image_url: "data:image/png;base64,iVBORw0KGgo=", detail: "low" as const },
    ];
    const response = await buyer.openai.responses.create({ model, input: [{ role: "user", content }] });
    expect(response.usage?.input_tokens).toBeGreaterThan(85);
    expect(await buyer.usage()).toMatchObject([{ usage_source: "node" }]);
  });

  test.each([false, true])("behavior: an answer that is cut off is incomplete (streamed: %s)", async (streamed) => {
    const asked = { model, input: "Write as much as you can.", max_output_tokens: 16 };
    const response = streamed
      ? (await eventsOf(await buyer.openai.responses.create({ ...asked, stream: true }))).at(-1)
      : await buyer.openai.responses.create(asked);
    const incomplete = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
    expect(response).toMatchObject(streamed ? { type: "response.incomplete", response: incomplete } : incomplete);
  });

  test("error: a node that breaks off is told in an error event; what was relayed is billed", async () => {
    api.node.setFaults({ drop: 7 });
    const stream = await buyer.openai.responses.create({ model, input: "Write 50 tokens.", stream: true });
    await expect(eventsOf(stream)).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(await buyer.usage()).toMatchObject([{ status: "error", completion_tokens: 7, usage_source: "recount" }]);
  });

  test("error: what needs storage is refused, with its parameter", async () => {
    const asking = buyer.openai.responses.create({ model, input: "And now?", previous_response_id: "resp_1" });
    await expect(asking).rejects.toMatchObject({ status: 400, param: "previous_response_id", code: "invalid_input" });
    expect(await buyer.spent()).toBe(0n);
  });
});
