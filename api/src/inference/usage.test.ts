import { afterAll, describe, expect, test } from "vitest";
import { TokenCounter } from "../metering/token-counter.ts";
import { readChatRequest } from "./chat-request.ts";
import { readCompletionsRequest } from "./completions-request.ts";
import { chatApi, textOfAnswer } from "./node-api.ts";
import type { InferenceRequest } from "./request.ts";
import { billedUsage } from "./usage.ts";

const counter = new TokenCounter();
afterAll(() => counter.stop());

const words = (count: number): string => "credit ".repeat(count).trimEnd();
const reportOf = (prompt: number, completion: number) => ({ prompt, completion, cached: 0, reasoning: 0 });

function bill(
  request: InferenceRequest,
  completionText: string,
  reported: ReturnType<typeof reportOf> | null,
  by: TokenCounter = counter,
) {
  const relayedLength = completionText.length;
  return billedUsage(by, { request, maxTokens: 4_096, reported, completionText, relayedLength, drained: false });
}

describe("billedUsage", () => {
  test("behavior: an echo that the node left out is not taken off what it wrote", async () => {
    const request = readCompletionsRequest({ model: "m", prompt: words(2_000), echo: true, max_tokens: 4_096 });
    const own = await bill(request, ` tokens ${words(1_799)}`, reportOf(2_000, 1_800));
    expect(own).toMatchObject({ source: "node", tokens: { completion: 1_800 }, recount: { isOver: false } });
    const echoed = await bill(request, words(2_000) + words(100), reportOf(2_000, 2_100));
    expect(echoed).toMatchObject({ source: "recount", recount: { isOver: true } });
  });

  test("behavior: a picture that the body only names may take what pictures take", async () => {
    const picture = (url: string) =>
      readChatRequest({
        model: "m",
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }],
      });
    const named = await bill(picture("https://example.com/cat.png"), "A cat", reportOf(1_500, 2));
    expect(named).toMatchObject({ source: "node", tokens: { prompt: 1_500 } });
    const inline = await bill(picture("data:image/png;base64,AAAA"), "A cat", reportOf(1_500, 2));
    expect(inline).toMatchObject({ source: "recount" });
  });
});

/** A counter whose threads can't read any vocabulary. */
const withoutVocabularies = () =>
  new TokenCounter({
    source: new URL(
      `data:text/javascript,${encodeURIComponent(`
        import fs from "node:fs";
        import { syncBuiltinESMExports } from "node:module";
        fs.promises.readFile = () => Promise.reject(new Error("no vocabulary here"));
        syncBuiltinESMExports();
        await import(${JSON.stringify(import.meta.resolve("../metering/count-worker.ts"))});`)}`,
    ),
  });

describe("billedUsage without the model's vocabulary", () => {
  test("behavior: what another tokenizer counts is compared as loosely as that of a model nobody knows", async () => {
    const blind = withoutVocabularies();
    const text = words(1_000);
    const family = "llama3";
    const native = await counter.count(text, family);
    const guessed = await blind.count(text, family);
    expect([native.family, guessed.family]).toEqual([family, null]);
    const request = readChatRequest({ model: "llama-3.1-8b", messages: [{ role: "user", content: "Hi" }] });
    const report = reportOf(10, Math.floor(Math.max(native.tokens, guessed.tokens) * 1.2));
    expect(await bill(request, text, report)).toMatchObject({ source: "recount", recount: { isOver: true } });
    expect(await bill(request, text, report, blind)).toMatchObject({ source: "node", recount: { isOver: false } });
    const greedy = reportOf(10, guessed.tokens * 2);
    expect(await bill(request, text, greedy, blind)).toMatchObject({ source: "recount", recount: { isOver: true } });
    await blind.stop();
  }, 60_000);
});

describe("textOfAnswer", () => {
  test("behavior: deprecated calls and contents in parts are text that was written", () => {
    const answer = (message: object) => textOfAnswer(chatApi, { choices: [{ message }] });
    expect(answer({ content: null, function_call: { name: "pay", arguments: '{"to":1}' } })).toBe('pay{"to":1}');
    expect(
      answer({
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      }),
    ).toBe("ab");
  });
});
