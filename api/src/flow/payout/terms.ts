import { formatUsd, type MicroUsdc, microToNano, microUsdc } from "@infr/money";
import type { Standing } from "./read-standings.ts";

/** The contract's `MIN_PAYOUT`. */
export const MIN_PAYOUT = microUsdc(10_000_000n);
/** The contract's `UNVERIFIED_PAYOUT_LIMIT`, of what it has paid of late. */
export const UNVERIFIED_LIMIT = microUsdc(500_000_000n);
const DAY_MS = 86_400_000;
const PLATFORM_NUMBER = 1;

/** What keeps an earner from being paid now. */
export type Obstacle = "suspended" | "held" | "below_minimum" | "unverified";

/** All that is earned and not paid: available and held. */
export const earned = ({ available, previous, current }: Standing): MicroUsdc =>
  microUsdc(available + previous + current);

/** What a push would meet now; null if it would pay all that is available. The contract decides again by itself. */
export function obstacleOf(standing: Standing): Obstacle | null {
  if (standing.suspendedUntil) return "suspended";
  if (standing.available < MIN_PAYOUT) return earned(standing) < MIN_PAYOUT ? "below_minimum" : "held";
  return needsVerification(standing, standing.available) ? "unverified" : null;
}

/** Whether the contract would want to see the owner verified before it pays so much more. */
export const needsVerification = ({ earner, windowPaid, verified }: Standing, amount: bigint): boolean =>
  !verified && earner !== PLATFORM_NUMBER && windowPaid + amount > UNVERIFIED_LIMIT;

/** When the next part of what is held becomes available: at midnight UTC, or the one after. */
export function nextMaturesAt({ previous, current }: Standing, at: Date): Date | null {
  if (previous === 0n && current === 0n) return null;
  const midnight = (Math.floor(at.getTime() / DAY_MS) + 1) * DAY_MS;
  return new Date(previous > 0n ? midnight : midnight + DAY_MS);
}

/** What its owner is told while it waits. */
export function explain(obstacle: Obstacle, { standing, at }: { standing: Standing; at: Date }): string {
  switch (obstacle) {
    case "suspended":
      return `Payouts to you are suspended until ${standing.suspendedUntil?.toISOString()}. Your earnings are kept.`;
    case "held":
      return `What is settled is held for 24 to 48 hours; the next part is available at ${nextMaturesAt(standing, at)?.toISOString()}.`;
    case "below_minimum":
      return `Payouts begin at $${usd(MIN_PAYOUT)}; you have earned $${usd(earned(standing))}.`;
    case "unverified":
      return `You got $${usd(standing.windowPaid)} within 30 days. Above $${usd(UNVERIFIED_LIMIT)} your wallet ${standing.owner} has to be verified first.`;
  }
}

const usd = (amount: MicroUsdc): string => formatUsd(microToNano(amount));
