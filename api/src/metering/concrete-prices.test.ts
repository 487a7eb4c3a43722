import { nanoUsd } from "@infr/money";
import { priceVersionOf } from "@infr/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concretePrices, type PriceRules, type PriceSource, priceCaps } from "./concrete-prices.ts";
import { readParameters } from "./parameters.ts";
import { demandPercent, type Hours, percentAt, rangesOf, weekOf } from "./percents.ts";
import { TIERS, tierOf } from "./tiers.ts";

const rules: PriceRules = { maxPerToken: nanoUsd(100_000n), tierMultiple: 10, maxPerUnit: nanoUsd(10_000_000_000n) };
const unset = { prompt: null, cached: null, completion: null, reasoning: null };
const source: PriceSource = {
  nodeId: "node_1",
  kind: "model",
  product: "m",
  parametersMillions: 8_000,
  asked: unset,
  unit: "",
  perUnit: null,
  hardwarePercent: 100,
  schedule: null,
  capacity: null,
  demandPercent: 100,
  volume: [],
};
const monday = new Date("2026-11-23T10:00:00Z");
const quiet = { at: monday, load: 0 };

const anySource: fc.Arbitrary<PriceSource> = fc.record({
  nodeId: fc.constant("node_1"),
  kind: fc.constantFrom("model", "resource"),
  product: fc.constant("m"),
  parametersMillions: fc.option(fc.integer({ min: 1, max: 2_000_000 })),
  asked: fc.oneof(
    fc.constant(unset),
    fc.record({
      prompt: fc.bigInt({ min: 0n, max: 200_000n }),
      cached: fc.option(fc.bigInt({ min: 0n, max: 200_000n })),
      completion: fc.bigInt({ min: 0n, max: 200_000n }),
      reasoning: fc.option(fc.bigInt({ min: 0n, max: 200_000n })),
    }),
  ),
  unit: fc.constant(""),
  perUnit: fc.option(fc.bigInt({ min: 0n, max: 20_000_000_000n })),
  hardwarePercent: fc.integer({ min: 10, max: 500 }),
  schedule: fc.option(fc.array(fc.integer({ min: 10, max: 500 }), { minLength: 168, maxLength: 168 })),
  capacity: fc.option(fc.integer({ min: 1, max: 1_000 })),
  demandPercent: fc.integer({ min: 0, max: 20 }).map((steps) => 100 + 5 * steps),
  volume: fc.constant([]),
});
const anyMoment = fc.record({ at: fc.date({ noInvalidDate: true }), load: fc.nat({ max: 2_000 }) });

describe("readParameters", () => {
  test.each([
    ["meta-llama/Llama-3.1-70B-Instruct", 70_000],
    ["mixtral:8x7b", 56_000],
    ["qwen2.5-1.5b", 1_500],
    ["Qwen3-30B-A3B", 30_000],
    ["llama-3.1-405B", 405_000],
    ["SmolLM-135M", 135],
    ["Qwen2.5-7B-Instruct-1M", 7_000],
    ["kimi-k2-1T", 1_000_000],
    ["70B", 70_000],
  ])("default: %s has %d million", (name, millions) => expect(readParameters(name)).toBe(millions));

  test.each(["gpt-4o", "demo/large", "gemma-3n-E4B", "long-context-1M", "", "b", "70bit", "0b"])(
    "behavior: %j does not say",
    (name) => expect(readParameters(name)).toBeNull(),
  );
});

describe("tierOf", () => {
  test.each([
    [1, "small"],
    [12_999, "small"],
    [13_000, "medium"],
    [69_999, "medium"],
    [70_000, "large"],
    [404_999, "large"],
    [405_000, "premium"],
  ])("default: %d million is %s", (millions, name) => expect(tierOf(millions).name).toBe(name));
});

