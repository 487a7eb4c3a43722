import { describe, expect, test } from "vitest";
import { daysOf, eachDay, momentsOf, readSearch } from "./usage-search.ts";

const TODAY = "2026-03-01";

describe("readSearch", () => {
  test("default: what can be asked for stays, anything else goes", () => {
    const asked = { model: "demo/large", project: "site", memberId: "user_1" };
    expect(readSearch({ ...asked, status: "ok", by: "key", from: "2026-02-01", page: 7 })).toEqual({
      ...asked,
      status: "ok",
      by: "key",
      from: "2026-02-01",
    });
    expect(readSearch({ status: "fine", by: "moon", from: "2026-02-31x", to: "9999-99-99", model: 3 })).toEqual({});
  });
});

describe("daysOf", () => {
  test("default: the last thirty days", () => {
    expect(daysOf({}, TODAY)).toEqual({ from: "2026-01-31", to: "2026-03-01" });
    expect(eachDay(daysOf({}, TODAY))).toHaveLength(30);
  });

  test("behavior: a range the wrong way round is its last day", () => {
    expect(daysOf({ from: "2026-02-05", to: "2026-02-01" }, TODAY)).toEqual({ from: "2026-02-01", to: "2026-02-01" });
  });
});

describe("momentsOf", () => {
  test("default: the last day is included", () => {
    expect(momentsOf({ from: "2026-02-28", to: "2026-02-28" })).toEqual({
      from: "2026-02-28T00:00:00.000Z",
      until: "2026-03-01T00:00:00.000Z",
    });
    expect(momentsOf({})).toEqual({});
  });
});
