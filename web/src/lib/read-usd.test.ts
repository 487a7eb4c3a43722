import { describe, expect, test } from "vitest";
import { plainUsd, readUsd } from "./read-usd.ts";

describe("plainUsd", () => {
  test.each([
    ["25", "25"],
    [" $12.50 ", "12.50"],
    ["1,234.5", "1234.5"],
    ["$1,234,567", "1234567"],
    ["0.000000001", "0.000000001"],
  ])("default: %s is %s", (text, plain) => {
    expect(plainUsd(text)).toBe(plain);
  });

  test.each(["", "2,50", "99,5", "1,2345", ",500", "1.5,000", "-1", "1e3", "ten", "0.0000000001", "$"])(
    "error: %s is no amount",
    (text) => {
      expect(plainUsd(text)).toBeNull();
      expect(readUsd(text)).toBeNull();
    },
  );
});
