import type { Address, Hex } from "viem";
import { AccountModel } from "./account.ts";
import { CapacityModel } from "./capacity.ts";
import { EarnerModel } from "./earner.ts";
import { Refused, refuseIf } from "./refused.ts";
import { TokenModel } from "./token.ts";

export interface VoucherModel {
  amount: bigint;
  from: number;
  to: number;
  expiry: bigint;
  nonce: bigint;
}

/** What one line of a batch has done: to an earner, or to an account. */
export interface LiveLine {
  id: number;
  amount: bigint;
}

/** A batch that was settled and not undone, with what undoing it takes. */
export interface LiveBatch {
  seq: bigint;
  prev: Hex;
  digest: Hex;
  settledAt: bigint;
  gross: bigint;
  debits: LiveLine[];
  /** What account 1 paid for good, by account. */
  writtenOff: Map<number, bigint>;
  /** What each line earned: gross times basis points goes back into the lifetime, net out of the day. */
  earned: { id: number; bps: bigint; gross: bigint; net: bigint }[];
  platform: bigint;
}

export const PLATFORM = 1;
/** In the order of the contract's enumerations. */
export const ROLES = ["settler", "clearer", "attributor", "guardian", "governor"] as const;
export type Role = (typeof ROLES)[number];
export const GROUPS = ["deposits", "moves", "settlement", "payouts"] as const;
export type Group = (typeof GROUPS)[number];

export interface Setup {
  escrow: Address;
  platform: Address;
  roles: Record<Role, Address>;
  policy: Address;
  capacity: bigint;
  window: bigint;
  now: bigint;
}

/** Everything the escrow keeps, and the few things that nearly every operation does with it. */
export class EscrowState {
  readonly token = new TokenModel();
  readonly accounts = new Map<number, AccountModel>();
  readonly earners = new Map<number, EarnerModel>();
  readonly idOfRef = new Map<string, number>();
  /** By key; one that was closed has nothing in it. */
  readonly vouchers = new Map<Address, VoucherModel>();
  /** What a key's last voucher was before it was closed. */
  readonly closedVouchers = new Map<Address, VoucherModel>();
  readonly escrow: Address;
  readonly roles: Record<Role, Address>;
  readonly pausedUntil: Record<Group, bigint> = { deposits: 0n, moves: 0n, settlement: 0n, payouts: 0n };
  readonly suspendedUntil = new Map<number, bigint>();
  readonly settled: CapacityModel;
  readonly attributed: CapacityModel;
  /** Live batches, the newest last. */
  readonly live: LiveBatch[] = [];
  readonly usedLogs = new Set<string>();
  readonly refunds = new Map<string, bigint>();
  successor: { to: Address; maturesAt: bigint } | null = null;
  policy: Address;
  /** Policies that believe everybody, at the moment. */
  readonly believing = new Set<Address>();
  /** Wei that were forced on the escrow. */
  eth = 0n;
  now: bigint;
  seq = 0n;
  lastDigest: Hex = `0x${"00".repeat(32)}`;
  settledAt: bigint;

  constructor({ escrow, platform, roles, policy, capacity, window, now }: Setup) {
    this.escrow = escrow;
    this.roles = { ...roles };
    this.policy = policy;
    this.settled = new CapacityModel(capacity, window);
    this.attributed = new CapacityModel(capacity, window);
    this.now = now;
    this.settledAt = now;
    this.open(platform, 0);
  }

  get today(): bigint {
    return this.now / 86_400n;
  }

  /** What is owed, summed up: the contract keeps it as a number. */
  get liabilities(): bigint {
    let sum = 0n;
    for (const each of this.accounts.values()) sum += each.balance;
    for (const each of this.earners.values()) {
      sum += each.available(this.today) + each.earnedOn(this.today) + each.earnedOn(this.today - 1n);
    }
    for (const each of this.vouchers.values()) sum += each.amount;
    return sum;
  }

  get surplus(): bigint {
    return this.token.balanceOf(this.escrow) - this.liabilities;
  }

  open(owner: Address, salt: number): number {
    const ref = `${owner}/${salt}`;
    const known = this.idOfRef.get(ref);
    if (known) return known;
    const id = this.accounts.size + 1;
    this.accounts.set(id, new AccountModel(id, owner));
    this.earners.set(id, new EarnerModel());
    this.idOfRef.set(ref, id);
    return id;
  }

  account(id: number): AccountModel {
    const account = this.accounts.get(id);
    if (!account) throw new Refused("UnknownAccount");
    return account;
  }

  earner(id: number): EarnerModel {
    return this.earners.get(id) ?? new EarnerModel();
  }

  /** @returns the account, if the sender owns it */
  owned(id: number, sender: Address): AccountModel {
    refuseIf(this.accounts.get(id)?.owner !== sender, "NotOwner");
    return this.account(id);
  }

  /** Debt is repaid first, to account 1. */
  credit(id: number, amount: bigint): void {
    const repaid = this.account(id).credit(amount);
    this.account(PLATFORM).credit(repaid);
  }

  deadline(deadline: bigint): void {
    refuseIf(this.now > deadline, "DeadlinePassed");
  }

  requireRunning(group: Group): void {
    refuseIf(this.now < this.pausedUntil[group], "Paused");
  }

  requireRole(role: Role, sender: Address): void {
    refuseIf(this.roles[role] !== sender, "NotInRole");
  }

  /** What delays or undoes, the governor may do too. */
  requireGuardian(sender: Address): void {
    if (sender !== this.roles.governor) this.requireRole("guardian", sender);
  }

  isSuspended(id: number): boolean {
    return this.now < (this.suspendedUntil.get(id) ?? 0n);
  }
}