describe("concretePrices", () => {
  test("default: a model without prices has those of its size, cached as prompt and reasoning as completion", () => {
    const prices = TIERS.map(({ below }) => {
      const priced = concretePrices({ ...source, parametersMillions: Math.min(below - 1, 1_000_000) }, rules, quiet);
      return [priced?.prompt, priced?.cached, priced?.completion, priced?.reasoning];
    });
    expect(prices).toEqual([
      [100n, 100n, 150n, 150n],
      [300n, 300n, 500n, 500n],
      [800n, 800n, 1_200n, 1_200n],
      [2_000n, 2_000n, 3_000n, 3_000n],
    ]);
  });

  test("behavior: hardware changes the default prices and not those that an operator set", () => {
    const asked = { ...unset, prompt: 200n, completion: 300n };
    expect(concretePrices({ ...source, hardwarePercent: 125 }, rules, quiet)?.completion).toBe(188n);
    expect(concretePrices({ ...source, hardwarePercent: 125, asked }, rules, quiet)?.completion).toBe(300n);
  });

  test("behavior: hour, demand and volume are multiplied first and rounded up once", () => {
    const schedule = weekOf([{ day: 1, from: 10, to: 11, percent: 33 }]);
    const busy = { ...source, schedule, capacity: 10, demandPercent: 150 };
    expect(concretePrices(busy, rules, { at: monday, load: 10 })?.prompt).toBe(50n);
    expect(concretePrices(busy, rules, { at: new Date("2026-11-23T11:00:00Z"), load: 0 })?.prompt).toBe(100n);
    // 100 × 33 % × 150 % × 67 % = 33.165
    expect(concretePrices(busy, rules, { at: monday, load: 10 }, 67)?.prompt).toBe(34n);
  });

  test("error: nothing is for sale without a price", () => {
    expect(concretePrices({ ...source, parametersMillions: null }, rules, quiet)).toBeNull();
    expect(concretePrices({ ...source, kind: "resource" }, rules, quiet)).toBeNull();
  });

  test("behavior: no price is ever above the platform's bounds, nor below what was asked for by rounding", () => {
    fc.assert(
      fc.property(anySource, anyMoment, fc.integer({ min: 10, max: 100 }), (any, moment, percent) => {
        const prices = concretePrices(any, rules, moment, percent);
        const full = concretePrices(any, rules, moment);
        if (prices === null || full === null) return;
        for (const name of ["prompt", "cached", "completion", "reasoning", "perUnit"] as const) {
          expect(prices[name]).toBeLessThanOrEqual(full[name]);
        }
        const caps = priceCaps(any.parametersMillions, rules);
        for (const price of [prices.prompt, prices.cached]) expect(price).toBeLessThanOrEqual(caps.prompt);
        for (const price of [prices.completion, prices.reasoning]) expect(price).toBeLessThanOrEqual(caps.completion);
        expect(prices.perUnit).toBeLessThanOrEqual(rules.maxPerUnit);
        for (const price of [prices.prompt, prices.cached, prices.completion, prices.reasoning, prices.perUnit]) {
          expect(price).toBeGreaterThanOrEqual(0n);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("behavior: at the same moment everybody meets the same version, and other prices have another", () => {
    fc.assert(
      fc.property(anySource, anyMoment, anyMoment, (any, one, two) => {
        const first = concretePrices(any, rules, one);
        const second = concretePrices(any, rules, two);
        if (first === null || second === null) return;
        expect(concretePrices(any, rules, one)).toEqual(first);
        const same =
          JSON.stringify(Object.values(first).map(String)) === JSON.stringify(Object.values(second).map(String));
        expect(priceVersionOf(first) === priceVersionOf(second)).toBe(same);
      }),
    );
  });
});

describe("demandPercent", () => {
  test.each([
    [0, 100],
    [5, 100],
    [6, 120],
    [7, 140],
    [10, 200],
    [1_000, 200],
  ])("default: %d of 10 requests make %d %%", (load, percent) =>
    expect(demandPercent({ load, capacity: 10, most: 200 })).toBe(percent),
  );

  test("behavior: in steps of 5, never falling with the load, inside its bounds, off without them", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.integer({ min: 1, max: 300 }), fc.nat(20), (load, capacity, steps) => {
        const most = 100 + 5 * steps;
        const percent = demandPercent({ load, capacity, most });
        expect(percent % 5).toBe(0);
        expect(percent).toBeGreaterThanOrEqual(100);
        expect(percent).toBeLessThanOrEqual(most);
        expect(demandPercent({ load: load + 1, capacity, most })).toBeGreaterThanOrEqual(percent);
        expect(demandPercent({ load, capacity: null, most })).toBe(100);
      }),
    );
  });
});

describe("weekOf", () => {
  test("default: the hour of the week counts, in UTC", () => {
    const week = weekOf([{ day: 7, from: 23, to: 24, percent: 50 }]);
    expect(percentAt(week, new Date("2026-11-22T23:59:59Z"))).toBe(50);
    expect(percentAt(week, new Date("2026-11-23T00:00:00Z"))).toBe(100);
    expect(weekOf([])).toBeNull();
  });

  test("behavior: its ranges are the same week again", () => {
    const hours: fc.Arbitrary<Hours> = fc.record({
      day: fc.integer({ min: 1, max: 7 }),
      from: fc.integer({ min: 0, max: 23 }),
      to: fc.integer({ min: 1, max: 24 }),
      percent: fc.integer({ min: 10, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(hours, { maxLength: 20 }), (ranges) => {
        const week = weekOf(ranges.filter(({ from, to }) => from < to));
        expect(weekOf(rangesOf(week))).toEqual(week);
      }),
    );
  });
});
