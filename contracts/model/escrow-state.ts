import type { Address, Hex } from "viem";
import { AccountModel } from "./account.ts";
import { EarnerModel } from "./earner.ts";
import { refuseIf } from "./refused.ts";
import { TokenModel } from "./token.ts";

export interface VoucherModel {
  amount: bigint;
  from: number;
  to: number;
  expiry: bigint;
}

export const PLATFORM = 1;

/** Everything the escrow keeps, and the few things that nearly every operation does with it. */
export class EscrowState {
  readonly token = new TokenModel();
  readonly accounts = new Map<number, AccountModel>();
  readonly earners = new Map<number, EarnerModel>();
  readonly idOfRef = new Map<string, number>();
  readonly vouchers = new Map<Address, VoucherModel>();
  readonly escrow: Address;
  now: bigint;
  seq = 0n;
  lastDigest: Hex = `0x${"00".repeat(32)}`;
  settledAt: bigint;
  verified = false;

  constructor(escrow: Address, platform: Address, now: bigint) {
    this.escrow = escrow;
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
    refuseIf(!account, "UnknownAccount");
    return account as AccountModel;
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
}
