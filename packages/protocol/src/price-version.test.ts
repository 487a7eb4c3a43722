import { nanoUsd } from "@infr/money";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ConcretePrices, priceText, priceVersionOf } from "./price-version.ts";

const model: ConcretePrices = {
  node: "node_1",
  kind: "model",
  product: "llama-3.1-70b",
  prompt: nanoUsd(800n),
  cached: nanoUsd(400n),
  completion: nanoUsd(1_200n),
  reasoning: nanoUsd(1_200n),
  unit: "",
  perUnit: nanoUsd(0n),
};

describe("priceVersionOf", () => {
  test("default: the hash of a text that anybody can write down", () => {
    expect(priceText(model)).toBe(
      '{"currency":"nano-USD","node":"node_1","kind":"model","product":"llama-3.1-70b","prompt":"800","cached":"400",' +
        '"completion":"1200","reasoning":"1200","unit":"","perUnit":"0"}',
    );
    expect(priceVersionOf(model)).toBe("0x5afe5c19304f1ae7b2d3bd81d177b1819bb35309acd884a26071c64b68a1d7f1");
  });

  test("behavior: the order in which fields were set does not matter", () => {
    const { node, ...rest } = model;
    expect(priceVersionOf({ ...rest, node })).toBe(priceVersionOf(model));
  });

  test("behavior: two sets have one version only if they are the same", () => {
    const amount = fc.bigInt({ min: 0n, max: 3n }).map(nanoUsd);
    const prices: fc.Arbitrary<ConcretePrices> = fc.record({
      node: fc.constantFrom("node_1", "node_2"),
      kind: fc.constantFrom("model", "resource"),
      product: fc.string({ maxLength: 3 }),
      prompt: amount,
      cached: amount,
      completion: amount,
      reasoning: amount,
      unit: fc.constantFrom("", "image", 'image","perUnit":"1'),
      perUnit: amount,
    });
    fc.assert(
      fc.property(prices, prices, (a, b) => {
        expect(priceVersionOf(a) === priceVersionOf(b)).toBe(
          Object.entries(a).every(([name, value]) => b[name as keyof ConcretePrices] === value),
        );
      }),
    );
  });
});
