import { microToNano, nanoUsd, OPERATOR_BPS, REFERRAL_BPS } from "@infr/money";
import type { Tx } from "../../db/types.ts";
import { fillDayLimits } from "../../ledger/chain-day-store.ts";
import { countSettled } from "../../ledger/store.ts";
import type { SettledLine } from "./settlement-entries.ts";

type Lines = { credits: SettledLine[]; referrals: SettledLine[] };

/** Settled debits count for the overdraft allowance, and against the contract's day limit. */
export const countLines = (tx: Tx, debits: SettledLine[]): Promise<void> => count(tx, { debits, sign: 1n });

/** They count no more. */
export const uncountLines = (tx: Tx, debits: SettledLine[]): Promise<void> => count(tx, { debits, sign: -1n });

async function count(tx: Tx, { debits, sign }: { debits: SettledLine[]; sign: bigint }): Promise<void> {
  const amounts = debits.map(({ accountId, amount }) => ({ accountId, amount: nanoUsd(sign * microToNano(amount)) }));
  await countSettled(tx, amounts);
  await fillDayLimits(tx, amounts);
}

export const earnersOf = ({ credits, referrals }: Lines): string[] => [
  ...new Set([...credits, ...referrals].map((line) => line.accountId)),
];

/** Carries add up modulo ten thousand, so what they were before a batch follows from what they are after it. */
export function carriesBefore(
  carries: ReadonlyMap<string, bigint>,
  { credits, referrals }: Lines,
): Map<string, bigint> {
  const before = new Map(carries);
  const take = ({ accountId, amount }: SettledLine, bps: bigint) => {
    const carry = ((before.get(accountId) ?? 0n) - amount * bps) % 10_000n;
    before.set(accountId, (carry + 10_000n) % 10_000n);
  };
  for (const line of credits) take(line, OPERATOR_BPS);
  for (const line of referrals) take(line, REFERRAL_BPS);
  return before;
}
