import type { Hex } from "viem";
import { type EscrowState, PLATFORM } from "./escrow-state.ts";
import { refuseIf } from "./refused.ts";

export interface ModelLine {
  id: number;
  amount: bigint;
}

export interface ModelBatch {
  seq: bigint;
  prev: Hex;
  deadline: bigint;
  debits: ModelLine[];
  credits: ModelLine[];
  referrals: ModelLine[];
  signed: boolean;
}

const sumOf = (lines: readonly ModelLine[]): bigint => lines.reduce((sum, { amount }) => sum + amount, 0n);

/** The refilling bucket of all batches. */
export class CapacityModel {
  readonly capacity: bigint;
  readonly window: bigint;
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

  draw(amount: bigint, now: bigint): void {
    if (amount === 0n) return;
    const used = this.used(now) + amount;
    refuseIf(used > this.capacity, "CapacityExceeded");
    [this.used_, this.usedAt_] = [used, now];
  }
}

function requireAscending(state: EscrowState, lines: readonly ModelLine[]): void {
  let previous = 0;
  for (const { id } of lines) {
    refuseIf(id <= previous, "LinesNotAscending");
    previous = id;
  }
  refuseIf(previous > state.accounts.size, "UnknownAccount");
}

/** In the order of the contract: a line's own refusal comes before that of the batch's last id. */
function debit(state: EscrowState, lines: readonly ModelLine[]): void {
  let platform = 0n;
  let previous = 0;
  for (const { id, amount } of lines) {
    refuseIf(id <= previous, "LinesNotAscending");
    previous = id;
    if (id === PLATFORM) platform += amount;
    else if (state.accounts.has(id)) platform += state.account(id).spend(amount, state.now);
    else refuseIf(amount > 0n, "DayLimitExceeded"); // a limit of zero
  }
  refuseIf(previous > state.accounts.size, "UnknownAccount");
  state.account(PLATFORM).debit(platform);
}

function earn(state: EscrowState, lines: readonly ModelLine[], bps: bigint): bigint {
  requireAscending(state, lines);
  return lines.reduce((sum, { id, amount }) => sum + state.earner(id).accrue(amount, bps, state.today), 0n);
}

export function settle(state: EscrowState, capacity: CapacityModel, batch: ModelBatch): void {
  refuseIf(batch.seq !== state.seq + 1n, "WrongSequence");
  refuseIf(batch.prev !== state.lastDigest, "WrongPrevious");
  state.deadline(batch.deadline);
  refuseIf(batch.deadline > state.now + 600n, "DeadlineTooFar");

  refuseIf(!batch.signed, "InvalidSignature");

  const gross = sumOf(batch.debits);
  debit(state, batch.debits);
  const net = earn(state, batch.credits, 8_000n);
  refuseIf(sumOf(batch.credits) !== gross, "NotConserved");
  const kickback = earn(state, batch.referrals, 100n);
  refuseIf(sumOf(batch.referrals) > gross, "ReferralsExceedGross");
  refuseIf(net + kickback > gross, "SplitExceedsGross");
  state.earner(PLATFORM).earn(gross - net - kickback, state.today);
  capacity.draw(gross, state.now);

  state.seq = batch.seq;
  state.settledAt = state.now;
}
