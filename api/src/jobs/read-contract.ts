import { creditEscrowAbi } from "@infr/contracts/abi";
import { erc20Abi } from "viem";
import type { Chain } from "../chain/open.ts";
import { MANY_QUESTIONS } from "../chain/questions.ts";

/** What is asked at once, in several calls. */
const PAGE = 500;

/** What the contract says of an account and earner, in µUSDC. */
export type OnChain = {
  owner: string;
  balance: bigint;
  debt: bigint;
  dayLimit: bigint;
  earnings: bigint;
  /** Seconds since 1970, 0 if never. */
  suspendedUntil: bigint;
};

/** Reads accounts at a block, hundreds with one question. */
export async function readAccounts(
  chain: Chain,
  { numbers, blockNumber }: { numbers: bigint[]; blockNumber: bigint },
): Promise<OnChain[]> {
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const how = { blockNumber, allowFailure: false, ...MANY_QUESTIONS } as const;
  const found: OnChain[] = [];
  for (const page of pagesOf(numbers)) {
    const args = page.map((number) => [Number(number)] as const);
    const [accounts, earners, suspensions] = await Promise.all([
      chain.client.multicall({
        ...how,
        contracts: args.map((each) => ({ ...escrow, functionName: "accountOf", args: each }) as const),
      }),
      chain.client.multicall({
        ...how,
        contracts: args.map((each) => ({ ...escrow, functionName: "earnerOf", args: each }) as const),
      }),
      chain.client.multicall({
        ...how,
        contracts: args.map((each) => ({ ...escrow, functionName: "suspendedUntil", args: each }) as const),
      }),
    ]);
    for (const [index, account] of accounts.entries()) {
      const earner = earners[index];
      if (!earner) throw new Error("the node left a question of a multicall unanswered");
      found.push({
        owner: account.owner.toLowerCase(),
        balance: account.balance,
        debt: BigInt(account.debt),
        dayLimit: BigInt(account.dayLimit),
        earnings: earner.available + BigInt(earner.previous) + BigInt(earner.current),
        suspendedUntil: BigInt(suspensions[index] ?? 0),
      });
    }
  }
  return found;
}

/** What stands under vouchers' keys at a block, in µUSDC. */
export async function readVouchers(
  chain: Chain,
  { keys, blockNumber }: { keys: Array<`0x${string}`>; blockNumber: bigint },
): Promise<bigint[]> {
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const found: bigint[] = [];
  for (const page of pagesOf(keys)) {
    const vouchers = await chain.client.multicall({
      blockNumber,
      allowFailure: false,
      ...MANY_QUESTIONS,
      contracts: page.map((key) => ({ ...escrow, functionName: "voucherOf", args: [key] }) as const),
    });
    found.push(...vouchers.map(({ amount }) => amount));
  }
  return found;
}

/** USDC held and owed at a block, in µUSDC. */
export async function readReserves(chain: Chain, blockNumber: bigint): Promise<{ held: bigint; liabilities: bigint }> {
  const [held, liabilities] = await Promise.all([
    chain.client.readContract({
      address: chain.usdc,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [chain.escrow],
      blockNumber,
    }),
    chain.client.readContract({
      address: chain.escrow,
      abi: creditEscrowAbi,
      functionName: "liabilities",
      blockNumber,
    }),
  ]);
  return { held, liabilities };
}

function* pagesOf<T>(all: T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += PAGE) yield all.slice(at, at + PAGE);
}
