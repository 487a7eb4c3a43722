import { allowanceRechargeAbi } from "@infr/contracts/abi";
import { parseUsdc } from "@infr/money";
import { erc20Abi, zeroAddress } from "viem";
import type { Allowance } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { displayUsd } from "../../lib/format.ts";
import {
  type ContractCall,
  type TransactionFlow,
  useTransactionFlow,
} from "../../lib/transaction-flow/use-transaction-flow.ts";

/** The contract counts what it may take in periods of this length. */
const PERIOD_SECONDS = 2_592_000;

export interface AllowFlow extends Omit<TransactionFlow, "run"> {
  /** The wallet approves exactly that much USDC, and consents to it once in thirty days. */
  allow: (allowance: Allowance, usd: string) => void;
  /** Takes back both: nothing can be taken any more, whatever the setting says. */
  takeBack: (allowance: Allowance) => void;
}

/** What the wallet sends so that its account can be recharged from it. It ends with the block: no credit comes of it. */
export function useAllow(accountId: string): AllowFlow {
  const { contracts } = useAppConfig();
  const { run, ...flow } = useTransactionFlow(`allow.${accountId}`);
  const calls = ({ contract, keeper }: Allowance, amount: bigint): ContractCall[] => [
    {
      label: amount === 0n ? "Take back the approval" : "Approve USDC",
      address: contracts.usdc,
      abi: erc20Abi,
      functionName: "approve",
      args: [contract, amount],
    },
    {
      label: amount === 0n ? "Take back the consent" : "Consent",
      address: contract,
      abi: allowanceRechargeAbi,
      functionName: "consent",
      args: amount === 0n ? [zeroAddress, 0n, 0] : [keeper, amount, PERIOD_SECONDS],
    },
  ];
  return {
    ...flow,
    allow: (allowance, usd) =>
      void run({
        title: `Allow ${displayUsd(usd)} in 30 days`,
        calls: async () => calls(allowance, parseUsdc(usd)),
        booksCredit: false,
      }),
    takeBack: (allowance) =>
      void run({
        title: "Take back what the wallet allows",
        calls: async () => calls(allowance, 0n),
        booksCredit: false,
      }),
  };
}
