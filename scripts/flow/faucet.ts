import { testUsdcAbi } from "@infr/contracts/abi";
import type { MicroUsdc } from "@infr/money";
import { createPublicClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { FlowChain } from "./wallet.ts";

/** Gives a wallet test USDC, on chains where the token is ours. */
export async function mintUsdc({
  rpc,
  contracts,
  privateKey,
  amount,
}: FlowChain & { privateKey: Hex; amount: MicroUsdc }): Promise<void> {
  const account = privateKeyToAccount(privateKey);
  const transport = http(rpc);
  const hash = await createWalletClient({ account, transport }).writeContract({
    chain: null,
    address: contracts.usdc,
    abi: testUsdcAbi,
    functionName: "mint",
    args: [account.address, amount],
  });
  await createPublicClient({ transport, pollingInterval: 50 }).waitForTransactionReceipt({
    hash,
    checkReplacement: false,
  });
}
