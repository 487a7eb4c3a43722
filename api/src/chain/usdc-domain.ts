import { parseAbi } from "viem";
import type { Chain } from "./open.ts";

const abi = parseAbi(["function name() view returns (string)", "function version() view returns (string)"]);

/** The token's EIP-712 domain: it differs between Base and Base Sepolia, so it is read and never assumed. */
export async function readUsdcDomain({ client, usdc }: Chain): Promise<{ name: string; version: string }> {
  const [name, version] = await Promise.all([
    client.readContract({ address: usdc, abi, functionName: "name" }),
    client.readContract({ address: usdc, abi, functionName: "version" }),
  ]);
  return { name, version };
}
