import { NANO_PER_MICRO } from "@infr/money";

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
  /** The most that one line can say. No batch is larger, so neither is a line of any kind. */
  maxLine: bigint;
};

/** How much of an account's captures may be claimed, in nano-dollars. */
export type Room = {
  accountId: string;
  /** What is paid, with what is carried in, has to stay below it. */
  lineNano: bigint;
  /** What the platform pays may not exceed it. */
  fundedNano: bigint;
};

/** Kept back of the platform's balance, in µUSDC: what rounding may ask of it, a micro-dollar a line. */
const ROUNDING_RESERVE = 10_000n;

/**
 * How large each account's line may get, so that the contract takes the batch as a whole: no line above its day limit
 * or what account 1 can cover of it, all lines together within the capacity. First come, first served; what does not
 * fit waits for a later batch. What accounts pay themselves comes first: platform-paid captures get what that leaves.
 */
export function allocateRooms(applicants: Applicant[], { capacity, platformBalance, maxLine }: Budget): Room[] {
  let left = atLeastZero(least(capacity, maxLine) - BigInt(applicants.length));
  let cover = atLeastZero(platformBalance - ROUNDING_RESERVE);
  const lines = applicants.map(({ unsettledNano, balance, debtRoom, limitRoom }) => {
    const wanted = unsettledNano / NANO_PER_MICRO + 1n;
    const short = least(atLeastZero(wanted - balance), atLeastZero(debtRoom), cover);
    const room = least(wanted, balance + short, atLeastZero(limitRoom), left);
    left -= room;
    cover -= atLeastZero(room - balance);
    // One micro-dollar more: a line is rounded down, so anything below the next whole one still fits.
    return (room + 1n) * NANO_PER_MICRO;
  });
  return applicants.map(({ accountId, fundedNano }, index) => {
    const wanted = (fundedNano + NANO_PER_MICRO - 1n) / NANO_PER_MICRO;
    const granted = least(wanted, left, cover);
    left -= granted;
    cover -= granted;
    return { accountId, lineNano: lines[index] ?? 0n, fundedNano: granted * NANO_PER_MICRO };
  });
}

const least = (...amounts: bigint[]): bigint => amounts.reduce((a, b) => (a < b ? a : b));
const atLeastZero = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
