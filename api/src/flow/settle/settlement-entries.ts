import { type MicroUsdc, microToNano, microUsdc, OPERATOR_BPS, REFERRAL_BPS, shareOf } from "@infr/money";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import type { Entry } from "../../ledger/entry.ts";

/** A line of a batch, by API account. */
export type SettledLine = { accountId: string; amount: MicroUsdc };

/** What a batch did on-chain, and what the contract carried for its earners before it. */
export type SettledBatch = {
  debits: SettledLine[];
  credits: SettledLine[];
  referrals: SettledLine[];
  /** Debits that exceeded the balance: they became debt, and the platform paid. */
  overdrawn: SettledLine[];
  /** Debits that exceeded the debt cap too: the platform's loss. */
  writtenOff: SettledLine[];
  carries: ReadonlyMap<string, bigint>;
};

/**
 * The entries of a settled batch, with the contract's own arithmetic: operators get 80 % of their gross, referrers 1 %
 * of what they referred out of the platform's share, the platform the exact rest. Earners' carries come out new.
 */
export function settlementEntries(batch: SettledBatch): {
  entries: Entry[];
  carries: Map<string, bigint>;
  platformNet: MicroUsdc;
} {
  const carries = new Map(batch.carries);
  const earn = ({ accountId, amount }: SettledLine, bps: bigint): MicroUsdc => {
    const share = shareOf({ gross: amount, bps, carry: carries.get(accountId) ?? 0n });
    carries.set(accountId, share.carry);
    return share.net;
  };
  const entries = [
    ...batch.debits.flatMap((line) => debitEntries(line, batch)),
    ...batch.overdrawn.map(debtEntry),
    ...batch.writtenOff.map(lossEntry),
  ];
  let platformNet = 0n;
  for (const line of batch.credits) {
    const net = earn(line, OPERATOR_BPS);
    const unsettled = { book: "unsettled", account: line.accountId } as const;
    entries.push({ debit: unsettled, credit: earningsOf(line.accountId), amount: microToNano(net) });
    entries.push({
      debit: unsettled,
      credit: earningsOf(PLATFORM_ACCOUNT),
      amount: microToNano(microUsdc(line.amount - net)),
    });
    platformNet += line.amount - net;
  }
  for (const line of batch.referrals) {
    const kickback = earn(line, REFERRAL_BPS);
    entries.push({
      debit: earningsOf(PLATFORM_ACCOUNT),
      credit: earningsOf(line.accountId),
      amount: microToNano(kickback),
    });
    platformNet -= kickback;
  }
  return { entries, carries, platformNet: microUsdc(platformNet) };
}

const earningsOf = (account: string) => ({ book: "earnings", account }) as const;

/** An account pays its line; what its balance did not cover, the platform paid. */
function debitEntries({ accountId, amount }: SettledLine, { overdrawn, writtenOff }: SettledBatch): Entry[] {
  const short = [...overdrawn, ...writtenOff]
    .filter((line) => line.accountId === accountId)
    .reduce((sum, line) => sum + line.amount, 0n);
  const usage = { book: "usage", account: accountId } as const;
  return [
    { debit: { book: "credit", account: accountId }, credit: usage, amount: microToNano(microUsdc(amount - short)) },
    { debit: { book: "credit", account: PLATFORM_ACCOUNT }, credit: usage, amount: microToNano(microUsdc(short)) },
  ];
}

const debtEntry = ({ accountId, amount }: SettledLine): Entry => ({
  debit: { book: "debt", account: accountId },
  credit: { book: "debt_claim", account: PLATFORM_ACCOUNT },
  amount: microToNano(amount),
});

const lossEntry = ({ accountId, amount }: SettledLine): Entry => ({
  debit: { book: "written_off", account: accountId },
  credit: { book: "debt_claim", account: PLATFORM_ACCOUNT },
  amount: microToNano(amount),
});
