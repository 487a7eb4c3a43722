/** Most gas that a transaction may have. Source: EIP-7825. */
const MOST = 16_777_216n;
/** What else than a settlement may burn: a signature check that never ends must not hold up everybody else. */
const OTHERS = 1_500_000n;
const MARGIN = { numerator: 13n, denominator: 10n };

/** The gas that a call is tried with. A batch whose earners are all new to the contract costs several times the usual. */
export const gasLimitOf = (kind: string): bigint => (kind === "settle" ? MOST : OTHERS);

/** What a transaction is given: more than it was estimated to need, and never more than a chain takes. */
export function gasFor(estimated: bigint): bigint {
  const gas = (estimated * MARGIN.numerator) / MARGIN.denominator;
  return gas < MOST ? gas : MOST;
}
