import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMessage, cutAnywhere } from "../../testing/chat-messages.ts";
import { eventsOf, type SentEvent } from "../../testing/frames.ts";
import type { ResponseUsage } from "../response-usage.ts";
import { presentMessages } from "./present-messages.ts";

const requestId = "req_01kab0000000000000000000";
const usage: ResponseUsage = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
  cost: 0.5,
  cost_details: { total_usd: "0.5", prompt_usd: "0", cached_usd: "0", completion_usd: "0.5", reasoning_usd: "0" },
};
const present = presentMessages("m");
const finishReasons = fc.constantFrom("stop", "length", "tool_calls", "content_filter");

function stream(deltas: Array<Record<string, unknown>>, ending: Record<string, unknown>): SentEvent[] {
  const presenter = present.stream(requestId);
  const chunks = deltas.map((delta, at) => ({
    choices: [{ index: 0, delta, finish_reason: null, ...(at === deltas.length - 1 ? ending : {}) }],
  }));
  return eventsOf(chunks.map((chunk) => presenter.chunk(chunk)).join("") + presenter.end(usage));
}

type Block = { type: string; text?: string; thinking?: string; input?: unknown };

/** What a client makes of the events, in the order in which Anthropic documents them. */
function read(events: SentEvent[]): Record<string, unknown> {
  const content: Block[] = [];
  let written = "";
  for (const event of events) {
    const block = content[event["index"] as number] ?? { type: "none" };
    if (event.type === "content_block_start") {
      expect(event["index"]).toBe(content.length);
      content.push({ ...(event["content_block"] as Block) });
      written = "";
    } else if (event.type === "content_block_delta") {
      const delta = event["delta"] as { text?: string; thinking?: string; partial_json?: string };
      written += delta.text ?? delta.thinking ?? delta.partial_json ?? "";
    } else if (event.type === "content_block_stop") {
      if (block.type === "tool_use") block.input = written === "" ? {} : JSON.parse(written);
      else if (block.type === "thinking") block.thinking = written;
      else block.text = written;
    }
  }
  const end = events.find(({ type }) => type === "message_delta") ?? {};
  return {
    ...(events[0]?.["message"] as object),
    content,
    ...(end as { delta: object }).delta,
    usage: (end as SentEvent)["usage"],
  };
}

describe("presentMessages", () => {
  test("behavior: a stream adds up to the message that an unstreamed answer would be", () => {
    fc.assert(
      fc.property(
        anyMessage.chain((message) => fc.tuple(fc.constant(message), cutAnywhere(message))),
        finishReasons,
        ([message, deltas], reason) => {
          const choices = [{ index: 0, message, finish_reason: reason }];
          const whole = present.answer({ choices }, { requestId, usage });
          expect(read(stream(deltas, { finish_reason: reason }))).toEqual(whole);
        },
      ),
    );
  });

  test("default: the order of events, and usage with its cost", () => {
    const deltas = [{ role: "assistant", content: "" }, { content: "Hel" }, { content: "lo" }, {}];
    const events = stream(deltas, { finish_reason: "stop" });
    expect(events.map(({ type }) => type)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: "end_turn" },
      usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5, cost: 0.5 },
    });
  });

  test.each([
    [{ finish_reason: "stop" }, { content: "a" }, { stop_reason: "end_turn", stop_sequence: null }],
    [{ finish_reason: "length" }, { content: "a" }, { stop_reason: "max_tokens", stop_sequence: null }],
    [{ finish_reason: "content_filter" }, { refusal: "no" }, { stop_reason: "refusal", stop_sequence: null }],
    [
      { finish_reason: "stop", stop_reason: "END" },
      { content: "a" },
      { stop_reason: "stop_sequence", stop_sequence: "END" },
    ],
    [
      { finish_reason: "stop", stop_reason: 128_009 },
      { content: "a" },
      { stop_reason: "end_turn", stop_sequence: null },
    ],
    [
      { finish_reason: "stop" },
      { tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{}" } }] },
      { stop_reason: "tool_use", stop_sequence: null },
    ],
  ])("behavior: %j after %j", (ending, delta, stop) => {
    expect(stream([delta], ending).at(-2)?.["delta"]).toEqual(stop);
  });

  test("behavior: a call's arguments that are no JSON stay as the model wrote them", () => {
    const message = { tool_calls: [{ id: "a", function: { name: "f", arguments: '{"cut' } }] };
    const choices = [{ index: 0, message, finish_reason: "length" }];
    expect(present.answer({ choices }, { requestId, usage })["content"]).toMatchObject([{ input: '{"cut' }]);
  });

  test("error: a stream that breaks off ends with Anthropic's error event", () => {
    const events = eventsOf(present.stream(requestId).failure({ code: "node_failed", message: "It broke." }));
    expect(events).toEqual([
      { type: "error", error: { type: "api_error", message: "It broke." }, request_id: requestId },
    ]);
  });
});
