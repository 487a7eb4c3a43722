import { type Chain, defineChain } from "viem";
import type { Config } from "../api.ts";

/** The one chain this deployment lives on, as the API describes it. */
export function chainOf(config: Config): Chain {
  return defineChain({
    id: config.chainId,
    name: config.chainName,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [config.rpcUrl] } },
    ...(config.explorerUrl && { blockExplorers: { default: { name: "Explorer", url: config.explorerUrl } } }),
  });
}
