import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { structureOf } from "./json-parser.ts";

/** The same of a value that was parsed. */
function structureOfValue(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value);
  return 1 + Math.max(0, inner.length - 1) + inner.map(structureOfValue).reduce((sum, count) => sum + count, 0);
}

describe("structureOf", () => {
  test("default: counts what is outside of texts, whatever they hold", () => {
    const text = fc.string({ unit: fc.constantFrom('"', "\\", ",", "[", "{", "a", "é") });
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, text, fc.integer(), fc.array(tie("tree")), fc.dictionary(text, tie("tree"))),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(structureOf(Buffer.from(JSON.stringify(value)), Number.POSITIVE_INFINITY)).toBe(structureOfValue(value));
      }),
    );
  });

  test("behavior: stops beyond the most that is asked for", () => {
    expect(structureOf(Buffer.from("[0,0,0,0]"), 2)).toBe(3);
  });

  test("behavior: a text that does not end holds the rest", () => {
    expect(structureOf(Buffer.from('["[,{'), 10)).toBe(1);
    expect(structureOf(Buffer.from('["\\"[,{'), 10)).toBe(1);
  });
});
