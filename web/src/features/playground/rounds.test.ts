import { describe, expect, test } from "vitest";
import { type Answer, aboutCost, historyOf, type Round, totalCost } from "./rounds.ts";

const answer = (laneId: string, content: string, costUsd: string | null = null): Answer => ({
  id: `${laneId}-${content}`,
  laneId,
  model: "demo/small",
  content,
  startedMs: 0,
  endedMs: 1,
  usage: costUsd === null ? null : { promptTokens: 1, completionTokens: 1, costUsd },
  stopped: false,
  error: null,
});
const rounds: Round[] = [
  { id: "1", question: "One?", answers: [answer("a", "A1", "0.000000003"), answer("b", "", null)] },
  { id: "2", question: "Two?", answers: [answer("a", "A2", "0.1"), answer("b", "B2", "0.2")] },
];

describe("historyOf", () => {
  test("default: each lane knows its own answers only", () => {
    expect(historyOf(rounds, "a").map(({ content }) => content)).toEqual(["One?", "A1", "Two?", "A2"]);
  });

  test("behavior: a prompt without an answer is left out", () => {
    expect(historyOf(rounds, "b")).toEqual([
      { role: "user", content: "Two?" },
      { role: "assistant", content: "B2" },
    ]);
    expect(historyOf(rounds, "c")).toEqual([]);
  });
});

describe("totalCost", () => {
  test("default: the exact sum over all columns", () => {
    expect(totalCost(rounds)).toBe("0.300000003");
  });

  test("behavior: nothing as long as no cost is known", () => {
    expect(totalCost([])).toBeNull();
    expect(totalCost([{ id: "1", question: "One?", answers: [answer("a", "A1")] }])).toBeNull();
  });
});

describe("aboutCost", () => {
  test("default: begun tokens at their prices", () => {
    const pricing = { prompt: "0.0000001", completion: "0.000001" };
    expect(aboutCost(pricing, { asked: 5, said: 8 })).toBe("0.0000022");
    expect(aboutCost(pricing, { asked: 0, said: 0 })).toBe("0");
  });
});
