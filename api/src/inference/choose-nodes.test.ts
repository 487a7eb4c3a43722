import { nanoUsd } from "@infr/money";
import { describe, expect, test } from "vitest";
import type { Offer } from "../metering/offer.ts";
import { chooseNodes, expectedWorkload } from "./choose-nodes.ts";

const offer = (nodeId: string, prompt: bigint, completion: bigint, maxCompletionTokens = 8_192): Offer => ({
  nodeId,
  nodeName: nodeId,
  url: "",
  operatorId: "",
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
});
const order = (offers: Offer[], request: { bodyBytes: number; maxTokens: number | null }) =>
  chooseNodes(offers, expectedWorkload(request)).map(({ nodeId }) => nodeId);

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
