import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOf } from "./price.ts";
import { OPERATOR_BPS, shareOf } from "./split.ts";
import { formatUsd, InvalidAmountError, parseUsd, parseUsdc } from "./text.ts";
import { microToNano, microUsdc, nanoToMicro, nanoUsd } from "./units.ts";

const amounts = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });

describe("parseUsd", () => {
  test("default", () => {
    expect(parseUsd("12.345678901")).toBe(12_345_678_901n);
    expect(parseUsd("-0.1")).toBe(-100_000_000n);
    expect(parseUsdc("25")).toBe(25_000_000n);
  });

  test("behavior: text and amount are the same thing, both ways", () => {
    fc.assert(fc.property(amounts, (amount) => parseUsd(formatUsd(nanoUsd(amount))) === amount));
  });

  test.each(["", " 1", "1,5", "1e3", "0x10", "01", ".5", "1.", "+1", "NaN", "1.0000000001"])(
    "error: InvalidAmountError for %j",
    (text) => {
      expect(() => parseUsd(text)).toThrow(InvalidAmountError);
    },
  );

  test("error: a seventh decimal of USDC is refused, not rounded", () => {
    expect(() => parseUsdc("0.0000001")).toThrow(InvalidAmountError);
  });
});

describe("nanoToMicro", () => {
  test("behavior: nothing is lost, also below zero", () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        const { micro, remainder } = nanoToMicro(nanoUsd(amount));
        return microToNano(micro) + remainder === amount && remainder >= 0n && remainder < 1_000n;
      }),
    );
  });
});

describe("costOf", () => {
  test("default: $0.10 per million tokens is 100 nano-dollars a token", () => {
    expect(costOf({ units: 1_000_000, nanoPerUnit: nanoUsd(100n) })).toBe(parseUsd("0.1"));
  });

  test.each([-1, 0.5, Number.NaN])("error: RangeError for %d units", (units) => {
    expect(() => costOf({ units, nanoPerUnit: nanoUsd(1n) })).toThrow(RangeError);
  });
});

describe("shareOf", () => {
  test("behavior: a lifetime's net is exact however it is cut into batches", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }), { maxLength: 50 }), (batches) => {
        let carry = 0n;
        let net = 0n;
        for (const gross of batches) {
          const share = shareOf({ gross: microUsdc(gross), bps: OPERATOR_BPS, carry });
          carry = share.carry;
          net += share.net;
        }
        return net === (batches.reduce((sum, gross) => sum + gross, 0n) * OPERATOR_BPS) / 10_000n;
      }),
    );
  });
});
