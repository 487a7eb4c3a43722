import { type NanoUsd, nanoUsd } from "./units.ts";

/** What `units` cost at a price in nano-dollars per unit: exact, no rounding anywhere. */
export function costOf({ units, nanoPerUnit }: { units: number; nanoPerUnit: NanoUsd }): NanoUsd {
  if (!Number.isSafeInteger(units) || units < 0) throw new RangeError(`units must be a whole number ≥ 0, not ${units}`);
  return nanoUsd(BigInt(units) * nanoPerUnit);
}
