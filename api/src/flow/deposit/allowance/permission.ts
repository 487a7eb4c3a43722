import { allowanceRechargeAbi, testUsdcAbi } from "@infr/contracts/abi";
import type { MicroUsdc } from "@infr/money";
import { type Address, encodeFunctionData, type Hex, numberToHex, zeroAddress } from "viem";
import { InfrError } from "../../../errors.ts";
import { MIN_DEPOSIT_MICRO } from "../queue-authorization.ts";
import { type Allowances, readStanding, walletOf } from "./standing.ts";

/** The wallet has not allowed it yet. */
export class NotAllowedYetError extends InfrError {
  readonly code = "not_allowed_yet";
  readonly status = 422;

  constructor() {
    super(
      "Your wallet has not allowed it yet. Have it send the calls of POST /api/recharge/allowance/calls, for 5 USDC or more.",
    );
  }
}

/** Whether the wallet of an account lets us recharge it. @throws NoWalletOfItsOwnError, NotAllowedYetError */
export async function requirePermission(allowances: Allowances, accountId: string): Promise<void> {
  const { perPeriod, approved } = await readStanding(allowances, await walletOf(allowances, accountId));
  if (perPeriod < MIN_DEPOSIT_MICRO || approved < MIN_DEPOSIT_MICRO) throw new NotAllowedYetError();
}

/** Parameters of `wallet_sendCalls`, EIP-5792. */
type WalletCalls = {
  version: "2.0.0";
  from: Address;
  chainId: Hex;
  atomicRequired: boolean;
  calls: Array<{ to: Address; data: Hex; value: Hex }>;
};

/**
 * What a wallet sends to let us recharge, or, with a ceiling of 0, to end it: an approval of USDC and the consent. They count
 * in either order, together or one by one.
 * @throws NoWalletOfItsOwnError
 */
export async function permissionCalls(
  allowances: Allowances,
  {
    accountId,
    perPeriod,
    periodSeconds,
    approve,
  }: { accountId: string; perPeriod: MicroUsdc; periodSeconds: number; approve: MicroUsdc },
): Promise<WalletCalls> {
  const { chain, relayer, contract } = allowances;
  const from = await walletOf(allowances, accountId);
  const isEnd = perPeriod === 0n;
  const approval = encodeFunctionData({
    abi: testUsdcAbi,
    functionName: "approve",
    args: [contract, isEnd ? 0n : approve],
  });
  const consent = encodeFunctionData({
    abi: allowanceRechargeAbi,
    functionName: "consent",
    args: isEnd ? [zeroAddress, 0n, 0] : [relayer, perPeriod, periodSeconds],
  });
  const value = "0x0";
  return {
    version: "2.0.0",
    from,
    chainId: numberToHex(chain.chainId),
    atomicRequired: false,
    calls: [
      { to: chain.usdc, data: approval, value },
      { to: contract, data: consent, value },
    ],
  };
}
