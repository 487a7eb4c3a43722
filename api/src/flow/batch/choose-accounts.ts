import { MAX_EARNERS, MAX_LINES } from "./compose-batch.ts";

/** An account with usage that is due, and whom a line of it brings into the batch. */
export type Candidate = {
  accountId: string;
  /** Captures without platform-funded credit, and with. */
  paidCaptures: number;
  fundedCaptures: number;
  unsettledNano: bigint;
  fundedNano: bigint;
  /** Whose captures it has, in the order in which they come in: the dearest and the oldest by turns. */
  operators: string[];
  referrerId: string | null;
};

/** Captures in a batch: what is hashed in less than a minute. */
const MAX_CAPTURES = 1_000_000;
/** Receipts of an account in a batch. Whoever asks for a proof has all of them hashed again. */
export const MAX_PER_ACCOUNT = 100_000;
/** Kept for the platform's own lines, as payer and as earner. */
const PLATFORM_LINES = 2;

/**
 * The first candidates whose lines, with those of whom they bring in, stay within what a batch may have, and whose
 * captures within what is hashed at once. An account brings in at most half of the earners that there is still room for;
 * its captures with others wait. So any account can be settled, and none keeps the others out.
 */
export function chooseAccounts(candidates: Candidate[]): Candidate[] {
  const chosen: Candidate[] = [];
  const earners = new Set<string>();
  let captures = 0;
  for (const candidate of candidates) {
    const lines = MAX_LINES - PLATFORM_LINES - chosen.length - 1;
    const left = Math.min(lines, MAX_EARNERS) - earners.size;
    if (left < 0 || captures >= MAX_CAPTURES) continue;
    const operators = joining(candidate.operators, { earners, most: Math.ceil(left / 2) });
    if (operators.length === 0) continue;
    for (const operator of operators) earners.add(operator);
    // One for whom there is no room has no line yet: what he is due is carried.
    if (candidate.referrerId !== null && earners.size < Math.min(lines, MAX_EARNERS)) earners.add(candidate.referrerId);
    chosen.push({ ...candidate, operators });
    captures += Math.min(candidate.paidCaptures, MAX_PER_ACCOUNT) + Math.min(candidate.fundedCaptures, MAX_PER_ACCOUNT);
  }
  return chosen;
}

/** Those who are in the batch already, and the first of the others. */
function joining(operators: string[], { earners, most }: { earners: ReadonlySet<string>; most: number }): string[] {
  let places = most;
  return operators.filter((operator) => earners.has(operator) || places-- > 0);
}
