import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstFees, raisedFees } from "./fees.ts";

const fee = fc.bigInt({ min: 1n, max: 10n ** 13n });

describe("firstFees", () => {
  test("default: what the market asks, up to the ceiling", () => {
    const market = { maxFeePerGas: 10n, maxPriorityFeePerGas: 2n };
    expect(firstFees(market, 10n)).toEqual(market);
    expect(firstFees(market, 9n)).toBeNull();
  });
});

describe("raisedFees", () => {
  test("behavior: a replacement pays a tenth more of both at least, and never more than the ceiling", () => {
    fc.assert(
      fc.property(fc.tuple(fee, fee, fee, fee, fee), ([maxFee, tip, marketFee, marketTip, ceiling]) => {
        const before = { maxFeePerGas: maxFee, maxPriorityFeePerGas: tip < maxFee ? tip : maxFee };
        const market = { maxFeePerGas: marketFee, maxPriorityFeePerGas: marketTip };
        const raised = raisedFees({ before, market, ceiling });
        if (raised === null) {
          expect(ceiling * 10n).toBeLessThan(maxFee * 11n + 20n);
          return;
        }
        expect(raised.maxFeePerGas).toBeLessThanOrEqual(ceiling);
        expect(raised.maxFeePerGas * 10n).toBeGreaterThanOrEqual(maxFee * 11n);
        expect(raised.maxPriorityFeePerGas * 10n).toBeGreaterThanOrEqual(before.maxPriorityFeePerGas * 11n);
        expect(raised.maxPriorityFeePerGas).toBeLessThanOrEqual(raised.maxFeePerGas);
      }),
      { numRuns: 2_000 },
    );
  });
});
