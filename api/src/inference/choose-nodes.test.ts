import { nanoUsd } from "@infr/money";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Offer } from "../metering/offer.ts";
import {
  type Choice,
  chooseNodes,
  expectedWorkload,
  NoNodeAllowedError,
  OwnNodeError,
  USUAL_WORKLOAD,
} from "./choose-nodes.ts";
import { type Health, NodeHealth } from "./node-health.ts";
import { NO_PREFERENCES, type Preferences } from "./preferences.ts";

const offer = (nodeId: string, prompt: bigint, completion: bigint, maxCompletionTokens = 8_192): Offer => ({
  nodeId,
  nodeName: nodeId,
  url: "",
  operatorId: "",
  isLive: true,
  canaryMs: null,
  model: "m",
  priceVersion: "",
  contextTokens: 32_768,
  maxCompletionTokens,
  supportedParameters: null,
  createdAt: new Date(0),
  prices: {
    prompt: nanoUsd(prompt),
    cached: nanoUsd(prompt),
    completion: nanoUsd(completion),
    reasoning: nanoUsd(completion),
  },
  volume: [],
});
const well: Health = new NodeHealth().of("");
const healthy = { accountId: null, preferences: NO_PREFERENCES, workload: USUAL_WORKLOAD, healthOf: () => well };
const ids = (offers: Offer[], choice: Partial<Choice>) =>
  chooseNodes(offers, { ...healthy, ...choice }).map(({ nodeId }) => nodeId);
const order = (offers: Offer[], request: { bodyBytes: number; maxTokens: number | null }) =>
  ids(offers, { workload: expectedWorkload(request) });

describe("chooseNodes", () => {
  test("default: the cheapest for the whole request, whichever side of it is long", () => {
    const offers = [offer("cheap prompt", 1n, 100n), offer("cheap completion", 100n, 1n)];
    expect(order(offers, { bodyBytes: 40_000, maxTokens: 10 })[0]).toBe("cheap prompt");
    expect(order(offers, { bodyBytes: 400, maxTokens: 4_000 })[0]).toBe("cheap completion");
  });

  test.each([null, 1_000, 1_000_000])(
    "behavior: a free completion of one token wins nothing (max_tokens %s)",
    (maxTokens) => {
      const offers = [offer("stranger", 100_000n, 0n, 1), offer("honest", 100n, 200n)];
      for (const bodyBytes of [60, 1_000_000]) expect(order(offers, { bodyBytes, maxTokens })[0]).toBe("honest");
      expect(order([offer("free", 0n, 0n, 1), offer("honest", 100n, 200n)], { bodyBytes: 60, maxTokens })[0]).toBe(
        "honest",
      );
    },
  );

  test("behavior: an offer that is short is fine for a request that is shorter", () => {
    const offers = [offer("short", 1n, 1n, 16), offer("long", 100n, 200n)];
    expect(order(offers, { bodyBytes: 60, maxTokens: 16 })[0]).toBe("short");
  });

  test("behavior: among equals the oldest, and never more than three", () => {
    const offers = ["a", "b", "c", "d"].map((id, n) => ({ ...offer(id, 1n, 1n), createdAt: new Date(10 - n) }));
    expect(order(offers, { bodyBytes: 60, maxTokens: null })).toEqual(["d", "c", "b"]);
  });
});

const name = fc.constantFrom("a", "b", "c", "d", "e");
const amount = fc.bigInt({ min: 0n, max: 20n });
const anyOffers = fc.uniqueArray(name, { minLength: 1 }).chain((names) =>
  fc.tuple(
    ...names.map((id) =>
      fc
        .tuple(amount, amount, amount, amount, fc.constantFrom(1, 8_192))
        .map(([prompt, cached, completion, reasoning, most]) => ({
          ...offer(id, prompt, completion, most),
          prices: {
            prompt: nanoUsd(prompt),
            cached: nanoUsd(cached),
            completion: nanoUsd(completion),
            reasoning: nanoUsd(reasoning),
          },
        })),
    ),
  ),
);
const limit = fc.option(fc.bigInt({ min: 0n, max: 20_000_000n }).map(nanoUsd));
const anyPreferences: fc.Arbitrary<Preferences> = fc.record({
  order: fc.uniqueArray(name, { maxLength: 3 }),
  only: fc.option(fc.uniqueArray(name)),
  ignore: fc.uniqueArray(name, { maxLength: 2 }),
  allowFallbacks: fc.boolean(),
  required: fc.constant([]),
  sort: fc.constantFrom(null, "price", "throughput", "latency"),
  maxPrompt: limit,
  maxCompletion: limit,
  preferredMaxLatencyMs: fc.option(fc.nat(2_000)),
  preferredMinThroughput: fc.option(fc.nat(100)),
});
const anyHealth: fc.Arbitrary<Health> = fc.record({
  isOpen: fc.boolean(),
  isPassable: fc.boolean(),
  errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
  latencyMs: fc.option(fc.nat(5_000)),
  firstTokenMs: fc.option(fc.nat(2_000)),
  tokensPerSecond: fc.option(fc.nat(200)),
  inFlight: fc.nat(10),
});

