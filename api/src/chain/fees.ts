/** What a transaction pays at most for a unit of gas, in wei, and how much of it goes to whoever mines it. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint };

/** Nodes take a replacement only if both fees are a tenth higher at least; a quarter leaves room for rounding. */
const RAISE = { numerator: 5n, denominator: 4n };
const LEAST_RAISE = { numerator: 11n, denominator: 10n };

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const times = (fee: bigint, { numerator, denominator }: typeof RAISE): bigint => (fee * numerator) / denominator + 1n;

/**
 * The fees of a first version: what the market asks.
 * @returns null if that is above the ceiling: it waits for a calmer time
 */
export const firstFees = (market: Fees, ceiling: bigint): Fees | null =>
  market.maxFeePerGas > ceiling ? null : market;

/**
 * The fees of a replacement: a quarter more than before, or what the market asks by now, at most the ceiling.
 * @returns null if nothing below the ceiling would be taken as a replacement
 */
export function raisedFees({ before, market, ceiling }: { before: Fees; market: Fees; ceiling: bigint }): Fees | null {
  if (times(before.maxFeePerGas, LEAST_RAISE) > ceiling) return null;
  const maxFeePerGas = min(max(market.maxFeePerGas, times(before.maxFeePerGas, RAISE)), ceiling);
  const priority = max(market.maxPriorityFeePerGas, times(before.maxPriorityFeePerGas, RAISE));
  return { maxFeePerGas, maxPriorityFeePerGas: min(priority, maxFeePerGas) };
}
