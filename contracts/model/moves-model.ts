import type { Address } from "viem";
import type { EscrowState, VoucherModel } from "./escrow-state.ts";
import { Refused, refuseIf } from "./refused.ts";

/** How an operation is signed: by whom, whether for the nonce that is next, and whether the clearer has signed too. */
export interface Signing {
  sender: Address;
  signer: Address;
  deadline: bigint;
  freshNonce: boolean;
  cleared: boolean;
}

function useNonce(state: EscrowState, id: number, signing: Signing): void {
  const account = state.account(id);
  state.deadline(signing.deadline);
  const signed = signing.signer === account.owner && signing.freshNonce;
  refuseIf(signing.sender !== account.owner && !signed, "InvalidSignature");
  account.nonce += 1n;
}

/** The clearance is made for the nonce that the operation names, whoever sends it. */
const requireClearance = (signing: Signing): void =>
  refuseIf(!signing.cleared || !signing.freshNonce, "InvalidSignature");

export interface MoveArgs {
  from: number;
  to: number;
  amount: bigint;
}

export function transfer(state: EscrowState, { from, to, amount }: MoveArgs, signing: Signing): void {
  state.requireRunning("moves");
  refuseIf(amount === 0n, "AmountBelowMinimum");
  refuseIf(from === to, "SameAccount");
  useNonce(state, from, signing);
  requireClearance(signing);
  state.account(from).debit(amount);
  state.credit(to, amount);
}

export interface VoucherArgs extends MoveArgs {
  key: Address;
  expiry: bigint;
}

export function createVoucher(state: EscrowState, args: VoucherArgs, signing: Signing): void {
  state.requireRunning("moves");
  const { key, from, to, amount, expiry } = args;
  refuseIf(amount === 0n, "AmountBelowMinimum");
  if (to !== 0) state.account(to);
  refuseIf(expiry <= state.now, "DeadlinePassed");
  refuseIf((state.vouchers.get(key)?.amount ?? 0n) !== 0n, "VoucherKeyInUse");
  useNonce(state, from, signing);
  requireClearance(signing);
  state.account(from).debit(amount);
  state.vouchers.set(key, { amount, from, to, expiry, nonce: state.account(from).nonce - 1n });
}

function openVoucher(state: EscrowState, key: Address) {
  const voucher = state.vouchers.get(key);
  if (!voucher || voucher.amount === 0n) throw new Refused("NoVoucher");
  return voucher;
}

function closeVoucher(state: EscrowState, key: Address, to: number): void {
  const voucher = openVoucher(state, key);
  state.credit(to, voucher.amount);
  state.closedVouchers.set(key, voucher);
  state.vouchers.set(key, { amount: 0n, from: 0, to: 0, expiry: 0n, nonce: 0n });
}

/** The account and the voucher that the key has signed for. */
export interface Redemption {
  to: number;
  of: Pick<VoucherModel, "from" | "expiry" | "nonce">;
}

export function redeemVoucher(state: EscrowState, key: Address, to: number, signed: Redemption): void {
  state.requireRunning("moves");
  const voucher = openVoucher(state, key);
  state.deadline(voucher.expiry);
  refuseIf(voucher.to !== 0 && voucher.to !== to, "VoucherForAnother");
  const { from, expiry, nonce } = signed.of;
  const same = from === voucher.from && expiry === voucher.expiry && nonce === voucher.nonce;
  refuseIf(to !== signed.to || !same, "InvalidSignature");
  closeVoucher(state, key, to);
}

export function reclaimVoucher(state: EscrowState, key: Address, sender: Address): void {
  const voucher = openVoucher(state, key);
  if (state.now <= voucher.expiry) state.owned(voucher.from, sender);
  closeVoucher(state, key, voucher.from);
}

export interface RotateArgs {
  account: number;
  owner: Address;
  queue: boolean;
}

function changeOwner(state: EscrowState, id: number, owner: Address): void {
  const account = state.account(id);
  account.owner = owner;
  account.queuedOwner = null;
  const earner = state.earner(id);
  [earner.payoutTo, earner.queuedPayoutTo] = [null, null];
}

/** The new owner has always signed for the nonce that the operation names. */
export function rotateOwner(state: EscrowState, { account, owner, queue }: RotateArgs, signing: Signing): void {
  state.requireRunning("moves");
  useNonce(state, account, signing);
  refuseIf(signing.sender !== owner && !signing.freshNonce, "InvalidSignature");
  if (queue) {
    state.account(account).queuedOwner = { owner, maturesAt: state.now + 172_800n };
  } else {
    requireClearance(signing);
    changeOwner(state, account, owner);
  }
}

function requireMatured(state: EscrowState, queued: { maturesAt: bigint } | null | undefined): void {
  refuseIf(!queued, "NothingQueued");
  refuseIf(state.now < (queued?.maturesAt ?? 0n), "NotMatured");
}

export function applyOwner(state: EscrowState, id: number): void {
  const queued = state.accounts.get(id)?.queuedOwner;
  requireMatured(state, queued);
  if (queued) changeOwner(state, id, queued.owner);
}

export function cancelOwner(state: EscrowState, id: number, sender: Address): void {
  const account = state.owned(id, sender);
  refuseIf(!account.queuedOwner, "NothingQueued");
  account.queuedOwner = null;
}

export function setDayLimit(state: EscrowState, id: number, { perDay, ...signing }: Signing & { perDay: bigint }) {
  useNonce(state, id, signing);
  const account = state.account(id);
  if (perDay >= account.dayLimit) account.setDayLimit(perDay, state.now);
  else account.queuedDayLimit = { perDay, maturesAt: state.now + 86_400n };
}

export function applyDayLimit(state: EscrowState, id: number): void {
  const queued = state.accounts.get(id)?.queuedDayLimit;
  requireMatured(state, queued);
  if (queued) state.account(id).setDayLimit(queued.perDay, state.now);
}
