import OpenAI, { APIConnectionError, type APIError, BadRequestError, InternalServerError, NotFoundError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerTokens } from "./answer.ts";
import { countPrompt, countText } from "./count.ts";
import { type DemoNode, startDemoNode } from "./index.ts";

let node: DemoNode;
let openai: OpenAI;
const messages = [{ role: "user" as const, content: "What is a receipt?" }];

beforeAll(async () => {
  node = await startDemoNode();
  openai = new OpenAI({ baseURL: `${node.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => node.stop());

async function collect(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
  return { chunks, text, usage: chunks.at(-1)?.usage };
}

function ask(content: string) {
  return openai.chat.completions.create({ model: "demo/large", messages: [{ role: "user", content }] });
}

function stream(model: string, headers: Record<string, string> = {}) {
  return openai.chat.completions.create(
    { model, messages, stream: true, stream_options: { include_usage: true } },
    { headers },
  );
}

describe("answerTokens", () => {
  test("behavior: every prefix counts as many tokens as were sent", () => {
    for (const prompt of ["one", "two", "three"]) {
      const tokens = answerTokens([{ role: "user", content: prompt }], 400);
      for (let length = 1; length <= tokens.length; length += 1) {
        expect(countText(tokens.slice(0, length).join(""))).toBe(length);
      }
    }
  });
});

describe("countPrompt", () => {
  test("default: 3 a message, 3 for the reply, role and text in o200k", () => {
    expect(countPrompt([{ role: "user", content: "hello world" }])).toBe(3 + 1 + 2 + 3);
    expect(countPrompt([{ role: "user", name: "ada", content: "hello world" }])).toBe(9 + 1 + countText("ada"));
  });

  test("behavior: a control token in a prompt is plain text", () => {
    expect(countPrompt([{ role: "user", content: "<|endoftext|>" }])).toBeGreaterThan(8);
  });
});

describe("GET /v1/models", () => {
  test("default", async () => {
    const { data } = await openai.models.list();
    expect(data.map(({ id }) => id)).toEqual(["demo/small", "demo/large"]);
  });
});

describe("POST /v1/chat/completions", () => {
  test("default: the same prompt gets the same answer, with real counts", async () => {
    const [one, two] = await Promise.all([
      openai.chat.completions.create({ model: "demo/small", messages }),
      openai.chat.completions.create({ model: "demo/small", messages }),
    ]);
    const text = one.choices[0]?.message.content ?? "";
    expect(two.choices[0]?.message.content).toBe(text);
    expect(one.choices[0]?.finish_reason).toBe("stop");
    expect(one.usage).toMatchObject({ prompt_tokens: countPrompt(messages), completion_tokens: countText(text) });
  });

  test("behavior: a stream carries the same text and, asked for, the usage", async () => {
    const whole = await openai.chat.completions.create({ model: "demo/small", messages });
    const streamed = await collect(
      await openai.chat.completions.create({
        model: "demo/small",
        messages,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    expect(streamed.text).toBe(whole.choices[0]?.message.content);
    expect(streamed.usage).toEqual(whole.usage);
    expect(streamed.chunks.at(-1)?.choices).toEqual([]);

    const plain = await collect(await openai.chat.completions.create({ model: "demo/small", messages, stream: true }));
    expect(plain.chunks.some((chunk) => "usage" in chunk)).toBe(false);
    expect(plain.chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
  });

  test.each(["max_tokens", "max_completion_tokens"])("behavior: %s is met exactly", async (cap) => {
    const { choices, usage } = await openai.chat.completions.create({
      model: "demo/large",
      messages: [{ role: "user", content: "Write as much as you can." }],
      [cap]: 333,
    });
    expect(usage?.completion_tokens).toBe(333);
    expect(countText(choices[0]?.message.content ?? "")).toBe(333);
    expect(choices[0]?.finish_reason).toBe("length");
  });

  test("behavior: the model's own cap is 1024, a prompt can ask for fewer", async () => {
    expect((await ask("Go on as long as possible")).usage?.completion_tokens).toBe(1_024);
    const asked = await ask("Write 50 tokens.");
    expect(asked.usage?.completion_tokens).toBe(50);
    expect(asked.choices[0]?.finish_reason).toBe("stop");
  });

  test("error: unknown model, named with those that exist", async () => {
    const error = await openai.chat.completions.create({ model: "gpt-9", messages }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotFoundError);
    expect((error as APIError).code).toBe("model_not_found");
    expect((error as APIError).message).toContain("demo/small, demo/large");
  });

  test("error: malformed JSON, no messages, a fault that does not exist", async () => {
    const response = await fetch(`${node.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toHaveProperty("error.type", "invalid_request_error");
    const create = openai.chat.completions.create.bind(openai.chat.completions);
    await expect(create({ model: "demo/small", messages: [] })).rejects.toBeInstanceOf(BadRequestError);
    await expect(create({ model: "demo/small:explode", messages })).rejects.toMatchObject({ code: "invalid_fault" });
  });
});

describe("what a chat can ask for", () => {
  const weather = {
    type: "function" as const,
    function: {
      name: "get_weather",
      parameters: { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } } },
    },
  };
  const create = openaiCreate();

  test("behavior: n answers, each another one, counted together", async () => {
    const { choices, usage } = await create({ messages, n: 3 });
    const texts = choices.map(({ message }) => message.content ?? "");
    expect(new Set(texts).size).toBe(3);
    expect(usage?.completion_tokens).toBe(texts.reduce((sum, text) => sum + countText(text), 0));
    const streamed = await collect(
      await openai.chat.completions.create({ model: "demo/small", messages, n: 3, stream: true }),
    );
    const second = streamed.chunks.map(({ choices: [choice] }) => (choice?.index === 1 ? choice.delta.content : ""));
    expect(second.join("")).toBe(texts[1]);
  });

  test("behavior: a tool that the prompt names is called, and its result answered in words", async () => {
    const asked = { role: "user" as const, content: "Use get_weather, please." };
    const called = await create({ messages: [asked], tools: [weather] });
    expect(called.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: null,
        tool_calls: [{ function: { name: "get_weather", arguments: '{"city":"receipt","days":7}' } }],
      },
    });
    const [message] = called.choices.map((choice) => choice.message);
    if (!message) throw new Error("no message");
    const id = message.tool_calls?.[0]?.id ?? "";
    const result = { role: "tool" as const, tool_call_id: id, content: "sunny" };
    const { choices } = await create({ messages: [asked, message, result], tools: [weather] });
    expect(choices[0]?.finish_reason).toBe("stop");
  });

  test("behavior: JSON as its schema wants it; images, logprobs", async () => {
    const schema = { type: "object", properties: { ok: { type: "boolean" }, of: { enum: ["a", "b"] } } };
    const json = await create({
      messages,
      response_format: { type: "json_schema", json_schema: { name: "answer", schema } },
    });
    expect(JSON.parse(json.choices[0]?.message.content ?? "")).toEqual({ ok: true, of: "a" });
    const image = { type: "image_url" as const, image_url: { url: "data:image/png;base64,AAAA" } };
    const seen = await create({ messages: [{ role: "user", content: [image] }], logprobs: true, max_tokens: 5 });
    expect(seen.usage?.prompt_tokens).toBe(3 + 1 + 85 + 3);
    expect(seen.choices[0]?.logprobs?.content).toHaveLength(5);
  });

  function openaiCreate() {
    return (body: Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "model">) =>
      openai.chat.completions.create({ model: "demo/small", ...body });
  }
});

