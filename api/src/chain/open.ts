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
import { failover } from "./endpoints.ts";

const TIMEOUT_MS = 10_000;

/** A way to the chain, and where our contracts stand on it. */
export type Chain = {
  client: PublicClient;
  /** A client for each endpoint alone, for questions whose answers have to fit together. */
  endpoints: PublicClient[];
  viemChain: ViemChain;
  chainId: number;
  rpcUrl: string;
  escrow: Address;
  usdc: Address;
  /** Database schema in which the indexer keeps its views. */
  viewsSchema: string;
};

/**
 * Opens a client that asks `rpcUrl`, and the fallback endpoints if that is out of reach or lags. Nothing is cached: what
 * we ask about a chain is what it says now.
 */
export function openChain({
  rpcUrl,
  rpcFallbackUrls = [],
  rpcTimeoutMs = TIMEOUT_MS,
  chainId,
  escrow,
  usdc,
  viewsSchema,
}: {
  rpcUrl: string;
  rpcFallbackUrls?: readonly string[];
  rpcTimeoutMs?: number;
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
  const urls = [rpcUrl, ...rpcFallbackUrls];
  const timeout = rpcTimeoutMs;
  const settings = { chain: viemChain, cacheTime: 0, pollingInterval: 200 };
  const client: PublicClient = createPublicClient({ ...settings, transport: failover(urls, { timeout }) });
  const endpoints: PublicClient[] = urls.map((url) =>
    createPublicClient({ ...settings, transport: http(url, { timeout, retryCount: 1 }) }),
  );
  return { client, endpoints, viemChain, chainId, rpcUrl, escrow, usdc, viewsSchema };
}
