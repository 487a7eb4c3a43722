import { describe, expect, test } from "vitest";
import { chartData } from "./chart-data.ts";

const point = (day: string, id: string | null, cost: string) => ({ day, id, name: null, requests: 1, cost });

describe("chartData", () => {
  test("default: the dearest first, all others last, every day there, sums to the last unit", () => {
    const { series, rows } = chartData({
      from: "2026-02-27",
      to: "2026-03-01",
      points: [
        point("2026-02-27", "a", "0.000000001"),
        point("2026-02-27", null, "9"),
        point("2026-03-01", "a", "0.1"),
        point("2026-03-01", "b", "0.2"),
      ],
    });
    expect(series.map(({ label, usd }) => [label, usd])).toEqual([
      ["b", "0.2"],
      ["a", "0.100000001"],
      ["All others", "9"],
    ]);
    expect(rows.map(({ day }) => day)).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
    expect(rows[1]?.values).toEqual({});
  });
});