describe("POST /v1/completions", () => {
  test("default: 16 tokens, the same streamed, echoed and for token ids", async () => {
    const prompt = "As long as possible";
    const whole = await openai.completions.create({ model: "demo/small", prompt, echo: true });
    expect(whole.choices[0]?.text.startsWith(prompt)).toBe(true);
    expect(whole.usage).toMatchObject({ prompt_tokens: countText(prompt), completion_tokens: 16 });
    const chunks = [];
    for await (const chunk of await openai.completions.create({
      model: "demo/small",
      prompt,
      stream: true,
      echo: true,
    }))
      chunks.push(chunk.choices[0]?.text);
    expect(chunks.join("")).toBe(whole.choices[0]?.text);
    const ids = await openai.completions.create({ model: "demo/small", prompt: [[1, 2], [3]], n: 2, best_of: 3 });
    expect(ids.choices).toHaveLength(4);
    expect(ids.usage?.prompt_tokens).toBe(3);
  });
});

describe("POST /v1/embeddings", () => {
  test("default: the same text gets the same vector, in both encodings", async () => {
    const embed = (body: object) => openai.embeddings.create({ model: "demo/small", input: ["a", "b"], ...body });
    const [plain, encoded] = [await embed({ encoding_format: "float" }), await embed({})];
    expect(encoded.data).toEqual(plain.data);
    expect(plain.data[0]?.embedding).not.toEqual(plain.data[1]?.embedding);
    expect(plain.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
  });
});

describe("faults", () => {
  test("behavior: drop cuts a stream after exactly so many chunks", async () => {
    const received: string[] = [];
    const reading = (async () => {
      for await (const chunk of await stream("demo/small:drop=3")) {
        const content = chunk.choices[0]?.delta.content;
        if (content) received.push(content);
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(Error);
    expect(received).toEqual(answerTokens(messages, 3));
  });

  test("behavior: drop cuts an unstreamed answer before its body", async () => {
    const cut = openai.chat.completions.create({ model: "demo/small:drop=0", messages });
    await expect(cut).rejects.toBeInstanceOf(Error);
  });

  test("behavior: status, by header", async () => {
    const failing = stream("demo/small", { "x-demo-fault": "status=503" });
    await expect(failing).rejects.toBeInstanceOf(InternalServerError);
    await expect(failing).rejects.toMatchObject({ status: 503, code: "demo_fault" });
  });

  test("behavior: no-usage leaves only the usage out", async () => {
    const { chunks, text } = await collect(await stream("demo/small:no-usage"));
    expect(chunks.every((chunk) => !chunk.usage)).toBe(true);
    expect(countText(text)).toBeGreaterThan(20);
    const whole = await openai.chat.completions.create({ model: "demo/small:no-usage", messages });
    expect(whole.usage).toBeUndefined();
  });

  test("behavior: lie multiplies the usage, garbage breaks the JSON", async () => {
    const lied = await openai.chat.completions.create({ model: "demo/small:lie=10", messages });
    const told = await openai.chat.completions.create({ model: "demo/small", messages });
    expect(lied.usage?.completion_tokens).toBe(10 * (told.usage?.completion_tokens ?? 0));
    await expect(stream("demo/small:garbage=2").then(collect)).rejects.toBeInstanceOf(SyntaxError);
    const garbage = openai.chat.completions.create({ model: "demo/small:garbage=0", messages });
    await expect(garbage).rejects.toBeInstanceOf(Error);
  });

  test("behavior: setFaults holds for the requests to come", async () => {
    node.setFaults({ status: 500 });
    await expect(stream("demo/small")).rejects.toBeInstanceOf(InternalServerError);
    node.setFaults({});
    expect((await collect(await stream("demo/small"))).usage).toBeDefined();
  });
});

describe("--upstream", () => {
  test("default: both ways, streamed, errors included", async () => {
    const front = await startDemoNode({ upstream: `${node.url}/v1` });
    const client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "none", maxRetries: 0 });
    const direct = await openai.chat.completions.create({ model: "demo/small", messages });
    const passed = await collect(await client.chat.completions.create({ model: "demo/small", messages, stream: true }));
    expect(passed.text).toBe(direct.choices[0]?.message.content);
    expect(passed.chunks.length).toBeGreaterThan(20);
    await expect(client.chat.completions.create({ model: "gpt-9", messages })).rejects.toBeInstanceOf(NotFoundError);
    expect((await fetch(`${front.url}/health`)).status).toBe(200);
    await front.stop();
  });

  test("behavior: a client that leaves cancels the request behind it", async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const { createServer } = await import("node:http");
    const slow = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"choices":[]}\n\n');
      response.on("close", resolve);
    });
    await new Promise<void>((listening) => {
      slow.listen(0, "127.0.0.1", listening);
    });
    const { port } = slow.address() as { port: number };
    const front = await startDemoNode({ upstream: `http://127.0.0.1:${port}` });
    const client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "none" });
    for await (const _chunk of await client.chat.completions.create({ model: "any", messages, stream: true })) break;
    await cancelled;
    await front.stop();
    slow.close();
  });

  test("error: 502 in OpenAI's shape when nothing answers", async () => {
    const front = await startDemoNode({ upstream: "http://127.0.0.1:1" });
    const client = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: "none", maxRetries: 0 });
    const asking = client.chat.completions.create({ model: "any", messages });
    await expect(asking).rejects.toMatchObject({ status: 502, code: "upstream_unreachable" });
    await expect(asking).rejects.not.toBeInstanceOf(APIConnectionError);
    await front.stop();
  });
});
