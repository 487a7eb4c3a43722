import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestApi } from "../testing/api.ts";
import {
  type Buyer,
  COMPLETION_NANO,
  closeMarket,
  newBuyer,
  PROMPT_NANO,
  post,
  startMarket,
} from "../testing/market.ts";

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
const complete = (body: Partial<OpenAI.CompletionCreateParamsNonStreaming>) =>
  buyer.openai.completions.create({ model, prompt: "Write 12 tokens.", ...body });
const costOf = (prompt: number, completion: number) =>
  BigInt(prompt) * PROMPT_NANO + BigInt(completion) * COMPLETION_NANO;

describe("POST /v1/completions", () => {
  test("default: the official client gets a text, 16 tokens at most, billed as it is", async () => {
    const answer = await complete({ prompt: "Write as much as you can." });
    expect(answer).toMatchObject({ object: "text_completion", usage: { prompt_tokens: 7, completion_tokens: 16 } });
    expect(answer.choices[0]?.finish_reason).toBe("length");
    expect(await buyer.spent()).toBe(costOf(7, 16));
    expect(await buyer.usage()).toMatchObject([{ request_id: answer.id, status: "ok", usage_source: "node" }]);
  });

  test("behavior: a stream carries the same text, and usage when asked for", async () => {
    const whole = await complete({});
    const stream = await buyer.openai.completions.create({
      model,
      prompt: "Write 12 tokens.",
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? "").join("")).toBe(whole.choices[0]?.text);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
    expect(await buyer.spent()).toBe(2n * costOf(whole.usage?.prompt_tokens ?? 0, 12));
  });

  test.each([
    ["a list of texts", ["Write 5 tokens.", "Write 7 tokens."], 2, 12],
    ["token ids", [101, 7592, 102], 1, 16],
    [
      "a list of token ids",
      [
        [101, 7592],
        [102, 103, 104],
      ],
      2,
      32,
    ],
  ])("behavior: a prompt may be %s", async (_, prompt, choices, most) => {
    const answer = await complete({ prompt });
    expect(answer.choices).toHaveLength(choices);
    const { prompt_tokens: promptTokens = 0, completion_tokens: completionTokens = 0 } = answer.usage ?? {};
    expect(completionTokens).toBeLessThanOrEqual(most);
    expect(await buyer.spent()).toBe(costOf(promptTokens, completionTokens));
    expect(await buyer.usage()).toMatchObject([{ usage_source: "node" }]);
  });

  test.each([false, true])(
    "behavior: a prompt that comes back is not billed as answer (usage left out: %s)",
    async (noUsage) => {
      api.node.setFaults({ noUsage });
      const prompt = "Say what a receipt is, then write 5 tokens. ".repeat(20);
      const answer = await complete({ prompt, echo: true, max_tokens: 5, n: 2 });
      expect(answer.choices[1]?.text).toContain(prompt);
      const [row] = await buyer.usage();
      expect(row?.completion_tokens).toBeLessThanOrEqual(10);
      expect(row?.completion_tokens).toBeGreaterThanOrEqual(8);
    },
  );

  test("behavior: best_of is billed for the answers that were made, n are given out", async () => {
    const answer = await complete({ best_of: 4, n: 2, max_tokens: 12 });
    expect(answer.choices).toHaveLength(2);
    expect(answer.usage?.completion_tokens).toBe(48);
    expect(await buyer.usage()).toMatchObject([{ completion_tokens: 48, usage_source: "node" }]);
  });

  test("behavior: logprobs pass through", async () => {
    const answer = await complete({ logprobs: 1, max_tokens: 3 });
    expect(answer.choices[0]?.logprobs?.tokens).toHaveLength(3);
  });

  test.each([1, 4, 11])("behavior: dropped after %d chunks, what was relayed is billed", async (drop) => {
    api.node.setFaults({ drop });
    const stream = await buyer.openai.completions.create({ model, prompt: "Write 12 tokens.", stream: true });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    await expect(reading).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(await buyer.usage()).toMatchObject([{ completion_tokens: drop, status: "error", usage_source: "recount" }]);
  });

  test.each([
    [{ model, prompt: [] }, "prompt"],
    [{ model, prompt: ["a", 1] }, "prompt"],
    [{ model, prompt: [[]] }, "prompt"],
    [{ model, prompt: [-1] }, "prompt"],
    [{ model, prompt: { text: "a" } }, "prompt"],
    [{ model, prompt: Array.from({ length: 2_049 }, () => "a") }, "prompt"],
    [{ model, prompt: "a", n: 1_000 }, "n"],
    [{ model, prompt: "a", n: 2, best_of: 1 }, "best_of"],
    [{ model, prompt: "a", best_of: 2, stream: true }, "best_of"],
    [{ model, prompt: "a", max_tokens: -1 }, "max_tokens"],
  ])("error: %# names its parameter", async (body, param) => {
    const response = await post(api, { path: "/v1/completions", body, key: buyer.key });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", param } });
  });
});

describe("POST /v1/embeddings", () => {
  const embed = (body: Partial<OpenAI.EmbeddingCreateParams>) =>
    buyer.openai.embeddings.create({ model, input: "a receipt", ...body });

  test("default: the official client gets numbers, and pays for the prompt alone", async () => {
    const { data, usage } = await embed({});
    expect(data[0]?.embedding).toHaveLength(64);
    expect(data[0]?.embedding.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(usage.prompt_tokens).toBeGreaterThan(0);
    expect(await buyer.spent()).toBe(costOf(usage.prompt_tokens, 0));
    expect(await buyer.usage()).toMatchObject([{ completion_tokens: 0, status: "ok", usage_source: "node" }]);
  });

  test("behavior: both encodings carry the same vector", async () => {
    const [numbers, decoded] = [await embed({ encoding_format: "float" }), await embed({})];
    expect(decoded.data[0]?.embedding).toEqual(numbers.data[0]?.embedding);
  });

  test.each([
    [["one", "two", "three"], 3],
    [[1, 2, 3], 1],
    [[[1, 2], [3]], 2],
  ])("behavior: %j makes a vector each", async (input, vectors) => {
    const { data } = await embed({ input, dimensions: 8 });
    expect(data.map(({ embedding }) => embedding.length)).toEqual(Array.from({ length: vectors }, () => 8));
  });

  test("behavior: without the node's usage the prompt is recounted; a failure costs nothing", async () => {
    api.node.setFaults({ noUsage: true });
    const { usage } = await embed({ input: [[1, 2, 3], [4]] });
    expect(usage.prompt_tokens).toBe(4);
    api.node.setFaults({ drop: 0 });
    await expect(embed({})).rejects.toMatchObject({ status: 502 });
    expect(await buyer.spent()).toBe(costOf(4, 0));
  });

  test.each([
    [{ model, input: [] }, "input"],
    [{ model }, "input"],
    [{ model, input: "a", stream: true }, "stream"],
    [{ model, input: "a", encoding_format: "hex" }, "encoding_format"],
  ])("error: %j names its parameter", async (body, param) => {
    const response = await post(api, { path: "/v1/embeddings", body, key: buyer.key });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});
