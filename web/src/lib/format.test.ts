import { describe, expect, test } from "vitest";
import { displayTime, displayUsd } from "./format.ts";

describe("displayUsd", () => {
  test.each([
    ["0", "$0.00"],
    ["25", "$25.00"],
    ["24.999999999", "$24.99"],
    ["1234567.5", "$1,234,567.50"],
    ["0.5", "$0.50"],
    ["0.123456789", "$0.1234"],
    ["0.000012345", "$0.00001234"],
    ["0.000000001", "$0.000000001"],
    ["-0.25", "−$0.25"],
    ["-1234.567", "−$1,234.56"],
  ])("default: %s is shown as %s", (usd, shown) => {
    expect(displayUsd(usd)).toBe(shown);
  });

  test("behavior: a fixed number of decimals, and dust is not shown as nothing", () => {
    expect(displayUsd("0.0012345", 6)).toBe("$0.001234");
    expect(displayUsd("0.000000001", 6)).toBe("<$0.000001");
    expect(displayUsd("0", 6)).toBe("$0.000000");
  });
});

describe("displayTime", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");

  test.each([
    ["2026-11-21T11:59:58Z", "now"],
    ["2026-11-21T11:59:18Z", "42s ago"],
    ["2026-11-21T11:15:00Z", "45m ago"],
    ["2026-11-20T12:00:00Z", "1d ago"],
    ["2026-10-01T12:00:00Z", "Oct 1"],
    ["2026-11-21T12:00:03Z", "now"],
    ["2026-11-21T12:30:59Z", "in 30m"],
    ["2026-11-23T13:00:00Z", "in 2d"],
    ["2026-12-21T12:00:00Z", "Dec 21"],
  ])("default: %s is shown as %s", (iso, shown) => {
    expect(displayTime(iso, now)).toBe(shown);
  });
});
