import { expect, test } from "vitest";
import { gasFor, gasLimitOf } from "./gas.ts";

test("a transaction gets three tenths more than it needs, and never more than a chain takes", () => {
  expect(gasFor(1_000_000n)).toBe(1_300_000n);
  expect(gasFor(15_000_000n)).toBe(16_777_216n);
});

test("a settlement is tried with all that a transaction may have, everything else with little", () => {
  expect(gasLimitOf("settle")).toBe(16_777_216n);
  expect(gasLimitOf("payout")).toBe(1_500_000n);
});
