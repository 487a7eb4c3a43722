import { afterAll, describe, expect, test } from "vitest";
import { countText } from "./count-text.ts";
import { TokenCounter } from "./token-counter.ts";

const counter = new TokenCounter();
afterAll(() => counter.stop());

const tokensOf = async (text: string, by = counter) => (await by.count(text)).tokens;
const script = (source: string) => new URL(`data:text/javascript,${encodeURIComponent(source)}`);

describe("countText", () => {
  test.each([
    ["", 0],
    ["hello world", 2],
    ["<|endoftext|>", 7],
  ])("default: %j", (text, tokens) => expect(countText(text)).toBe(tokens));

  test.each(["a", "A", "é", "漢", " ", "\n", "=", "😀", "́", "7"])("behavior: 200,000 times %j", (character) => {
    const tokens = countText(character.repeat(200_000));
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThanOrEqual(200_000 * Buffer.byteLength(character));
  });

  test("behavior: ordinary text is not changed by slicing", () => {
    const text = "The receipt names the price, and the price names the node. ".repeat(2_000);
    expect(countText(text)).toBe(2_000 * countText(" The receipt names the price, and the price names the node.") + 1);
  });
});

describe("TokenCounter", () => {
  test("behavior: a long text counts as it does inline, many at once", async () => {
    const texts = Array.from({ length: 20 }, (_, n) => `Some words, number ${n}. `.repeat(500));
    expect(await Promise.all(texts.map((text) => tokensOf(text)))).toEqual(texts.map(countText));
  });

  test("behavior: the event loop turns while a word of 2 MB is counted", async () => {
    let turns = 0;
    const turning = setInterval(() => turns++, 0);
    const tokens = await tokensOf("abc".repeat(700_000));
    clearInterval(turning);
    expect(tokens).toBeGreaterThan(1_000);
    expect(turns).toBeGreaterThan(1);
  });

  test("behavior: out of time, it counts for what was counted by then, never for more", async () => {
    const hasty = new TokenCounter({ withinMs: -1 });
    expect(await tokensOf("word ".repeat(1_000), hasty)).toBe(0);
    await hasty.stop();
  });

  test("behavior: when its thread dies a text counts for as little as it can, and the next one gets a new thread", async () => {
    const dying = new TokenCounter({
      source: script(`import { parentPort } from "node:worker_threads";
        parentPort.on("message", ({ text }) => text.startsWith("die") ? process.exit(1) : parentPort.postMessage({ tokens: 7, family: null }));`),
    });
    expect(await tokensOf("die".repeat(1_280), dying)).toBe(30);
    expect(await Promise.all([1, 2, 3, 4].map(() => tokensOf("live".repeat(1_000), dying)))).toEqual([7, 7, 7, 7]);
    await dying.stop();
  });

  test("behavior: stopped, it ends what waits", async () => {
    const stopped = new TokenCounter({ source: script("setInterval(() => {}, 1000)") });
    const waiting = [1, 2, 3].map(() => tokensOf("x".repeat(12_800), stopped));
    await stopped.stop();
    expect(await Promise.all(waiting)).toEqual([100, 100, 100]);
  });
});
