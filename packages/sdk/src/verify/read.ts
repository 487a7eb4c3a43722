import { formatUsd, formatUsdc, type MicroUsdc, type NanoUsd, parseUsd, parseUsdc } from "@infr/money";
import type { Hex } from "viem";
import { MalformedFileError } from "./errors.ts";

/**
 * Reads a value of a file, or throws {@link MalformedFileError}. A value has one spelling: if there were two, a file could be
 * changed and still verify.
 */
export type Read<T> = (value: unknown, place: string) => T;

type Shape = Record<string, Read<unknown>>;

/** An object with these fields and no others. */
export function object<S extends Shape>(shape: S): Read<{ [K in keyof S]: ReturnType<S[K]> }> {
  const names = Object.keys(shape);
  return (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new MalformedFileError(place, "an object");
    }
    const unknown = Object.keys(value).find((name) => !names.includes(name));
    if (unknown !== undefined) throw new MalformedFileError(join(place, unknown), "left out: nobody knows what it is");
    const fields = names.map((name) => [name, shape[name]?.(Reflect.get(value, name), join(place, name))]);
    return Object.fromEntries(fields) as { [K in keyof S]: ReturnType<S[K]> };
  };
}

export const list =
  <T>(item: Read<T>): Read<T[]> =>
  (value, place) => {
    if (!Array.isArray(value)) throw new MalformedFileError(place, "a list");
    return value.map((each, index) => item(each, `${place}[${index}]`));
  };

export const oneOf =
  <const T extends string>(values: readonly T[]): Read<T> =>
  (value, place) => {
    const found = values.find((each) => each === value);
    if (found === undefined) throw new MalformedFileError(place, values.map((each) => `"${each}"`).join(" or "));
    return found;
  };

export const nullable =
  <T>(read: Read<T>): Read<T | null> =>
  (value, place) =>
    value === null ? null : read(value, place);

export const text: Read<string> = (value, place) => {
  if (typeof value !== "string") throw new MalformedFileError(place, "text");
  return value;
};

export const flag: Read<boolean> = (value, place) => {
  if (typeof value !== "boolean") throw new MalformedFileError(place, "true or false");
  return value;
};

/** A whole number from 0 to 2⁵³ − 1. */
export const count: Read<number> = (value, place) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    throw new MalformedFileError(place, "a whole number, not below 0");
  }
  return value;
};

/** A whole number that fits so many bits. */
export const uint =
  (bits: 16 | 32 | 40): Read<number> =>
  (value, place) => {
    const number = count(value, place);
    if (number >= 2 ** bits) throw new MalformedFileError(place, `below 2^${bits}`);
    return number;
  };

export const sequence: Read<bigint> = (value, place) => BigInt(count(value, place));

const hexOf =
  (pattern: RegExp, expected: string): Read<Hex> =>
  (value, place) => {
    if (typeof value !== "string" || !pattern.test(value)) throw new MalformedFileError(place, expected);
    return value as Hex;
  };

export const bytes32 = hexOf(/^0x[0-9a-f]{64}$/, "0x and 64 lower-case hexadecimal digits");
export const address = hexOf(/^0x[0-9a-f]{40}$/, "0x and 40 lower-case hexadecimal digits");

/** Dollars, written as `formatUsd` writes them. */
export const usd: Read<NanoUsd> = amount(parseUsd, formatUsd);

/** Dollars in whole micro-dollars. */
export const usdc: Read<MicroUsdc> = amount(parseUsdc, formatUsdc);

/** Dollars, not below zero and within 64 bits of nano-dollars. */
export const paidUsd: Read<NanoUsd> = (value, place) => within64(usd(value, place), place);

/** Dollars in whole micro-dollars, not below zero and within 64 bits of them. */
export const paidUsdc: Read<MicroUsdc> = (value, place) => within64(usdc(value, place), place);

function within64<T extends bigint>(amount: T, place: string): T {
  if (amount < 0n || amount >= 2n ** 64n) throw new MalformedFileError(place, "an amount from 0 to 64 bits");
  return amount;
}

function amount<T extends bigint>(parse: (text: string) => T, format: (amount: T) => string): Read<T> {
  return (value, place) => {
    const parsed = tryParse(parse, value);
    if (parsed === null || format(parsed) !== value) {
      throw new MalformedFileError(place, 'dollars as the shortest decimal, such as "0.25"');
    }
    return parsed;
  };
}

function tryParse<T>(parse: (text: string) => T, value: unknown): T | null {
  try {
    return typeof value === "string" ? parse(value) : null;
  } catch {
    return null;
  }
}

const join = (place: string, name: string): string => (place === "" ? name : `${place}.${name}`);
