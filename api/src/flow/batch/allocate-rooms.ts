import { NANO_PER_MICRO } from "@infr/money";
import type { Room } from "./store.ts";

/** What the contract says of an account that wants a line, in µUSDC, and what it has to settle. */
export type Applicant = {
  accountId: string;
  unsettledNano: bigint;
  /** Platform-funded usage of it, which account 1 pays. */
  fundedNano: bigint;
  balance: bigint;
  /** What it may still be overdrawn on-chain: the debt cap less its debt. */
  debtRoom: bigint;
  /** What its day limit leaves. */
  limitRoom: bigint;
};

/** What the whole batch may come to, in µUSDC. */
export type Budget = {
  /** What the contract lets a batch settle at once by now. */
  capacity: bigint;
  /** Balance of account 1, which pays what accounts fall short of, and the rounding. */
  platformBalance: bigint;
  /** The most that one line can say. */
  maxLine: bigint;
};

/** Kept back of the platform's balance, in µUSDC: what rounding may ask of it, a micro-dollar a line. */
const ROUNDING_RESERVE = 10_000n;

/**
 * How large each account's line may get, so that the contract takes the batch as a whole: no line above its day limit
 * or what account 1 can cover of it, all lines together within the capacity. First come, first served; what does not
 * fit waits for a later batch.
 */
export function allocateRooms(applicants: Applicant[], { capacity, platformBalance, maxLine }: Budget): Room[] {
  let left = atLeastZero(capacity - BigInt(applicants.length));
  let cover = platformBalance > ROUNDING_RESERVE ? platformBalance - ROUNDING_RESERVE : 0n;
  return applicants.map(({ accountId, unsettledNano, fundedNano, balance, debtRoom, limitRoom }) => {
    const funded = (fundedNano + NANO_PER_MICRO - 1n) / NANO_PER_MICRO;
    if (funded > left || funded > cover) return { accountId, roomNano: 0n };
    left -= funded;
    cover -= funded;
    const wanted = unsettledNano / NANO_PER_MICRO + 1n;
    const short = least(atLeastZero(wanted - balance), atLeastZero(debtRoom), cover);
    const room = least(wanted, balance + short, atLeastZero(limitRoom), maxLine, left);
    left -= room;
    cover -= atLeastZero(room - balance);
    // One micro-dollar more: a line is rounded down, so anything below the next whole one still fits.
    return { accountId, roomNano: (room + 1n) * NANO_PER_MICRO };
  });
}

const least = (...amounts: bigint[]): bigint => amounts.reduce((a, b) => (a < b ? a : b));
const atLeastZero = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
