import { describe, expect, test } from "vitest";
import { runwayDays } from "./runway.ts";

const today = "2026-03-08";

describe("runwayDays", () => {
  test("default: whole days at the pace of the last seven", () => {
    const days = [
      { id: "2026-03-08", cost: "1" },
      { id: "2026-03-02", cost: "6" },
      { id: "2026-03-01", cost: "100" },
    ];
    expect(runwayDays({ spendable: "9.99", days, today })).toBe(9);
  });

  test("behavior: nothing spent has no end, nothing left has none to come", () => {
    expect(runwayDays({ spendable: "5", days: [], today })).toBeNull();
    expect(runwayDays({ spendable: "-0.5", days: [{ id: today, cost: "1" }], today })).toBe(0);
  });
});
