import type { Address } from "viem";
import type { EscrowState } from "./escrow-state.ts";
import { Refused, refuseIf } from "./refused.ts";

const REFUND_DELAY = 604_800n;

/** One transfer of USDC that nobody booked, named by its log. */
export interface Stray {
  amount: bigint;
  log: number;
}

export interface RefundArgs extends Stray {
  to: Address | null;
}

const keyOf = ({ to, amount, log }: RefundArgs): string => `${to}/${amount}/${log}`;

function useLog(state: EscrowState, { amount, log }: Stray): void {
  refuseIf(state.usedLogs.has(String(log)), "LogUsed");
  refuseIf(amount > state.surplus, "SurplusExceeded");
  state.usedLogs.add(String(log));
}

export function attribute(state: EscrowState, sender: Address, { id, ...stray }: Stray & { id: number }): void {
  state.requireRole("attributor", sender);
  refuseIf(stray.amount === 0n, "AmountBelowMinimum");
  useLog(state, stray);
  state.attributed.draw(stray.amount, state.now);
  state.requireRunning("deposits");
  state.credit(id, stray.amount);
  const account = state.account(id);
  if (sender === account.owner) account.exitAt = 0n;
}

export function queueRefund(state: EscrowState, sender: Address, refund: RefundArgs): void {
  state.requireRole("governor", sender);
  refuseIf(refund.to === null || refund.to === state.escrow, "InvalidAddress");
  refuseIf(refund.amount === 0n, "AmountBelowMinimum");
  state.refunds.set(keyOf(refund), state.now + REFUND_DELAY);
}

function takeRefund(state: EscrowState, refund: RefundArgs): bigint {
  const maturesAt = state.refunds.get(keyOf(refund));
  if (maturesAt === undefined) throw new Refused("NoRefund");
  state.refunds.delete(keyOf(refund));
  return maturesAt;
}

export function cancelRefund(state: EscrowState, sender: Address, refund: RefundArgs): void {
  state.requireGuardian(sender);
  takeRefund(state, refund);
}

export function refundSurplus(state: EscrowState, refund: RefundArgs): void {
  refuseIf(state.now < takeRefund(state, refund), "NotMatured");
  useLog(state, refund);
  state.token.move(state.escrow, refund.to ?? state.escrow, state.escrow, refund.amount);
}

/** @param asset ETH, or a token of which only USDC is known here */
export function rescue(
  state: EscrowState,
  sender: Address,
  args: { asset: "eth" | "usdc"; to: Address; amount: bigint },
) {
  state.requireRole("governor", sender);
  refuseIf(args.asset === "usdc", "InvalidAddress");
  refuseIf(args.to === state.escrow, "InvalidAddress");
  refuseIf(args.amount > state.eth, "InsufficientBalance");
  state.eth -= args.amount;
}
