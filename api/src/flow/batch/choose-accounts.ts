import { MAX_LINES } from "./compose-batch.ts";

/** An account with usage that is due, and whom a line of it brings into the batch. */
export type Candidate = {
  accountId: string;
  /** Captures without platform-funded credit, and with. */
  paidCaptures: number;
  fundedCaptures: number;
  unsettledNano: bigint;
  fundedNano: bigint;
  /** Operators and the referrer, who may get lines of their own. */
  earners: string[];
};

/** Captures in a batch: what is hashed in less than a minute. */
const MAX_CAPTURES = 1_000_000;
/**
 * Operators and referrers in a batch. The line of one whom the contract has never paid costs 24,000 gas, four times the
 * usual: with so many of them, all new, a batch is still within what a transaction may have (EIP-7825).
 */
export const MAX_EARNERS = 500;
/** Kept for the platform's own lines, as payer and as earner. */
const PLATFORM_LINES = 2;

/**
 * The first candidates whose lines, with those of whom they bring in, stay within what a batch may have, and whose
 * captures within what is hashed at once. The first one always goes, or it never would.
 */
export function chooseAccounts(candidates: Candidate[]): Candidate[] {
  const chosen: Candidate[] = [];
  const earners = new Set<string>();
  let captures = 0;
  for (const candidate of candidates) {
    const fresh = candidate.earners.filter((earner) => !earners.has(earner));
    const lines = PLATFORM_LINES + chosen.length + 1 + earners.size + fresh.length;
    const isTooMany = lines > MAX_LINES || earners.size + fresh.length > MAX_EARNERS || captures >= MAX_CAPTURES;
    if (chosen.length > 0 && isTooMany) continue;
    chosen.push(candidate);
    for (const earner of fresh) earners.add(earner);
    captures += candidate.paidCaptures + candidate.fundedCaptures;
  }
  return chosen;
}
