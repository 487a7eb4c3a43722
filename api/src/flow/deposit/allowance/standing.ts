import { allowanceRechargeAbi, creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { type MicroUsdc, microUsdc } from "@infr/money";
import { accountRef } from "@infr/protocol";
import { type Address, isAddressEqual, zeroAddress } from "viem";
import type { Chain } from "../../../chain/open.ts";
import type { Sql } from "../../../db/types.ts";
import { InfrError } from "../../../errors.ts";
import { MIN_DEPOSIT_MICRO } from "../queue-authorization.ts";
import { ownerAndRef } from "./store.ts";

/** Number of the contract's group of deposits among what can be paused. */
const DEPOSITS = 0;

/** What recharging from allowances works with. */
export type Allowances = {
  sql: Sql;
  chain: Chain;
  /** Who calls the contract: the keeper that owners consent to. */
  relayer: Address;
  /** The AllowanceRecharge contract. */
  contract: Address;
  /** Owns accounts for others; null where it does not. */
  custodian: Address | null;
};

/** What an owner has allowed, as the chain says it now; amounts in µUSDC. */
export type Standing = {
  owner: Address;
  /** Most in a period; 0 if somebody else may recharge, or nobody. */
  perPeriod: MicroUsdc;
  periodSeconds: number;
  /** What of it may be pulled now. */
  left: MicroUsdc;
  /** When the period ends that runs, in seconds since 1970; 0 if none does. */
  endsAt: number;
  /** What the token would let the contract pull. */
  approved: MicroUsdc;
  balance: MicroUsdc;
  /** Deposits are paused, or USDC itself. */
  isPaused: boolean;
};

/** There is no wallet whose USDC could be meant. */
export class NoWalletOfItsOwnError extends InfrError {
  readonly code = "no_wallet_of_its_own";
  readonly status = 422;

  constructor() {
    super("Only the primary account of a wallet is recharged from USDC. Sign in with a wallet, or recharge by card.");
  }
}

/** The wallet that owns an account, whose primary account it is. @throws NoWalletOfItsOwnError */
export async function walletOf({ sql, custodian }: Allowances, accountId: string): Promise<Address> {
  const row = await ownerAndRef(sql, accountId);
  const isOwn = row && row.owner !== custodian?.toLowerCase() && row.ref === accountRef({ owner: row.owner });
  if (!isOwn) throw new NoWalletOfItsOwnError();
  return row.owner;
}

/** Reads what an owner has allowed. */
export async function readStanding({ chain, relayer, contract }: Allowances, owner: Address): Promise<Standing> {
  const { client, usdc, escrow } = chain;
  const blockNumber = await client.getBlockNumber();
  const token = { address: usdc, abi: testUsdcAbi, blockNumber } as const;
  const recharges = { address: contract, abi: allowanceRechargeAbi, blockNumber } as const;
  const [consent, approved, balance, isTokenPaused, pausedUntil, block] = await Promise.all([
    client.readContract({ ...recharges, functionName: "consentOf", args: [owner] }),
    client.readContract({ ...token, functionName: "allowance", args: [owner, contract] }),
    client.readContract({ ...token, functionName: "balanceOf", args: [owner] }),
    client.readContract({ ...token, functionName: "paused" }),
    client.readContract({
      address: escrow,
      abi: creditEscrowAbi,
      blockNumber,
      functionName: "pausedUntil",
      args: [DEPOSITS],
    }),
    client.getBlock({ blockNumber }),
  ]);
  const [keeper, perPeriod, periodSeconds, left, endsAt] = consent;
  const isOurs = keeper !== zeroAddress && isAddressEqual(keeper, relayer);
  return {
    owner,
    perPeriod: microUsdc(isOurs ? perPeriod : 0n),
    periodSeconds: isOurs ? periodSeconds : 0,
    left: microUsdc(isOurs ? left : 0n),
    endsAt: isOurs ? endsAt : 0,
    approved: microUsdc(approved),
    balance: microUsdc(balance),
    isPaused: isTokenPaused || BigInt(pausedUntil) > block.timestamp,
  };
}

/** What the wallet has to do before it can be recharged from, or null. That a period is used up ends by itself. */
export function shortageOf({ perPeriod, approved, balance }: Standing): string | null {
  if (perPeriod < MIN_DEPOSIT_MICRO) return "Your wallet does not let us recharge $5 or more: it has to consent again.";
  if (approved < MIN_DEPOSIT_MICRO)
    return "The USDC that your wallet has approved is used up or taken back: approve more.";
  if (balance < MIN_DEPOSIT_MICRO) return "Your wallet has less than 5 USDC.";
  return null;
}

/** What could be pulled now. */
export function mostOf({ left, approved, balance }: Standing): MicroUsdc {
  return microUsdc([left, approved, balance].reduce((least, each) => (each < least ? each : least)));
}
