import { refuseIf } from "./refused.ts";

/** A refilling bucket: what batches settle, or what is attributed. */
export class CapacityModel {
  capacity: bigint;
  window: bigint;
  private used_ = 0n;
  private usedAt_ = 0n;

  constructor(capacity: bigint, window: bigint) {
    this.capacity = capacity;
    this.window = window;
  }

  used(now: bigint): bigint {
    const left = this.used_ - ((now - this.usedAt_) * this.capacity) / this.window;
    return left > 0n ? left : 0n;
  }

  available(now: bigint): bigint {
    const left = this.capacity - this.used(now);
    return left > 0n ? left : 0n;
  }

  draw(amount: bigint, now: bigint): void {
    if (amount === 0n) return;
    refuseIf(amount > this.available(now), "CapacityExceeded");
    [this.used_, this.usedAt_] = [this.used(now) + amount, now];
  }

  /** What an undone batch had drawn, as far as it has not refilled by itself. */
  refill(amount: bigint, now: bigint): void {
    const left = this.used(now) - amount;
    [this.used_, this.usedAt_] = [left > 0n ? left : 0n, now];
  }

  /** What has refilled until now has refilled at the old rate. */
  resize(capacity: bigint, window: bigint, now: bigint): void {
    [this.used_, this.usedAt_] = [this.used(now), now];
    [this.capacity, this.window] = [capacity, window];
  }
}
