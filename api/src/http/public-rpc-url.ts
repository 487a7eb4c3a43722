import type { Services } from "./services.ts";

/** The node of the chain that browsers ask: the chain's public one; ours may have a key in its URL, but not in development. */
export const publicRpcUrl = ({ config, chain }: Pick<Services, "config" | "chain">): string =>
  config.dev ? config.rpcUrl : (chain.viemChain.rpcUrls.default.http[0] ?? "");
