import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyMessage, cutAnywhere } from "../../testing/chat-messages.ts";
import { eventsOf, type SentEvent } from "../../testing/frames.ts";
import type { ResponseUsage } from "../response-usage.ts";
import { presentResponses } from "./present-responses.ts";

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
const present = presentResponses({ model: "m", input: "Hi", instructions: "Be short." });
const finishReasons = fc.constantFrom("stop", "length", "tool_calls", "content_filter");

function stream(deltas: Array<Record<string, unknown>>, finishReason: string): SentEvent[] {
  const presenter = present.stream(requestId);
  const chunks = deltas.map((delta, at) => ({
    choices: [{ index: 0, delta, finish_reason: at === deltas.length - 1 ? finishReason : null }],
  }));
  return eventsOf(chunks.map((chunk) => presenter.chunk(chunk)).join("") + presenter.end(usage));
}

describe("presentResponses", () => {
  test("behavior: a stream ends with the response that an unstreamed answer would be", () => {
    fc.assert(
      fc.property(
        anyMessage.chain((message) => fc.tuple(fc.constant(message), cutAnywhere(message))),
        finishReasons,
        ([message, deltas], reason) => {
          const whole = present.answer(
            { choices: [{ index: 0, message, finish_reason: reason }] },
            { requestId, usage },
          );
          const last = stream(deltas, reason).at(-1);
          expect(last?.["response"]).toEqual(whole);
          expect(last?.type).toBe(`response.${String(whole["status"])}`);
        },
      ),
    );
  });

  test("behavior: events are numbered, begin with created, and every item is added, written and done", () => {
    fc.assert(
      fc.property(anyMessage.chain(cutAnywhere), finishReasons, (deltas, reason) => {
        const events = stream(deltas, reason);
        expect(events.map((event) => event["sequence_number"])).toEqual(events.map((_, at) => at));
        expect(events.slice(0, 2).map(({ type }) => type)).toEqual(["response.created", "response.in_progress"]);
        const last = events.at(-1) as SentEvent & { response: { output: object[] } };
        for (const [index, item] of last.response.output.entries()) {
          const own = events.filter((event) => event["output_index"] === index);
          expect(own[0]?.type).toBe("response.output_item.added");
          expect(own.at(-1)).toMatchObject({ type: "response.output_item.done", item });
          const written = own.filter(({ type }) => type.endsWith(".delta")).map((event) => event["delta"]);
          const done = own.find(({ type }) => /(text|refusal|arguments)\.done$/.test(type)) ?? {};
          expect(written.join("")).toBe(Object.values(pick(done, ["text", "refusal", "arguments"])).join(""));
        }
      }),
    );
  });

  test("default: the order of events, and usage with its cost", () => {
    const events = stream([{ role: "assistant", content: "" }, { content: "Hel" }, { content: "lo" }, {}], "stop");
    expect(events.map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events.at(-1)?.["response"]).toMatchObject({
      id: requestId,
      status: "completed",
      instructions: "Be short.",
      usage: { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, cost: 0.5 },
    });
  });

  test("error: a stream that breaks off ends with an error event", () => {
    const presenter = present.stream(requestId);
    const text = presenter.chunk({ choices: [{ delta: { content: "a" } }] });
    const events = eventsOf(text + presenter.failure({ code: "node_failed", message: "It broke." }));
    expect(events.at(-1)).toEqual({
      type: "error",
      code: "node_failed",
      message: "It broke.",
      param: null,
      sequence_number: 5,
    });
  });
});

const pick = (event: object, names: string[]): object =>
  Object.fromEntries(Object.entries(event).filter(([name]) => names.includes(name)));
