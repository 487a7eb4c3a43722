import fc from "fast-check";
import { type Hex, numberToHex } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { describe, expect, test } from "vitest";
import vectors from "../vectors/vectors.json" with { type: "json" };
import { InvalidServerSecretError, MalformedVoucherCodeError, ZeroVoucherKeyError } from "./errors.ts";
import {
  deriveVoucherKey,
  formatVoucherCode,
  generateVoucherCode,
  parseVoucherCode,
  reduceToKey,
  type VoucherCode,
} from "./voucher.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const codes = fc
  .array(fc.constantFrom(...Array.from(ALPHABET)), { minLength: 26, maxLength: 26 })
  .map((characters) => characters.join("") as VoucherCode);
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SECRET: Hex = `0x${"5e".repeat(32)}`;

/** The ways in which people write a character. */
const WRITTEN: Record<string, readonly string[]> = { 0: ["0", "O", "o"], 1: ["1", "I", "i", "L", "l"] };

describe("generateVoucherCode", () => {
  test("default: a canonical code, never the same, that uses the whole alphabet", () => {
    const many = Array.from({ length: 1_000 }, generateVoucherCode);
    for (const code of many) expect(parseVoucherCode(code)).toBe(code);
    expect(new Set(many).size).toBe(many.length);
    expect([...new Set(many.join(""))].sort().join("")).toBe(ALPHABET);
  });
});

describe("parseVoucherCode", () => {
  test("default: reads what formatVoucherCode writes", () => {
    fc.assert(fc.property(codes, (code) => parseVoucherCode(formatVoucherCode(code)) === code));
    expect(formatVoucherCode(parseVoucherCode("0123456789ABCDEFGHJKMNPQRS"))).toBe("01234-56789-ABCDE-FGHJK-MNPQRS");
  });

  test("behavior: case, separators and look-alikes don't matter", () => {
    const gaps = fc.constantFrom("", "-", " ", "\n", " - ");
    const styles = fc.array(fc.tuple(fc.nat(), gaps, fc.boolean()), { minLength: 26, maxLength: 26 });
    fc.assert(
      fc.property(codes, styles, (code, style) => {
        const typed = Array.from(code, (character, index) => {
          const [choice, gap, lower] = style[index] ?? [0, "", false];
          const ways = WRITTEN[character] ?? [character, character.toLowerCase()];
          const written = ways[choice % ways.length] ?? character;
          return gap + (lower ? written.toLowerCase() : written);
        });
        expect(parseVoucherCode(typed.join(""))).toBe(code);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["25 characters", "0".repeat(25)],
    ["27 characters", "0".repeat(27)],
    ["a U", `U${"0".repeat(25)}`],
    ["a letter of another script", `А${"0".repeat(25)}`],
    ["a letter whose capital is two", `ß${"0".repeat(25)}`],
    ["a pictogram", `💸${"0".repeat(25)}`],
  ])("error: MalformedVoucherCodeError for %s", (_, text) => {
    expect(() => parseVoucherCode(text)).toThrow(MalformedVoucherCodeError);
  });

  test("behavior: the error does not repeat what was typed", () => {
    const typed = "QQQQQQQQQQQQQQQQQQQQQQQQQ";
    expect(() => parseVoucherCode(typed)).not.toThrow(typed);
    expect(() => parseVoucherCode(`${typed}u`)).toThrow(expect.objectContaining({ foreign: 25 }));
  });
});

describe("deriveVoucherKey", () => {
  test("default: the keys of the vectors", () => {
    for (const { typed, serverSecret, privateKey, address } of vectors.vouchers) {
      const code = parseVoucherCode(typed);
      expect(deriveVoucherKey({ code, serverSecret: serverSecret as Hex })).toEqual({ privateKey, address });
      expect(privateKeyToAddress(privateKey as Hex)).toBe(address);
    }
  });

  test("behavior: other codes and other secrets have other keys", () => {
    fc.assert(
      fc.property(codes, codes, (one, other) => {
        const open = deriveVoucherKey({ code: one }).address;
        expect(deriveVoucherKey({ code: one, serverSecret: SECRET }).address).not.toBe(open);
        expect(deriveVoucherKey({ code: other }).address === open).toBe(one === other);
      }),
      { numRuns: 20 },
    );
  });

  test.each([31, 33])("error: InvalidServerSecretError for %d bytes", (length) => {
    const serverSecret: Hex = `0x${"00".repeat(length)}`;
    expect(() => deriveVoucherKey({ code: generateVoucherCode(), serverSecret })).toThrow(InvalidServerSecretError);
  });
});

describe("reduceToKey", () => {
  test("default: a hash below the order is the key, one above it wraps", () => {
    expect(reduceToKey(numberToHex(ORDER - 1n, { size: 32 }))).toBe(numberToHex(ORDER - 1n, { size: 32 }));
    expect(reduceToKey(numberToHex(ORDER + 7n, { size: 32 }))).toBe(numberToHex(7n, { size: 32 }));
  });

  test.each([0n, ORDER])("error: ZeroVoucherKeyError for %d", (hash) => {
    expect(() => reduceToKey(numberToHex(hash, { size: 32 }))).toThrow(ZeroVoucherKeyError);
  });
});
