import { describe, expect, test, vi } from "vitest";
import type { UsageRow } from "../../lib/api.ts";

vi.stubGlobal("window", { location: { origin: "http://localhost:3000" } });
const { joinNewest } = await import("./use-usage.ts");

const rows = (...ids: number[]) => ids.map((id) => ({ id: `req_${id}` }) as UsageRow);

describe("joinNewest", () => {
  test("default: what is new comes first, and nothing twice", () => {
    expect(joinNewest(rows(5, 4, 3), rows(3, 2, 1))).toEqual(rows(5, 4, 3, 2, 1));
    expect(joinNewest(rows(3, 2, 1), rows(3, 2, 1))).toEqual(rows(3, 2, 1));
    expect(joinNewest([], rows(1))).toEqual(rows(1));
    expect(joinNewest(rows(1), [])).toEqual(rows(1));
  });

  test("behavior: a gap between the two is noticed", () => {
    expect(joinNewest(rows(9, 8), rows(3, 2))).toBeNull();
  });
});
