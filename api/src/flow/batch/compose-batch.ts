import { type MicroUsdc, microToNano, microUsdc, type NanoUsd, nanoToMicro, nanoUsd } from "@infr/money";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { type ComposedReferral, composeReferrals, type Referrals } from "./compose-referrals.ts";

/** Somebody has captures in a batch and no lasting number in the contract: a reorganisation may have taken it. */
export class UnknownPartyError extends Error {
  override readonly name = "UnknownPartyError";

  constructor(of: string) {
    super(`${of} has no number in the contract that a batch could name`);
  }
}

/** What somebody carries out of his last batch, in nano-dollars, and the number of that batch. */
export type Carried = { carryNano: bigint; seq: bigint };

/** The platform's number in the contract. */
export const PLATFORM_NUMBER = 1;
/**
 * Below this gross per earning line, rounding could eat the platform's share: the contract would refuse the batch. A
 * line rounds up to a micro-dollar in its earner's favour, the platform has 19 % of the gross.
 */
const MIN_GROSS_PER_LINE_MICRO = 6n;
/** Lines of all three kinds, 1,050 and the platform's two: they settle with less than 6.1 million gas. */
export const MAX_LINES = 1_052;
/**
 * Operators and referrers in a batch. The line of one whom the contract has never paid costs 24,000 gas, four times the
 * usual: with so many of them, all new, a batch is still within what a transaction may have (EIP-7825).
 */
export const MAX_EARNERS = 500;

/** What an account's captures in a batch come to, in nano-dollars. */
export type Payments = { accountId: string; paidNano: bigint; fundedNano: bigint; captures: number };

/** What an operator's captures in a batch come to, in nano-dollars, gross. */
export type Gross = { accountId: string; grossNano: bigint };

/** One account's or earner's line: carryIn + nano − carryOut = line. */
export type ComposedLine = {
  accountId: string;
  number: number;
  /** What the captures come to. */
  nano: NanoUsd;
  /** Platform-funded, for an account; not in its line. */
  fundedNano: NanoUsd;
  carryIn: NanoUsd;
  carryOut: NanoUsd;
  line: MicroUsdc;
  /** Sequence number of the batch that holds its previous leaf, 0 if none. */
  previousSeq: bigint;
  captures: number;
};

export type ComposedBatch = {
  accounts: ComposedLine[];
  earners: ComposedLine[];
  referrers: ComposedReferral[];
  gross: MicroUsdc;
};

/** All that decides about a batch's lines: the same input, in any order, always gives the same lines. */
export type BatchInput = {
  payments: Payments[];
  gross: Gross[];
  /** Numbers in the contract, by account. */
  numbers: ReadonlyMap<string, number>;
  carries: { accounts: ReadonlyMap<string, Carried>; earners: ReadonlyMap<string, Carried> };
  referrals: Referrals;
};

/**
 * Turns captures into lines: the one place where money is rounded. Everybody's line is in whole micro-dollars, what is
 * left over is carried into his next batch. Platform-funded usage, and the few micro-dollars between what accounts pay
 * and operators get, are a line of the platform. Lines are ordered by number, as the contract wants them.
 * @returns null when the gross is too small for so many earning lines: the captures wait
 */
export function composeBatch({
  payments,
  gross: earned,
  numbers,
  carries,
  referrals,
}: BatchInput): ComposedBatch | null {
  const accounts = new Map<string, ComposedLine>();
  const earners = new Map<string, ComposedLine>();
  const numberOf = (accountId: string): number => {
    const number = numbers.get(accountId);
    if (number === undefined) throw new UnknownPartyError(accountId);
    return number;
  };
  let funded = 0n;
  for (const { accountId, paidNano, fundedNano, captures } of payments) {
    const line = newLine({ accountId, number: numberOf(accountId), carried: carries.accounts });
    accounts.set(accountId, round({ ...line, nano: nanoUsd(paidNano), fundedNano: nanoUsd(fundedNano), captures }));
    funded += fundedNano;
  }
  for (const { accountId, grossNano } of earned) {
    const line = newLine({ accountId, number: numberOf(accountId), carried: carries.earners });
    earners.set(accountId, round({ ...line, nano: nanoUsd(grossNano) }));
  }
  balance({ accounts, earners, carries, funded: nanoUsd(funded) });
  const gross = sumOfLines(accounts);
  const earningLines = BigInt([...earners.values()].filter(({ line }) => line > 0n).length);
  const borne = Number(gross / MIN_GROSS_PER_LINE_MICRO - earningLines);
  if (borne < 0) return null;
  const lines = [...accounts.values()];
  const mostLines = Math.min(borne, MAX_LINES - accounts.size - earners.size, MAX_EARNERS - earners.size);
  const referrers = composeReferrals({ lines, numbers, referrals, gross, mostLines });
  return { accounts: byNumber(accounts), earners: byNumber(earners), referrers, gross };
}

function newLine({
  accountId,
  number,
  carried,
}: {
  accountId: string;
  number: number;
  carried: ReadonlyMap<string, Carried>;
}): ComposedLine {
  const before = carried.get(accountId);
  const zero = nanoUsd(0n);
  return {
    accountId,
    number,
    nano: zero,
    fundedNano: zero,
    carryIn: nanoUsd(before?.carryNano ?? 0n),
    carryOut: zero,
    line: microUsdc(0n),
    previousSeq: before?.seq ?? 0n,
    captures: 0,
  };
}

/** The platform's own carry may be below zero, where it advanced others' fractions: its line is never. */
function round(line: ComposedLine): ComposedLine {
  const { micro } = nanoToMicro(nanoUsd(line.carryIn + line.nano));
  return withLine(line, microUsdc(micro > 0n ? micro : 0n));
}

const withLine = (line: ComposedLine, amount: MicroUsdc): ComposedLine => ({
  ...line,
  line: amount,
  carryOut: nanoUsd(line.carryIn + line.nano - microToNano(amount)),
});

/** Gives the platform the line, as payer or as earner, that makes what is paid and what is earned the same. */
function balance({
  accounts,
  earners,
  carries,
  funded,
}: {
  accounts: Map<string, ComposedLine>;
  earners: Map<string, ComposedLine>;
  carries: BatchInput["carries"];
  funded: NanoUsd;
}): void {
  const missing = sumOfLines(earners) - sumOfLines(accounts);
  const platform = { accountId: PLATFORM_ACCOUNT, number: PLATFORM_NUMBER };
  if (missing > 0n || funded > 0n) {
    const payer = accounts.get(PLATFORM_ACCOUNT) ?? newLine({ ...platform, carried: carries.accounts });
    const paying = { ...payer, nano: nanoUsd(payer.nano + funded) };
    accounts.set(PLATFORM_ACCOUNT, withLine(paying, microUsdc(payer.line + (missing > 0n ? missing : 0n))));
  }
  if (missing < 0n) {
    const earner = earners.get(PLATFORM_ACCOUNT) ?? newLine({ ...platform, carried: carries.earners });
    earners.set(PLATFORM_ACCOUNT, withLine(earner, microUsdc(earner.line - missing)));
  }
}

const sumOfLines = (lines: ReadonlyMap<string, ComposedLine>): MicroUsdc =>
  microUsdc([...lines.values()].reduce((sum, { line }) => sum + line, 0n));

const byNumber = (lines: ReadonlyMap<string, ComposedLine>): ComposedLine[] =>
  [...lines.values()].sort((a, b) => a.number - b.number);
