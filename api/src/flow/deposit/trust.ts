import { type MicroUsdc, microUsdc } from "@infr/money";

/** How much of deposits may be spent while their blocks can still be reorganised away, in µUSDC. */
export type Trust = {
  /** Of one account. */
  accountMicro: bigint;
  /** Of all of them. */
  totalMicro: bigint;
  /** A single deposit above this is marked for a person to look at. */
  reviewMicro: bigint;
  /** Whether nothing is spendable before the payer was screened. */
  screens: boolean;
};

/** By default. */
export const TRUST: Trust = {
  accountMicro: 1_000_000_000n,
  totalMicro: 100_000_000_000n,
  reviewMicro: 10_000_000_000n,
  screens: false,
};

/** What was given on trust already: to the account, and in all. */
export type Given = { accountMicro: bigint; totalMicro: bigint };

/** What of a deposit's credit may be spent at once; the rest when its block is safe. */
export function onTrust(credit: MicroUsdc, { trust, given }: { trust: Trust; given: Given }): MicroUsdc {
  const left = [credit, trust.accountMicro - given.accountMicro, trust.totalMicro - given.totalMicro];
  const least = left.reduce((a, b) => (a < b ? a : b));
  return microUsdc(least > 0n ? least : 0n);
}
