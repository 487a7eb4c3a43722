import type { Address } from "viem";
import { refuseIf } from "./refused.ts";

/** USDC: balances, blacklist, pause. Everybody has approved the escrow for more than there is. */
export class TokenModel {
  paused = false;
  readonly blacklist = new Set<Address>();
  private readonly balances_ = new Map<Address, bigint>();

  balanceOf(holder: Address): bigint {
    return this.balances_.get(holder) ?? 0n;
  }

  mint(to: Address, amount: bigint): void {
    this.balances_.set(to, this.balanceOf(to) + amount);
  }

  /** @param spender who calls the token */
  refuses(from: Address, to: Address, spender: Address): boolean {
    return this.paused || [from, to, spender].some((each) => this.blacklist.has(each));
  }

  /** `spender` is the escrow unless `from` is, or a forwarder. */
  move(from: Address, to: Address, spender: Address, amount: bigint): void {
    refuseIf(this.refuses(from, to, spender) || this.balanceOf(from) < amount, "Token");
    this.mint(from, -amount);
    this.mint(to, amount);
  }
}
