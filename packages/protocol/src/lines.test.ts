import { microUsdc } from "@infr/money";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedLinesError, NotAscendingError, OutOfRangeError } from "./errors.ts";
import { decodeLines, encodeLines, MAX_LINE } from "./lines.ts";

const line = (id: number, amount: bigint) => ({ id, amount: microUsdc(amount) });

describe("encodeLines", () => {
  test("default: nine bytes a line", () => {
    expect(encodeLines([line(1, 1n), line(0x01020304, 0x05060708_09n)])).toBe("0x000000010000000001010203040506070809");
    expect(encodeLines([])).toBe("0x");
  });

  test("behavior: decoding gives the lines again", () => {
    const amounts = fc.bigInt({ min: 1n, max: MAX_LINE });
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { maxLength: 40 });
    fc.assert(
      fc.property(ids, fc.array(amounts, { minLength: 40, maxLength: 40 }), (unsorted, values) => {
        const lines = unsorted.toSorted((a, b) => a - b).map((id, index) => line(id, values[index] ?? 1n));
        expect(decodeLines(encodeLines(lines))).toEqual(lines);
      }),
    );
  });

  test.each([
    ["a repeated id", [line(3, 1n), line(3, 1n)]],
    ["falling ids", [line(3, 1n), line(2, 1n)]],
  ])("error: NotAscendingError for %s", (_, lines) => {
    expect(() => encodeLines(lines)).toThrow(NotAscendingError);
  });

  test.each([
    ["id 0", line(0, 1n)],
    ["an id above 32 bits", line(2 ** 32, 1n)],
    ["half an id", line(1.5, 1n)],
    ["nothing to pay", line(1, 0n)],
    ["an amount above 40 bits", line(1, MAX_LINE + 1n)],
  ])("error: OutOfRangeError for %s", (_, invalid) => {
    expect(() => encodeLines([invalid])).toThrow(OutOfRangeError);
  });
});

describe("decodeLines", () => {
  test("error: MalformedLinesError", () => {
    expect(() => decodeLines("0x0102")).toThrow(MalformedLinesError);
  });

  test("error: NotAscendingError", () => {
    const one = encodeLines([line(5, 1n)]).slice(2);
    expect(() => decodeLines(`0x${one}${one}`)).toThrow(NotAscendingError);
  });
});
