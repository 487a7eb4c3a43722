import { describe, expect, test } from "vitest";
import { cheapest } from "./cheapest.ts";

const model = (id: string, prompt: string, completion: string) => ({
  id,
  context_length: 1,
  pricing: { prompt, completion },
  nodes: 1,
});

describe("cheapest", () => {
  test("default: the lowest first, no more than asked for", () => {
    const models = [model("c", "0.0000009", "0.0000009"), model("b", "0", "0.000001"), model("a", "0.000001", "0")];
    expect(cheapest(models, 2).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(cheapest([], 2)).toEqual([]);
  });
});
