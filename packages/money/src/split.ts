import { type MicroUsdc, microUsdc } from "./units.ts";

/** Parts in ten thousand of a charge that its operator earns: a constant of the contract. */
export const OPERATOR_BPS = 8_000n;
/** Parts in ten thousand of a charge that a referrer earns, out of the platform's share. */
export const REFERRAL_BPS = 100n;
const BPS = 10_000n;

/**
 * One earner's share of `gross`, as the contract computes it: the part of a micro-dollar that is left over is
 * carried into the next batch, so that a lifetime's net is ⌊share · lifetime gross⌋ however usage is cut into batches.
 * `carry` is in ten-thousandths of a micro-dollar, 0 ≤ carry < 10,000.
 */
export function shareOf({ gross, bps, carry }: { gross: MicroUsdc; bps: bigint; carry: bigint }): {
  net: MicroUsdc;
  carry: bigint;
} {
  const exact = gross * bps + carry;
  return { net: microUsdc(exact / BPS), carry: exact % BPS };
}
