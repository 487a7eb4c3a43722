import { describe, expect, test } from "vitest";
import { InvalidInputError } from "../../errors.ts";
import { readResponsesRequest } from "./read-request.ts";

const read = (body: object) => readResponsesRequest({ model: "m", input: "Hi", ...body });

describe("readResponsesRequest", () => {
  test("behavior: logprobs are asked for where include names them, with as many alternatives as are wanted", () => {
    const include = ["message.output_text.logprobs", "reasoning.encrypted_content"];
    expect(read({ include, top_logprobs: 3 }).body).toMatchObject({ logprobs: true, top_logprobs: 3 });
    expect(read({ include, top_logprobs: 0 }).body).toMatchObject({ logprobs: true, top_logprobs: 0 });
    expect(read({ include }).body).not.toHaveProperty("top_logprobs");
    for (const body of [
      { top_logprobs: 3 },
      { include: [], top_logprobs: 3 },
      { include: null },
      { include: "logprobs" },
    ]) {
      expect(Object.keys(read(body).body)).toEqual(["model", "messages"]);
    }
    for (const top of [21, -1, 1.5, "3"]) expect(() => read({ include, top_logprobs: top })).toThrow(InvalidInputError);
  });

  test("default: a text is a user's message, and instructions come first", () => {
    expect(read({ instructions: "Be short." })).toMatchObject({
      body: {
        model: "m",
        messages: [
          { role: "system", content: "Be short." },
          { role: "user", content: "Hi" },
        ],
      },
      maxTokens: null,
      stream: false,
    });
  });

  test("behavior: items of one turn become one message of the assistant", () => {
    const input = [
      { role: "user", content: [{ type: "input_text", text: "Weather?" }] },
      { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "Look it up." }] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "One moment." }] },
      { type: "function_call", call_id: "a", name: "get", arguments: "{}" },
      { type: "function_call", call_id: "b", name: "get", arguments: "[]" },
      { type: "function_call_output", call_id: "a", output: "sunny" },
      { type: "function_call_output", call_id: "b", output: [{ type: "input_text", text: "rain" }] },
      { role: "assistant", content: "Both." },
      { role: "assistant", content: [{ type: "refusal", refusal: "No more." }] },
    ];
    expect(read({ input }).body["messages"]).toEqual([
      { role: "user", content: [{ type: "text", text: "Weather?" }] },
      {
        role: "assistant",
        content: "One moment.",
        reasoning_content: "Look it up.",
        tool_calls: [
          { id: "a", type: "function", function: { name: "get", arguments: "{}" } },
          { id: "b", type: "function", function: { name: "get", arguments: "[]" } },
        ],
      },
      { role: "tool", tool_call_id: "a", content: "sunny" },
      { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "rain" }] },
      { role: "assistant", content: "Both." },
      { role: "assistant", content: "", refusal: "No more." },
    ]);
  });

  // Were every part looked for among all refusals, this would outlast the test.
  test("behavior: refusals and texts are told apart at any length", () => {
    const parts = 200_000;
    const content = [
      ...Array.from({ length: parts }, () => ({ type: "refusal", refusal: "n" })),
      ...Array.from({ length: parts }, () => ({ type: "output_text", text: "t" })),
    ];
    const [message] = read({ input: [{ role: "assistant", content }] }).body["messages"] as Array<{
      content: string;
      refusal: string;
    }>;
    expect(message?.content).toHaveLength(parts);
    expect(message?.refusal).toHaveLength(parts);
  });

  test("behavior: images and files keep what they carry, and count as media", () => {
    const content = [
      { type: "input_image", image_url: "data:image/png;base64,AA", detail: "low" },
      { type: "input_file", file_data: "data:application/pdf;base64,AA", filename: "a.pdf" },
    ];
    const request = read({ input: [{ role: "user", content }] });
    expect(request.hasMedia).toBe(true);
    expect(request.body["messages"]).toEqual([
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: "data:image/png;base64,AA", detail: "low" } },
          { type: "file", file: { file_data: "data:application/pdf;base64,AA", filename: "a.pdf" } },
        ],
      },
    ]);
  });

  test("behavior: settings in a chat's words; what we do not know passes through", () => {
    const schema = { type: "object", properties: {} };
    const request = read({
      max_output_tokens: 50,
      temperature: null,
      reasoning: { effort: "low" },
      text: { format: { type: "json_schema", name: "out", schema, strict: true }, verbosity: "low" },
      tools: [{ type: "function", name: "get", parameters: schema, strict: null, description: "Gets." }],
      tool_choice: { type: "function", name: "get" },
      stream: true,
      provider: { order: ["a"] },
      n: 4,
      max_tokens: 1,
    });
    expect(request).toMatchObject({ maxTokens: 50, choices: 1, stream: true, limitField: "max_tokens" });
    expect(request.body).toEqual({
      model: "m",
      messages: [{ role: "user", content: "Hi" }],
      temperature: null,
      reasoning_effort: "low",
      verbosity: "low",
      response_format: { type: "json_schema", json_schema: { name: "out", schema, strict: true } },
      tools: [{ type: "function", function: { name: "get", parameters: schema, description: "Gets." } }],
      tool_choice: { type: "function", function: { name: "get" } },
      stream: true,
      stream_options: { include_usage: true },
      provider: { order: ["a"] },
    });
  });

  test.each([
    [{ store: true }, "store"],
    [{ previous_response_id: "resp_1" }, "previous_response_id"],
    [{ conversation: "conv_1" }, "conversation"],
    [{ prompt: { id: "p" } }, "prompt"],
    [{ background: true }, "background"],
    [{ truncation: "auto" }, "truncation"],
    [{ max_output_tokens: 0 }, "max_output_tokens"],
    [{ input: [] }, "input"],
    [{ input: 7 }, "input"],
    [{ instructions: {} }, "instructions"],
    [{ input: [{ type: "item_reference", id: "msg_1" }] }, "input[0].type"],
    [{ input: [{ role: "robot", content: "a" }] }, "input[0].role"],
    [{ input: [{ role: "user", content: [{ type: "input_image", file_id: "f" }] }] }, "input[0].content[0]"],
    [{ input: [{ type: "function_call", call_id: "a", name: "f" }] }, "input[0].arguments"],
    [{ tools: [{ type: "web_search" }] }, "tools[0]"],
    [{ tool_choice: { type: "mcp" } }, "tool_choice"],
    [{ text: { format: { type: "xml" } } }, "text.format"],
  ])("error: %j names its parameter", (body, param) => {
    const reading = () => read(body);
    expect(reading).toThrow(InvalidInputError);
    expect(reading).toThrow(expect.objectContaining({ param }));
  });
});
