import { type MicroUsdc, microUsdc } from "@infr/money";
import { concatHex, type Hex, hexToBigInt, hexToNumber, numberToHex, size, sliceHex } from "viem";
import { MalformedLinesError, NotAscendingError } from "./errors.ts";
import { requireUint } from "./range.ts";

/** What one account pays or one earner earns in a batch. */
export interface Line {
  /** Account and earner number, 1 to 2³² − 1. */
  id: number;
  /** µUSDC, 1 to {@link MAX_LINE}. */
  amount: MicroUsdc;
}

/** The most that a line can carry: 2⁴⁰ − 1 µUSDC, $1,099,511.63. What is more waits for the next batch. */
export const MAX_LINE: MicroUsdc = microUsdc(2n ** 40n - 1n);

const ID_BYTES = 4;
const AMOUNT_BYTES = 5;
const LINE_BYTES = ID_BYTES + AMOUNT_BYTES;

/**
 * Batch lines as the contract reads them: `uint32 id ‖ uint40 µUSDC` each, big-endian, no padding, ids strictly
 * ascending. Throws {@link NotAscendingError} or `OutOfRangeError`.
 */
export function encodeLines(lines: readonly Line[]): Hex {
  let previous = 0;
  const parts = lines.map(({ id, amount }) => {
    requireUint({ field: "id", value: id, bits: 32, min: 1n });
    requireUint({ field: "amount", value: amount, bits: 40, min: 1n });
    if (id <= previous) throw new NotAscendingError(id, previous);
    previous = id;
    return concatHex([numberToHex(id, { size: ID_BYTES }), numberToHex(amount, { size: AMOUNT_BYTES })]);
  });
  return parts.length === 0 ? "0x" : concatHex(parts);
}

/**
 * The lines of a settled batch. Accepts what the contract accepts, amounts of zero included. Throws
 * {@link MalformedLinesError} or {@link NotAscendingError}.
 */
export function decodeLines(bytes: Hex): Line[] {
  const length = size(bytes);
  if (length % LINE_BYTES !== 0) throw new MalformedLinesError(length);
  const lines: Line[] = [];
  let previous = 0;
  for (let offset = 0; offset < length; offset += LINE_BYTES) {
    const id = hexToNumber(sliceHex(bytes, offset, offset + ID_BYTES));
    const amount = microUsdc(hexToBigInt(sliceHex(bytes, offset + ID_BYTES, offset + LINE_BYTES)));
    if (id <= previous) throw new NotAscendingError(id, previous);
    previous = id;
    lines.push({ id, amount });
  }
  return lines;
}
