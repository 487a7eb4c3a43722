import { type Chain, defineChain } from "viem";
import { foundry } from "viem/chains";
import type { Config } from "../api.ts";

/** The one chain this deployment lives on, as the API describes it. */
export function chainOf(config: Config): Chain {
  return defineChain({
    id: config.chainId,
    name: config.chainName,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [config.rpcUrl] } },
    // Looking for a replacement can miss a block; on a chain that mines on demand there is no next one.
    supportsTransactionReplacementDetection: config.chainId !== foundry.id,
    ...(config.explorerUrl && { blockExplorers: { default: { name: "Explorer", url: config.explorerUrl } } }),
  });
}