describe("chooseNodes with preferences", () => {
  const tried = (offers: Offer[], choice: Choice) => {
    try {
      return chooseNodes(offers, choice);
    } catch (error) {
      expect(error).toBeInstanceOf(NoNodeAllowedError);
      return [];
    }
  };

  test("behavior: nobody is sent where he did not want to go, nor above his price; somebody always serves him else", () => {
    const healths = fc.dictionary(name, anyHealth);
    fc.assert(
      fc.property(anyOffers, anyPreferences, healths, (offers, preferences, health) => {
        const healthOf = ({ nodeId }: Offer) => health[nodeId] ?? well;
        const chosen = tried(offers, { accountId: null, preferences, workload: USUAL_WORKLOAD, healthOf });
        const { only, ignore, order: first, allowFallbacks, maxPrompt, maxCompletion } = preferences;
        const isAllowed = ({ nodeId, prices }: Offer) =>
          (only === null || only.includes(nodeId)) &&
          !ignore.includes(nodeId) &&
          (allowFallbacks || first.length === 0 || first.includes(nodeId)) &&
          [prices.prompt, prices.cached].every((price) => maxPrompt === null || price * 1_000_000n <= maxPrompt) &&
          [prices.completion, prices.reasoning].every(
            (price) => maxCompletion === null || price * 1_000_000n <= maxCompletion,
          );
        expect(chosen.every(isAllowed)).toBe(true);
        expect(chosen.length > 0).toBe(offers.some(isAllowed));
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(chosen.length).toBeLessThanOrEqual(allowFallbacks || first.length > 0 ? 3 : 1);
      }),
      { numRuns: 1_000 },
    );
  });

  test("default: the named ones in their order, by id, name or operator, then the others by price", () => {
    const offers = [offer("a", 1n, 1n), offer("b", 2n, 2n), { ...offer("c", 3n, 3n), operatorId: "acct_9" }];
    expect(ids(offers, { preferences: { ...NO_PREFERENCES, order: ["acct_9", "b"] } })).toEqual(["c", "b", "a"]);
    expect(ids(offers, { preferences: { ...NO_PREFERENCES, order: ["b"], allowFallbacks: false } })).toEqual(["b"]);
    expect(ids(offers, { preferences: { ...NO_PREFERENCES, allowFallbacks: false } })).toEqual(["a"]);
  });

  test("behavior: a node that keeps failing comes last, and is tried when there is no other", () => {
    const offers = [offer("bad", 1n, 1n), offer("good", 100n, 100n)];
    const healthOf = ({ nodeId }: Offer) => (nodeId === "bad" ? { ...well, isOpen: true, isPassable: false } : well);
    expect(ids(offers, { healthOf })).toEqual(["good", "bad"]);
    expect(ids(offers.slice(0, 1), { healthOf })).toEqual(["bad"]);
  });

  test("behavior: sorted by latency or throughput, unknown ones last; preferred bounds put slow ones behind", () => {
    const offers = [offer("slow", 1n, 1n), offer("unknown", 1n, 1n), offer("fast", 9n, 9n)];
    const known: Record<string, Partial<Health>> = {
      slow: { firstTokenMs: 900, tokensPerSecond: 5 },
      fast: { firstTokenMs: 90, tokensPerSecond: 50 },
    };
    const healthOf = ({ nodeId }: Offer) => ({ ...well, ...known[nodeId] });
    for (const sort of ["latency", "throughput"] as const) {
      expect(ids(offers, { healthOf, preferences: { ...NO_PREFERENCES, sort } })).toEqual(["fast", "slow", "unknown"]);
    }
    for (const bound of [{ preferredMaxLatencyMs: 500 }, { preferredMinThroughput: 20 }]) {
      expect(ids(offers, { healthOf, preferences: { ...NO_PREFERENCES, ...bound } })).toEqual([
        "unknown",
        "fast",
        "slow",
      ]);
    }
  });

  test("behavior: required parameters are met only by nodes that name them", () => {
    const offers = [offer("silent", 1n, 1n), { ...offer("able", 9n, 9n), supportedParameters: ["tools", "seed"] }];
    expect(ids(offers, { preferences: { ...NO_PREFERENCES, required: ["tools"] } })).toEqual(["able"]);
    expect(() => ids(offers, { preferences: { ...NO_PREFERENCES, required: ["logprobs"] } })).toThrow(
      NoNodeAllowedError,
    );
  });

  test("behavior: one's own node is left out unless it is named, and then no other's comes with it", () => {
    const offers = [{ ...offer("own", 1n, 1n), operatorId: "acct_1" }, offer("other", 2n, 2n), offer("third", 3n, 3n)];
    const asked = (preferences: Partial<Preferences>) =>
      ids(offers, { accountId: "acct_1", preferences: { ...NO_PREFERENCES, ...preferences } });
    expect(asked({})).toEqual(["other", "third"]);
    expect(asked({ order: ["own"] })).toEqual(["own"]);
    expect(asked({ only: ["own", "other"] })).toEqual(["own"]);
    expect(asked({ order: ["other", "own"] })).toEqual(["other", "third"]);
    expect(() => ids(offers.slice(0, 1), { accountId: "acct_1" })).toThrow(OwnNodeError);
  });
});
