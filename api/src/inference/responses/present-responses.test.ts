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

describe("logprobs", () => {
  const asked = { model: "m", input: "Hi", include: ["message.output_text.logprobs"], top_logprobs: 2 };
  const entry = (token: string) => ({
    token,
    logprob: -0.5,
    bytes: token === "" ? null : [...Buffer.from(token)],
    top_logprobs: [
      { token, logprob: -0.5, bytes: null },
      { token: "other", logprob: -3, bytes: null },
    ],
  });
  const worded = (token: string) => ({
    token,
    logprob: -0.5,
    bytes: [...Buffer.from(token)],
    top_logprobs: [
      { token, logprob: -0.5, bytes: [...Buffer.from(token)] },
      { token: "other", logprob: -3, bytes: [...Buffer.from("other")] },
    ],
  });
  const chunksOf = (tokens: string[]) =>
    tokens.map((token, at) => ({
      choices: [
        {
          index: 0,
          delta: at === 0 ? { role: "assistant", content: token } : { content: token },
          logprobs: { content: [entry(token)] },
          finish_reason: at === tokens.length - 1 ? "stop" : null,
        },
      ],
    }));
  const streamed = (tokens: string[], from = asked) => {
    const presenter = presentResponses(from).stream(requestId);
    const chunks = chunksOf(tokens).map((chunk) => presenter.chunk(chunk));
    return eventsOf(chunks.join("") + presenter.end(usage));
  };

  test("behavior: deltas carry those of their tokens, the end all of them, as a whole answer does", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 4 }), { maxLength: 12 }), (written) => {
        const tokens = [...written, "!"];
        const events = streamed(tokens);
        const deltas = events.filter(({ type }) => type === "response.output_text.delta");
        const sent = deltas.flatMap((event) => event["logprobs"] as object[]);
        expect(sent).toEqual(tokens.map(worded));
        const done = events.find(({ type }) => type === "response.output_text.done");
        expect(done?.["logprobs"]).toEqual(tokens.map(worded));
        const message = { role: "assistant", content: tokens.join("") };
        const choice = { index: 0, message, logprobs: { content: tokens.map(entry) }, finish_reason: "stop" };
        const whole = presentResponses(asked).answer({ choices: [choice] }, { requestId, usage });
        expect(events.at(-1)?.["response"]).toEqual(whole);
        expect(whole).toMatchObject({ top_logprobs: 2 });
      }),
    );
  });

  test("behavior: who did not ask for them gets none, whatever the node sends", () => {
    const events = streamed(["a", "b"], { ...asked, include: [] });
    expect(JSON.stringify(events)).not.toContain("-0.5");
  });

  test("behavior: the last token's may come without text", () => {
    const presenter = presentResponses(asked).stream(requestId);
    const last = { choices: [{ index: 0, delta: {}, logprobs: { content: [entry("</s>")] }, finish_reason: "stop" }] };
    const text = [...chunksOf(["a", "b"]), last].map((chunk) => presenter.chunk(chunk)).join("");
    const done = eventsOf(text + presenter.end(usage)).find(({ type }) => type === "response.output_text.done");
    expect(done?.["logprobs"]).toEqual(["a", "b", "</s>"].map(worded));
  });

  test("error: what is none is left out, and a node that never ends is broken off", () => {
    const presenter = presentResponses(asked).stream(requestId);
    const chunk = (content: unknown) => ({ choices: [{ index: 0, delta: { content: "a" }, logprobs: { content } }] });
    const odd = [
      null,
      7,
      {},
      { token: 1, logprob: 1 },
      { token: "a", logprob: "1" },
      { token: "a", logprob: 1, bytes: [-1] },
    ];
    const [delta] = eventsOf(presenter.chunk(chunk(odd))).filter(({ type }) => type.endsWith(".delta"));
    expect(delta?.["logprobs"]).toEqual([{ token: "a", logprob: 1, bytes: [97], top_logprobs: [] }]);
    for (const none of [null, "text", {}]) presenter.chunk(chunk(none));
    const long = chunk([entry("x".repeat(1_000_000))]);
    expect(() => {
      for (let n = 0; n < 20; n++) presenter.chunk(long);
    }).toThrow("do not end");
  });
});

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
