import { expect, test } from "vitest";
import { shareUsed } from "./budgets.ts";

test.each([
  ["10", "10", 0],
  ["10", "0.000000001", 99],
  ["10", "0", 100],
  ["10", "-3", 100],
  ["0", "0", 100],
  ["3", "2", 33],
])("of $%s with $%s left, %i %% are used", (amount, left, share) => {
  expect(shareUsed({ amount, left })).toBe(share);
});
