import type { Address, Hex } from "viem";
import { MAX_DEBT } from "./account.ts";
import { type EscrowState, type LiveBatch, PLATFORM } from "./escrow-state.ts";
import { Refused, refuseIf } from "./refused.ts";

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

function requireAscending(state: EscrowState, lines: readonly ModelLine[]): void {
  let previous = 0;
  for (const { id } of lines) {
    refuseIf(id <= previous, "LinesNotAscending");
    previous = id;
  }
  refuseIf(previous > state.accounts.size, "UnknownAccount");
}

/** In the order of the contract: a line's own refusal comes before that of the batch's last id. */
function debit(state: EscrowState, lines: readonly ModelLine[]): Map<number, bigint> {
  let platform = 0n;
  let previous = 0;
  const writtenOff = new Map<number, bigint>();
  for (const { id, amount } of lines) {
    refuseIf(id <= previous, "LinesNotAscending");
    previous = id;
    const account = state.accounts.get(id);
    if (id === PLATFORM) platform += amount;
    else if (account) {
      const room = MAX_DEBT - account.debt;
      const short = account.spend(amount, state.now);
      if (short > room) writtenOff.set(id, short - room);
      platform += short;
    } else refuseIf(amount > 0n, "DayLimitExceeded"); // a limit of zero
  }
  refuseIf(previous > state.accounts.size, "UnknownAccount");
  state.account(PLATFORM).debit(platform);
  return writtenOff;
}

function earn(state: EscrowState, lines: readonly ModelLine[], bps: bigint): LiveBatch["earned"] {
  requireAscending(state, lines);
  return lines.map(({ id, amount }) => ({
    id,
    bps,
    gross: amount,
    net: state.earner(id).accrue(amount, bps, state.today),
  }));
}

const netOf = (lines: LiveBatch["earned"]): bigint => lines.reduce((sum, { net }) => sum + net, 0n);

/** @param digest what the contract keeps of the batch */
export function settle(state: EscrowState, batch: ModelBatch, digest: Hex): void {
  state.requireRunning("settlement");
  refuseIf(batch.seq !== state.seq + 1n, "WrongSequence");
  refuseIf(batch.prev !== state.lastDigest, "WrongPrevious");
  state.deadline(batch.deadline);
  refuseIf(batch.deadline > state.now + 600n, "DeadlineTooFar");

  refuseIf(!batch.signed, "InvalidSignature");

  const gross = sumOf(batch.debits);
  const writtenOff = debit(state, batch.debits);
  const credits = earn(state, batch.credits, 8_000n);
  refuseIf(sumOf(batch.credits) !== gross, "NotConserved");
  const referrals = earn(state, batch.referrals, 100n);
  refuseIf(sumOf(batch.referrals) > gross, "ReferralsExceedGross");
  const platform = gross - netOf(credits) - netOf(referrals);
  refuseIf(platform < 0n, "SplitExceedsGross");
  state.earner(PLATFORM).earn(platform, state.today);
  state.settled.draw(gross, state.now);

  state.seq = batch.seq;
  [state.settledAt, state.lastDigest] = [state.now, digest];
  const { seq, prev, debits } = batch;
  const earned = [...credits, ...referrals];
  state.live.push({ seq, prev, digest, settledAt: state.now, gross, debits, writtenOff, earned, platform });
}

/** Undoes the newest live batch. @param digest of the batch that is given, as the contract keeps it */
export function voidBatch(state: EscrowState, digest: Hex, sender: Address): void {
  state.requireGuardian(sender);
  refuseIf(state.now >= state.pausedUntil.settlement, "NotPaused");
  const last = state.live.at(-1);
  if (!last || last.digest !== digest) throw new Refused("NotLastBatch");
  state.deadline(last.settledAt + 86_400n);

  let platform = 0n;
  for (const { id, amount } of last.debits) {
    const lost = last.writtenOff.get(id) ?? 0n;
    platform += id === PLATFORM ? amount : lost + state.account(id).refund(amount, amount - lost, state.now);
  }
  state.account(PLATFORM).credit(platform);
  const day = last.settledAt / 86_400n;
  for (const { id, bps, gross, net } of last.earned) state.earner(id).unaccrue(gross, bps, { net, day });
  state.earner(PLATFORM).earn(-last.platform, day);
  state.settled.refill(last.gross, state.now);
  state.lastDigest = last.prev;
  state.live.pop();
}
