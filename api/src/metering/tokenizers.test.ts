import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Count } from "./count-text.ts";
import { type Family, familyOf, templateTokens } from "./families.ts";
import { TokenCounter } from "./token-counter.ts";
import { tokenizerOf } from "./tokenizers.ts";

const TEXTS = [
  "Hello world",
  "The receipt names the price, and the price names the node: 12345 tokens, été, 漢字 and 😀.",
  "function foo(bar) {\n    return bar + 1;\n}\n\n\n",
  "a   b    c\t\td  \n  e",
  "1234567890 3.14159",
  "日本語のテキストと中文文本",
  "مرحبا بالعالم",
  "Привет, мир! Как дела?",
  "don't WON'T I'll",
  "https://example.com/path?query=1&x=%20y",
  '{"a": [1, 2, {"b": null}]}',
  "🇩🇪👩‍👩‍👧‍👦",
  " leading and trailing ",
  "a".repeat(39),
  "e\u0301 \u00e9",
];

/** What @huggingface/tokenizers 0.2.0 counts for these texts with the `tokenizer.json` of each model, without specials. */
const COUNTS: Array<[Family, number[]]> = [
  ["llama3", [2, 26, 13, 10, 9, 10, 6, 9, 6, 14, 15, 21, 4, 6, 3]],
  ["qwen", [2, 30, 13, 10, 18, 9, 5, 9, 6, 15, 15, 12, 4, 6, 2]],
  ["deepseek", [2, 27, 14, 10, 9, 8, 6, 8, 7, 15, 15, 15, 4, 6, 3]],
  ["gemma3", [2, 28, 17, 11, 18, 6, 4, 7, 9, 17, 14, 9, 4, 6, 3]],
];

describe("familyOf", () => {
  test.each<[string, Family | null]>([
    ["meta-llama/Llama-3.3-70B-Instruct", "llama3"],
    ["llama3.1:8b", "llama3"],
    ["deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "llama3"],
    ["deepseek-r1-distill-qwen-32b", "qwen"],
    ["Qwen/Qwen2.5-7B-Instruct", "qwen"],
    ["qwen3:30b-a3b", "qwen"],
    ["QwQ-32B", "qwen"],
    ["deepseek-ai/DeepSeek-V3.1", "deepseek"],
    ["google/gemma-3-27b-it", "gemma3"],
    ["openai/gpt-oss-120b", "o200k"],
    ["gpt-4o-mini", "o200k"],
    ["openai/o3-mini", "o200k"],
    ["gpt-4-turbo", "cl100k"],
    ["gpt-3.5-turbo", "cl100k"],
    ["meta-llama/llama-4-scout", null],
    ["llama-2-70b", null],
    ["qwen3.5-35b", null],
    ["gemma-2-9b", null],
    ["deepseek-v2-lite", null],
    ["mistral-7b", null],
    ["demo/small", null],
  ])("default: %s is of %s", (model, family) => expect(familyOf(model)).toBe(family));
});

describe("templateTokens", () => {
  test("default: OpenAI's cookbook: three a message beyond role and text, three for the answer", () =>
    expect(templateTokens("o200k", 2)).toBe(9));
});

describe.each(COUNTS)("the tokenizer of %s", (family, counts) => {
  let count: Count;
  beforeAll(async () => {
    ({ count } = await tokenizerOf(family));
  }, 120_000);

  test("default: it counts what the published one counts", () =>
    expect(TEXTS.map((text) => count(text))).toEqual(counts));

  test("behavior: special tokens in a text are text, nothing is nothing", () => {
    expect(count("<|endoftext|>")).toBeGreaterThan(1);
    expect(count("<|eot_id|><end_of_turn>")).toBeGreaterThan(4);
    expect(count("")).toBe(0);
  });

  test.each(["a", "漢", " ", "\n", "=", "😀", "́", "7", "a1", " \n", "\uD800"])("behavior: 20,000 times %j", (part) => {
    const tokens = count(part.repeat(20_000));
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThanOrEqual(20_000 * Buffer.byteLength(part));
  });
});

describe("TokenCounter with families", () => {
  const counter = new TokenCounter({ withinMs: 60_000 });
  afterAll(() => counter.stop());

  test("default: its threads count as the tokenizers do, long and short, several families at once", async () => {
    const asked = COUNTS.filter(([family]) => family !== "gemma3");
    for (const [family] of asked) counter.warm(family);
    const text = (TEXTS[1] ?? "").repeat(100);
    const counted = await Promise.all(
      asked.map(async ([family]) => [await counter.count(text, family), await counter.count("Hello world", family)]),
    );
    const expected = asked.map(async ([family]) => {
      const { count } = await tokenizerOf(family);
      return [count(text), 2].map((tokens) => ({ tokens, family }));
    });
    expect(counted).toEqual(await Promise.all(expected));
    expect(await counter.count("Hello world", "cl100k")).toEqual({ tokens: 2, family: "cl100k" });
  }, 120_000);
});
