import { type MicroUsdc, microToNano, microUsdc, type NanoUsd, nanoToMicro, nanoUsd } from "@infr/money";
import { PLATFORM_ACCOUNT } from "../../ids.ts";

/** What somebody carries out of his last batch, in nano-dollars, and the number of that batch. */
export type Carried = { carryNano: bigint; seq: bigint };

/** The platform's number in the contract. */
export const PLATFORM_NUMBER = 1;
/** Below this gross per earning line, rounding could eat the platform's share: the contract would refuse the batch. */
const MIN_GROSS_PER_LINE_MICRO = 6n;

/** What composing needs to know of a capture. */
export type Capture = {
  accountId: string;
  accountNumber: number;
  operatorId: string;
  operatorNumber: number;
  cost: NanoUsd;
  /** The part of the cost that platform-funded credit pays. */
  funded: NanoUsd;
};

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

export type ComposedBatch = { accounts: ComposedLine[]; earners: ComposedLine[]; gross: MicroUsdc };

type Carries = { accounts: ReadonlyMap<string, Carried>; earners: ReadonlyMap<string, Carried> };

/**
 * Turns captures into lines: the one place where money is rounded. Everybody's line is in whole micro-dollars, what is
 * left over is carried into his next batch. Platform-funded usage, and the few micro-dollars between what accounts pay
 * and operators get, are a line of the platform. Lines are ordered by number, as the contract wants them.
 * @returns null when the gross is too small for so many earning lines: the captures wait
 */
export function composeBatch({ captures, carries }: { captures: Capture[]; carries: Carries }): ComposedBatch | null {
  const accounts = new Map<string, ComposedLine>();
  const earners = new Map<string, ComposedLine>();
  let funded = 0n;
  for (const capture of captures) {
    add(
      accounts,
      { accountId: capture.accountId, number: capture.accountNumber, carried: carries.accounts },
      capture.cost - capture.funded,
      capture.funded,
    );
    add(
      earners,
      { accountId: capture.operatorId, number: capture.operatorNumber, carried: carries.earners },
      capture.cost,
      0n,
    );
    funded += capture.funded;
  }
  for (const line of [...accounts.values(), ...earners.values()]) round(line);
  balance({ accounts, earners, carries, funded: nanoUsd(funded) });
  const gross = sumOfLines(accounts);
  const earningLines = BigInt([...earners.values()].filter(({ line }) => line > 0n).length);
  if (gross < MIN_GROSS_PER_LINE_MICRO * earningLines) return null;
  return { accounts: byNumber(accounts), earners: byNumber(earners), gross };
}

function add(
  lines: Map<string, ComposedLine>,
  { accountId, number, carried }: { accountId: string; number: number; carried: ReadonlyMap<string, Carried> },
  nano: bigint,
  fundedNano: bigint,
): ComposedLine {
  const line = lines.get(accountId) ?? newLine({ accountId, number, carried });
  line.nano = nanoUsd(line.nano + nano);
  line.fundedNano = nanoUsd(line.fundedNano + fundedNano);
  line.captures += 1;
  lines.set(accountId, line);
  return line;
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
function round(line: ComposedLine): void {
  const { micro } = nanoToMicro(nanoUsd(line.carryIn + line.nano));
  setLine(line, microUsdc(micro > 0n ? micro : 0n));
}

function setLine(line: ComposedLine, amount: MicroUsdc): void {
  line.line = amount;
  line.carryOut = nanoUsd(line.carryIn + line.nano - microToNano(amount));
}

/** Gives the platform the line, as payer or as earner, that makes what is paid and what is earned the same. */
function balance({
  accounts,
  earners,
  carries,
  funded,
}: {
  accounts: Map<string, ComposedLine>;
  earners: Map<string, ComposedLine>;
  carries: Carries;
  funded: NanoUsd;
}): void {
  const missing = sumOfLines(earners) - sumOfLines(accounts);
  const platform = { accountId: PLATFORM_ACCOUNT, number: PLATFORM_NUMBER };
  if (missing > 0n || funded > 0n) {
    const payer = accounts.get(PLATFORM_ACCOUNT) ?? newLine({ ...platform, carried: carries.accounts });
    payer.nano = nanoUsd(payer.nano + funded);
    setLine(payer, microUsdc(payer.line + (missing > 0n ? missing : 0n)));
    accounts.set(PLATFORM_ACCOUNT, payer);
  }
  if (missing < 0n) {
    const earner = earners.get(PLATFORM_ACCOUNT) ?? newLine({ ...platform, carried: carries.earners });
    setLine(earner, microUsdc(earner.line - missing));
    earners.set(PLATFORM_ACCOUNT, earner);
  }
}

const sumOfLines = (lines: ReadonlyMap<string, ComposedLine>): MicroUsdc =>
  microUsdc([...lines.values()].reduce((sum, { line }) => sum + line, 0n));

const byNumber = (lines: ReadonlyMap<string, ComposedLine>): ComposedLine[] =>
  [...lines.values()].sort((a, b) => a.number - b.number);
