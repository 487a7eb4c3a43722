import { OutOfRangeError } from "./errors.ts";

/** Throws {@link OutOfRangeError} unless `min ≤ value ≤ 2^bits − 1`. */
export function requireUint({
  field,
  value,
  bits,
  min = 0n,
}: {
  field: string;
  value: bigint | number;
  bits: number;
  min?: bigint;
}): void {
  const max = 2n ** BigInt(bits) - 1n;
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new OutOfRangeError(field, BigInt(Math.trunc(value) || 0), { min, max });
  }
  const integer = BigInt(value);
  if (integer < min || integer > max) throw new OutOfRangeError(field, integer, { min, max });
}
