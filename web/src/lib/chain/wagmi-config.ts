import { createConfig, http, type Config as WagmiConfig } from "wagmi";
import type { Config } from "../api.ts";
import { chainOf } from "./chain.ts";

const POLLING_INTERVAL_MS = 1_000;

/** Wallets announce themselves (EIP-6963); in dev mode a wallet that needs no extension is added. */
export async function createWagmiConfig(config: Config): Promise<WagmiConfig> {
  const chain = chainOf(config);
  const connectors = config.dev ? [(await import("../dev/dev-wallet.ts")).devWallet(chain)] : [];
  return createConfig({
    chains: [chain],
    connectors,
    transports: { [chain.id]: http(config.rpcUrl) },
    pollingInterval: POLLING_INTERVAL_MS,
  });
}
