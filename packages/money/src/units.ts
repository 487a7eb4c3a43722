declare const unit: unique symbol;

/** 10⁻⁹ US dollars, an integer: the unit of the ledger and of the price book. Range of a Postgres `bigint`. */
export type NanoUsd = bigint & { readonly [unit]: "NanoUsd" };

/** 10⁻⁶ USDC, an integer: the smallest unit of the token, and the unit of everything on-chain. */
export type MicroUsdc = bigint & { readonly [unit]: "MicroUsdc" };

/** Nano-dollars in one micro-dollar. */
export const NANO_PER_MICRO = 1_000n;

/** Marks an integer that is known to count nano-dollars. */
export const nanoUsd = (value: bigint): NanoUsd => value as NanoUsd;

/** Marks an integer that is known to count micro-USDC. */
export const microUsdc = (value: bigint): MicroUsdc => value as MicroUsdc;

/** The same amount in the finer unit: exact. */
export const microToNano = (amount: MicroUsdc): NanoUsd => nanoUsd(amount * NANO_PER_MICRO);

/**
 * The same amount in the coarser unit. `remainder` is what does not fill a micro-dollar, in nano-dollars,
 * 0 ≤ remainder < 1,000, so that `micro · 1000 + remainder` is the amount again, also below zero.
 */
export function nanoToMicro(amount: NanoUsd): { micro: MicroUsdc; remainder: NanoUsd } {
  const remainder = ((amount % NANO_PER_MICRO) + NANO_PER_MICRO) % NANO_PER_MICRO;
  return { micro: microUsdc((amount - remainder) / NANO_PER_MICRO), remainder: nanoUsd(remainder) };
}
