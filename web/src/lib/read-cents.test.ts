import { describe, expect, test } from "vitest";
import { readCents } from "./read-cents.ts";

const LIMITS = { least: "5", most: "500" };

describe("readCents", () => {
  test.each([
    ["25", "25"],
    ["$12.50", "12.5"],
    [" 5 ", "5"],
    ["500", "500"],
  ])("default: %s is %s", (text, amount) => {
    expect(readCents(text, LIMITS)).toEqual({ amount, error: null });
  });

  test.each([
    ["4.99", "Between $5.00 and $500.00."],
    ["500.01", "Between $5.00 and $500.00."],
    ["-10", "Write an amount such as 25 or 12.50."],
    ["", "Write an amount such as 25 or 12.50."],
    ["ten", "Write an amount such as 25 or 12.50."],
    ["5.001", "Whole cents only."],
  ])("error: %s: %s", (text, error) => {
    expect(readCents(text, LIMITS)).toEqual({ amount: null, error });
  });
});
