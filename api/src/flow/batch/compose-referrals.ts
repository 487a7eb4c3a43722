import { type MicroUsdc, microUsdc } from "@infr/money";
import { PLATFORM_ACCOUNT } from "../../ids.ts";

/** Who brought whom, and what referrers carry out of their last batch, in micro-dollars. */
export type Referrals = { referrerOf: ReadonlyMap<string, string>; carried: ReadonlyMap<string, bigint> };

/** What a referrer's accounts paid in a batch: carryIn + referred − carryOut = line. */
export type ComposedReferral = {
  accountId: string;
  /** Null while the contract has no account for him: then all of it is carried. */
  number: number | null;
  referred: MicroUsdc;
  carryIn: MicroUsdc;
  carryOut: MicroUsdc;
  line: MicroUsdc;
};

/**
 * Referred gross of settled paid usage, by referrer: the sum of his accounts' lines, which are whole micro-dollars, so
 * that nothing is rounded; the contract takes 1 % of it out of the platform's share. The contract takes no more than
 * the batch's gross, and as many lines as the platform's share can bear: the largest come first, the rest is carried.
 */
export function composeReferrals({
  lines,
  numbers,
  referrals: { referrerOf, carried },
  gross,
  mostLines,
}: {
  lines: ReadonlyArray<{ accountId: string; line: MicroUsdc }>;
  numbers: ReadonlyMap<string, number>;
  referrals: Referrals;
  gross: MicroUsdc;
  mostLines: number;
}): ComposedReferral[] {
  const referred = new Map<string, bigint>();
  for (const { accountId, line } of lines) {
    const referrerId = referrerOf.get(accountId);
    if (referrerId === undefined || accountId === PLATFORM_ACCOUNT || line === 0n) continue;
    referred.set(referrerId, (referred.get(referrerId) ?? 0n) + line);
  }
  const due = [...new Set([...referred.keys(), ...carried.keys()])]
    .map((accountId) => ({
      accountId,
      number: numbers.get(accountId) ?? null,
      referred: referred.get(accountId) ?? 0n,
      carryIn: carried.get(accountId) ?? 0n,
    }))
    .filter(({ number, referred: amount, carryIn }) => amount > 0n || (carryIn > 0n && number !== null))
    .sort((a, b) => Number(b.referred + b.carryIn - a.referred - a.carryIn) || (a.accountId < b.accountId ? -1 : 1));
  let left: bigint = gross;
  let places = mostLines;
  const composed = due.map(({ accountId, number, referred: amount, carryIn }): ComposedReferral => {
    const total = carryIn + amount;
    const line = number === null || places <= 0 ? 0n : total < left ? total : left;
    left -= line;
    if (line > 0n) places -= 1;
    return {
      accountId,
      number,
      referred: microUsdc(amount),
      carryIn: microUsdc(carryIn),
      carryOut: microUsdc(total - line),
      line: microUsdc(line),
    };
  });
  return composed.sort((a, b) => (a.number ?? 0) - (b.number ?? 0) || (a.accountId < b.accountId ? -1 : 1));
}
