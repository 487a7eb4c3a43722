import { testUsdcAbi } from "@infr/contracts/abi";
import { type Address, createTestClient, http, parseEther, publicActions, walletActions } from "viem";
import type { Config } from "../api.ts";
import { chainOf } from "../chain/chain.ts";

const POLL_MS = 200;
const USDC_MICRO = 1_000_000_000n;
/** Nobody's key: the local chain sends for it. The wallet's own nonce stays untouched. */
const FAUCET = "0x000000000000000000000000000000000000fA0c";
const ETH = parseEther("10");

/** Play money from the local chain, for any wallet and without its signature: ETH for fees, and 1,000 test USDC. */
export async function fundWallet(config: Config, wallet: Address): Promise<void> {
  const transport = http(config.rpcUrl);
  const client = createTestClient({ mode: "anvil", chain: chainOf(config), transport, pollingInterval: POLL_MS })
    .extend(publicActions)
    .extend(walletActions);
  await client.setBalance({ address: wallet, value: ETH });
  await client.setBalance({ address: FAUCET, value: ETH });
  await client.impersonateAccount({ address: FAUCET });
  const hash = await client.writeContract({
    account: FAUCET,
    address: config.contracts.usdc,
    abi: testUsdcAbi,
    functionName: "mint",
    args: [wallet, USDC_MICRO],
  });
  await client.waitForTransactionReceipt({ hash, checkReplacement: false });
}
