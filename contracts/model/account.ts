import type { Address } from "viem";
import { min, refuseIf } from "./refused.ts";

export const MAX_DEBT = 2_000_000n;
const DAY = 86_400n;

/** An account as plain numbers; amounts in µUSDC, times in seconds. */
export class AccountModel {
  readonly id: number;
  owner: Address;
  nonce = 0n;
  balance = 0n;
  debt = 0n;
  dayLimit = 200_000_000n;
  exitAt = 0n;
  queuedOwner: { owner: Address; maturesAt: bigint } | null = null;
  queuedDayLimit: { perDay: bigint; maturesAt: bigint } | null = null;
  private used_ = 0n;
  private usedAt_ = 0n;

  constructor(id: number, owner: Address) {
    this.id = id;
    this.owner = owner;
  }

  /** A leaky bucket: `dayLimit` drains from it in a day. */
  usedAt(now: bigint): bigint {
    const drained = ((now - this.usedAt_) * this.dayLimit) / DAY;
    return this.used_ - min(this.used_, drained);
  }

  fill(used: bigint, now: bigint): void {
    this.used_ = used;
    this.usedAt_ = now;
  }

  setDayLimit(perDay: bigint, now: bigint): void {
    this.fill(min(this.usedAt(now), perDay), now);
    this.dayLimit = perDay;
    this.queuedDayLimit = null;
  }

  debit(amount: bigint): void {
    refuseIf(amount > this.balance, "InsufficientBalance");
    this.balance -= amount;
  }

  /** @returns what of it repaid debt */
  credit(amount: bigint): bigint {
    const repaid = min(this.debt, amount);
    this.debt -= repaid;
    this.balance += amount - repaid;
    return repaid;
  }

  /** Undoes a batch's line of which `back` was paid or lent. @returns what of it repaid debt */
  refund(amount: bigint, back: bigint, now: bigint): bigint {
    const used = this.usedAt(now);
    this.fill(used - min(used, amount), now);
    return this.credit(back);
  }

  /** A batch's line. @returns what account 1 has to pay of it */
  spend(amount: bigint, now: bigint): bigint {
    const used = this.usedAt(now) + amount;
    refuseIf(used > this.dayLimit, "DayLimitExceeded");
    this.fill(used, now);
    const paid = min(amount, this.balance);
    this.balance -= paid;
    this.debt += min(amount - paid, MAX_DEBT - this.debt);
    return amount - paid;
  }
}
