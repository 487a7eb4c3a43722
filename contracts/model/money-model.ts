import type { Address } from "viem";
import { type EscrowState, PLATFORM } from "./escrow-state.ts";
import { refuseIf } from "./refused.ts";

const MIN_DEPOSIT = 5_000_000n;
const MIN_PAYER_DEPOSIT = 1_000_000n;
const MIN_PAYOUT = 10_000_000n;
const UNVERIFIED_LIMIT = 500_000_000n;
const DAY = 86_400n;

export interface Payment {
  payer: Address;
  /** Who calls the token. */
  spender: Address;
  amount: bigint;
}

function book(state: EscrowState, id: number, { payer, spender, amount }: Payment): void {
  state.requireRunning("deposits");
  state.credit(id, amount);
  const account = state.account(id);
  if (payer === account.owner) account.exitAt = 0n;
  state.token.move(payer, state.escrow, spender, amount);
}

export function deposit(state: EscrowState, id: number, payment: Payment): void {
  refuseIf(payment.amount < MIN_DEPOSIT, "AmountBelowMinimum");
  book(state, id, payment);
}

/** Every rail that names the account by owner and salt. */
export function depositFor(state: EscrowState, to: { owner: Address; salt: number }, payment: Payment): void {
  refuseIf(payment.amount < MIN_DEPOSIT, "AmountBelowMinimum");
  book(state, state.open(to.owner, to.salt), payment);
}

export function depositFromPayer(state: EscrowState, payment: Payment): void {
  refuseIf(payment.amount < MIN_PAYER_DEPOSIT, "AmountBelowMinimum");
  book(state, state.open(payment.payer, 0), payment);
}

/** @param forwarder where the USDC lies: less than a deposit waits there */
export function sweep(state: EscrowState, to: { owner: Address; salt: number }, forwarder: Address): void {
  const id = state.idOfRef.get(`${to.owner}/${to.salt}`);
  refuseIf(!id, "UnknownRef");
  const amount = state.token.balanceOf(forwarder);
  if (amount >= MIN_DEPOSIT) book(state, id ?? 0, { payer: forwarder, spender: forwarder, amount });
}

const mayBePaid = (state: EscrowState, id: number, windowPaid: bigint): boolean =>
  windowPaid <= UNVERIFIED_LIMIT || id === PLATFORM || state.believing.has(state.policy);

export function withdraw(state: EscrowState, id: number, { amount, sender }: { amount: bigint; sender: Address }) {
  const { owner } = state.owned(id, sender);
  state.requireRunning("payouts");
  refuseIf(amount < MIN_PAYOUT, "AmountBelowMinimum");
  refuseIf(state.isSuspended(id), "EarnerSuspended");
  const earner = state.earner(id);
  refuseIf(amount > earner.available(state.today), "InsufficientEarnings");
  refuseIf(!mayBePaid(state, id, earner.windowPaid(state.today) + amount), "NotVerified");
  earner.pay(amount, state.today);
  earner.mature(state.now);
  state.token.move(state.escrow, earner.payoutTo ?? owner, state.escrow, amount);
}

/** Who can't be paid is left out. A change of address that has matured stays matured, paid or not. */
export function payout(state: EscrowState, ids: readonly number[]): void {
  state.requireRunning("payouts");
  for (const id of ids) {
    const account = state.accounts.get(id);
    if (!account || state.isSuspended(id)) continue;
    const earner = state.earner(id);
    const amount = earner.available(state.today);
    if (amount < MIN_PAYOUT) continue;
    if (!mayBePaid(state, id, earner.windowPaid(state.today) + amount)) continue;
    earner.mature(state.now);
    const to = earner.payoutTo ?? account.owner;
    if (state.token.refuses(state.escrow, to, state.escrow)) continue;
    earner.pay(amount, state.today);
    state.token.move(state.escrow, to, state.escrow, amount);
  }
}

export function convertEarnings(
  state: EscrowState,
  id: number,
  { amount, sender }: { amount: bigint; sender: Address },
) {
  state.requireRunning("payouts");
  state.owned(id, sender);
  refuseIf(state.isSuspended(id), "EarnerSuspended");
  refuseIf(amount === 0n, "AmountBelowMinimum");
  state.earner(id).take(amount, state.today);
  state.credit(id, amount);
}

export function setPayoutTo(state: EscrowState, id: number, { to, sender }: { to: Address | null; sender: Address }) {
  state.owned(id, sender);
  refuseIf(to === state.escrow, "InvalidAddress");
  const earner = state.earner(id);
  earner.mature(state.now);
  earner.queuedPayoutTo = { to, maturesAt: state.now + DAY };
}

export function requestExit(state: EscrowState, id: number, sender: Address): void {
  const account = state.owned(id, sender);
  refuseIf(state.now <= state.settledAt + 14n * DAY && !state.successor, "NotDark");
  account.exitAt = state.now + 7n * DAY;
}

export function exit(state: EscrowState, id: number, sender: Address): void {
  const account = state.owned(id, sender);
  refuseIf(account.exitAt === 0n, "NothingQueued");
  refuseIf(state.now < account.exitAt, "NotMatured");
  refuseIf(state.now > account.exitAt + 7n * DAY, "DeadlinePassed");
  const amount = account.balance;
  refuseIf(amount === 0n, "InsufficientBalance");
  account.debit(amount);
  account.exitAt = 0n;
  state.token.move(state.escrow, account.owner, state.escrow, amount);
}
