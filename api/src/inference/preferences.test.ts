import { describe, expect, test } from "vitest";
import { InvalidInputError } from "../errors.ts";
import { NO_PREFERENCES, readPreferences } from "./preferences.ts";

const read = (provider: unknown, body: object = {}) => readPreferences({ model: "m", ...body, provider });

describe("readPreferences", () => {
  test("default: they are taken out of the body, the rest is as it was", () => {
    const { preferences, rest } = read(
      { order: ["Node_A"], allow_fallbacks: false, sort: { by: "latency" } },
      { x: 1 },
    );
    expect(preferences).toEqual({ ...NO_PREFERENCES, order: ["node_a"], allowFallbacks: false, sort: "latency" });
    expect(rest).toEqual({ model: "m", x: 1 });
  });

  test.each([undefined, null, {}, { order: null, data_collection: "allow" }])(
    "behavior: %j prefers nothing",
    (provider) => expect(read(provider).preferences).toEqual(NO_PREFERENCES),
  );

  test("behavior: prices per million are exact, as numbers and as text", () => {
    const limits = (prompt: unknown) => read({ max_price: { prompt, completion: 2, request: 0 } }).preferences;
    expect(limits("0.1")).toMatchObject({ maxPrompt: 100_000_000n, maxCompletion: 2_000_000_000n });
    expect(limits(0.1).maxPrompt).toBe(100_000_000n);
    expect(limits(1e-9).maxPrompt).toBe(1n);
    expect(limits("0.0000000019").maxPrompt).toBe(1n);
    expect(limits(null).maxPrompt).toBeNull();
  });

  test("behavior: latency in seconds, throughput in tokens per second, percentiles by the first given", () => {
    expect(read({ preferred_max_latency: 1.5 }).preferences.preferredMaxLatencyMs).toBe(1_500);
    expect(read({ preferred_max_latency: { p90: 3 } }).preferences.preferredMaxLatencyMs).toBe(3_000);
    expect(read({ preferred_min_throughput: 40 }).preferences.preferredMinThroughput).toBe(40);
  });

  test("behavior: what is required is what the request sets beyond its prompt", () => {
    const { preferences } = read(
      { require_parameters: true },
      { messages: [], stream: true, tools: [], seed: 1, stop: null },
    );
    expect(preferences.required).toEqual(["tools", "seed"]);
  });

  test.each([
    ["x", "provider"],
    [[], "provider"],
    [{ order: "a" }, "provider.order"],
    [{ only: [1] }, "provider.only"],
    [{ allow_fallbacks: "no" }, "provider.allow_fallbacks"],
    [{ sort: "luck" }, "provider.sort"],
    [{ max_price: 1 }, "provider.max_price"],
    [{ max_price: { prompt: -1 } }, "provider.max_price.prompt"],
    [{ max_price: { prompt: "1e3" } }, "provider.max_price.prompt"],
    [{ max_price: { prompt: Number.NaN } }, "provider.max_price.prompt"],
    [{ max_price: { tokens: 1 } }, "provider.max_price.tokens"],
    [{ preferred_max_latency: "fast" }, "provider.preferred_max_latency"],
    [{ data_collection: "deny" }, "provider.data_collection"],
    [{ zdr: true }, "provider.zdr"],
    [{ constructor: 1 }, "provider.constructor"],
  ])("error: %j is refused as %s", (provider, param) => {
    expect(() => read(provider)).toThrow(expect.objectContaining({ param }) as InvalidInputError);
    expect(() => read(provider)).toThrow(InvalidInputError);
  });
});
