import { describe, expect, test } from "vitest";
import { InvalidInputError } from "../../errors.ts";
import { readMessagesRequest } from "./read-request.ts";

const hello = [{ role: "user", content: "Hi" }];
const read = (body: object) => readMessagesRequest({ model: "m", max_tokens: 50, messages: hello, ...body });

describe("readMessagesRequest", () => {
  test("default: system, then the messages", () => {
    const system = [
      { type: "text", text: "Be short.", cache_control: { type: "ephemeral" } },
      { type: "text", text: "Be kind." },
    ];
    expect(read({ system })).toMatchObject({
      body: {
        model: "m",
        messages: [
          { role: "system", content: "Be short.\n\nBe kind." },
          { role: "user", content: "Hi" },
        ],
      },
      maxTokens: 50,
      limitField: "max_tokens",
    });
  });

  test("behavior: calls and their results become an assistant's and tools' messages", () => {
    const messages = [
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Look it up.", signature: "" },
          { type: "redacted_thinking", data: "x" },
          { type: "text", text: "One moment." },
          { type: "tool_use", id: "a", name: "get", input: { city: "Bonn" } },
          { type: "tool_use", id: "b", name: "get" },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: "sunny" },
          { type: "tool_result", tool_use_id: "b", content: [{ type: "text", text: "rain" }] },
          { type: "text", text: "And now?" },
        ],
      },
    ];
    expect(read({ messages }).body["messages"]).toEqual([
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: "One moment.",
        reasoning_content: "Look it up.",
        tool_calls: [
          { id: "a", type: "function", function: { name: "get", arguments: '{"city":"Bonn"}' } },
          { id: "b", type: "function", function: { name: "get", arguments: "{}" } },
        ],
      },
      { role: "tool", tool_call_id: "a", content: "sunny" },
      { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "rain" }] },
      { role: "user", content: [{ type: "text", text: "And now?" }] },
    ]);
  });

  test("behavior: images and documents keep what they carry", () => {
    const content = [
      { type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } },
      { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
      { type: "document", title: "Rules", source: { type: "text", media_type: "text/plain", data: "Be fair." } },
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AA" } },
    ];
    const request = read({ messages: [{ role: "user", content }] });
    expect(request.hasMedia).toBe(true);
    expect(request.body["messages"]).toEqual([
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url: "data:image/png;base64,AA" } },
          { type: "image_url", image_url: { url: "https://example.com/a.png" } },
          { type: "text", text: "Rules\n\nBe fair." },
          { type: "file", file: { filename: "document.pdf", file_data: "data:application/pdf;base64,AA" } },
        ],
      },
    ]);
  });

  test("behavior: settings in a chat's words; what we do not know passes through", () => {
    const schema = { type: "object", properties: {} };
    const { body } = read({
      stop_sequences: ["END"],
      top_k: 5,
      temperature: 0,
      metadata: { user_id: "u" },
      thinking: { type: "enabled", budget_tokens: 1_024 },
      output_config: { effort: "max", format: { type: "json_schema", schema } },
      tools: [{ name: "get", description: "Gets.", input_schema: schema }],
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      n: 3,
    });
    expect(body).toEqual({
      model: "m",
      messages: hello,
      stop: ["END"],
      top_k: 5,
      temperature: 0,
      user: "u",
      reasoning_effort: "high",
      response_format: { type: "json_schema", json_schema: { name: "output", schema, strict: true } },
      tools: [{ type: "function", function: { name: "get", description: "Gets.", parameters: schema } }],
      tool_choice: "required",
      parallel_tool_calls: false,
    });
  });

  test.each([
    [{ max_tokens: undefined }, "max_tokens"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ messages: [] }, "messages"],
    [{ messages: [{ role: "robot", content: "a" }] }, "messages.0.role"],
    [{ messages: [{ role: "user", content: 7 }] }, "messages.0.content"],
    [{ messages: [{ role: "user", content: [{ type: "video" }] }] }, "messages.0.content.0"],
    [{ messages: [{ role: "user", content: [{ type: "image", source: { type: "file" } }] }] }, "messages.0.content.0"],
    [{ system: [{ type: "image" }] }, "system.0"],
    [{ tools: [{ type: "bash_20250124", name: "bash" }] }, "tools.0"],
    [{ tools: [{ name: "a" }], tool_choice: { type: "some" } }, "tool_choice"],
    [{ output_config: { format: { type: "xml" } } }, "output_config.format"],
    [{ container: "c" }, "container"],
    [{ mcp_servers: [] }, "mcp_servers"],
  ])("error: %j names its parameter", (body, param) => {
    const reading = () => read(body);
    expect(reading).toThrow(InvalidInputError);
    expect(reading).toThrow(expect.objectContaining({ param }));
  });
});
