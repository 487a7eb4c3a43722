import { microUsdc } from "@infr/money";
import { describe, expect, test } from "vitest";
import { checkAmount } from "./amount.ts";

const rules = { minimum: microUsdc(5_000_000n), available: 100_000_000n };

describe("checkAmount", () => {
  test.each([
    ["25", 25_000_000n],
    [" $5 ", 5_000_000n],
    ["12.50", 12_500_000n],
    ["100", 100_000_000n],
  ])("default: %j", (text, amount) => {
    expect(checkAmount(text, rules)).toEqual({ amount, error: null });
  });

  test("behavior: thousands separators are read as such", () => {
    expect(checkAmount("1,000", { ...rules, available: undefined }).amount).toBe(1_000_000_000n);
  });

  test.each(["", "0", "4.999999", "100.000001", "abc", "-5", "5.0000001", "1e3"])("error: %j is refused", (text) => {
    const { amount, error } = checkAmount(text, rules);
    expect(amount).toBeNull();
    expect(error).toMatch(/\.$/);
  });
});
