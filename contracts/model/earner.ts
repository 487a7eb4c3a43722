import type { Address } from "viem";
import { refuseIf } from "./refused.ts";

const BPS = 10_000n;
const WINDOW_DAYS = 30n;

/** An earner as a list of what was earned on which day: no buckets, no carry. */
export class EarnerModel {
  payoutTo: Address | null = null;
  queuedPayoutTo: { to: Address | null; maturesAt: bigint } | null = null;
  private readonly earned_ = new Map<bigint, bigint>();
  private taken_ = 0n;
  private lifetimeBps_ = 0n;
  private window_ = { paid: 0n, day: 0n };

  /** Ten-thousandths of a µUSDC that wait for the next batch. */
  get carry(): bigint {
    return this.lifetimeBps_ % BPS;
  }

  /** A share of a lifetime's gross, rounded down once. @returns what this line adds to it */
  accrue(gross: bigint, bps: bigint, today: bigint): bigint {
    const before = this.lifetimeBps_ / BPS;
    this.lifetimeBps_ += gross * bps;
    const net = this.lifetimeBps_ / BPS - before;
    this.earn(net, today);
    return net;
  }

  /** Undoes `accrue` of a line that earned `net` on that day. */
  unaccrue(gross: bigint, bps: bigint, { net, day }: { net: bigint; day: bigint }): void {
    this.lifetimeBps_ -= gross * bps;
    this.earn(-net, day);
  }

  earn(amount: bigint, today: bigint): void {
    this.earned_.set(today, this.earnedOn(today) + amount);
  }

  earnedOn(day: bigint): bigint {
    return this.earned_.get(day) ?? 0n;
  }

  get lifetime(): bigint {
    return [...this.earned_.values()].reduce((sum, amount) => sum + amount, 0n);
  }

  /** All that was earned, less what is held: today's and yesterday's. */
  available(today: bigint): bigint {
    return this.lifetime - this.earnedOn(today) - this.earnedOn(today - 1n) - this.taken_;
  }

  take(amount: bigint, today: bigint): void {
    refuseIf(amount > this.available(today), "InsufficientEarnings");
    this.taken_ += amount;
  }

  /** What has been paid out of late, fading evenly within 30 days, rounded up. */
  windowPaid(today: bigint): bigint {
    const age = today - this.window_.day;
    if (age >= WINDOW_DAYS) return 0n;
    return (this.window_.paid * (WINDOW_DAYS - age) + WINDOW_DAYS - 1n) / WINDOW_DAYS;
  }

  pay(amount: bigint, today: bigint): void {
    this.window_ = { paid: this.windowPaid(today) + amount, day: today };
    this.take(amount, today);
  }

  /** Where payouts go now; null: to the owner. */
  route(now: bigint): { to: Address | null; queued: EarnerModel["queuedPayoutTo"] } {
    const queued = this.queuedPayoutTo;
    return queued && now >= queued.maturesAt ? { to: queued.to, queued: null } : { to: this.payoutTo, queued };
  }

  mature(now: bigint): void {
    const { to, queued } = this.route(now);
    [this.payoutTo, this.queuedPayoutTo] = [to, queued];
  }
}
