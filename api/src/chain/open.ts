import {
  type Address,
  createPublicClient,
  defineChain,
  type Hex,
  http,
  type PublicClient,
  type Chain as ViemChain,
} from "viem";
import { base, baseSepolia } from "viem/chains";

const TIMEOUT_MS = 10_000;

/** A way to the chain, and where our contracts stand on it. */
export type Chain = {
  client: PublicClient;
  viemChain: ViemChain;
  chainId: number;
  rpcUrl: string;
  escrow: Address;
  usdc: Address;
  /** Database schema in which the indexer keeps its views. */
  viewsSchema: string;
};

/** Opens a client. Nothing is cached: what we ask about a chain is what it says now. */
export function openChain({
  rpcUrl,
  chainId,
  escrow,
  usdc,
  viewsSchema,
}: {
  rpcUrl: string;
  chainId: number;
  escrow: Hex;
  usdc: Hex;
  viewsSchema: string;
}): Chain {
  const viemChain: ViemChain =
    [base, baseSepolia].find((chain) => chain.id === chainId) ??
    defineChain({
      id: chainId,
      name: "infr local",
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
      rpcUrls: { default: { http: [rpcUrl] } },
    });
  const client: PublicClient = createPublicClient({
    chain: viemChain,
    transport: http(rpcUrl, { timeout: TIMEOUT_MS, retryCount: 1 }),
    cacheTime: 0,
    pollingInterval: 200,
  });
  return { client, viemChain, chainId, rpcUrl, escrow, usdc, viewsSchema };
}
