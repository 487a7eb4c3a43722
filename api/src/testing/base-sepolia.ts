import { deployEscrow } from "@infr/contracts/testing";
import { createPublicClient, type Hex, http, numberToHex } from "viem";
import { rpc } from "../../../scripts/anvil.ts";
import { type OtherChain, RICH_KEY } from "./api.ts";

/** Where Circle's USDC stands on Base Sepolia. */
const USDC: Hex = "0x036cbd53842c5426634e7929541ec2318f3dcf7e";
/** More than the test token uses. */
const SLOTS = 16;

/** A chain that passes for Base Sepolia: its id, and USDC where everybody expects it. */
export const baseSepolia: OtherChain = {
  chainId: 84_532,
  prepare: async (rpcUrl) => {
    const { usdc: original } = await deployEscrow({ rpcUrl, deployerKey: RICH_KEY });
    const reader = createPublicClient({ transport: http(rpcUrl), cacheTime: 0 });
    await rpc(rpcUrl, "anvil_setCode", [USDC, await reader.getCode({ address: original })]);
    for (let slot = 0; slot < SLOTS; slot++) {
      const value = await reader.getStorageAt({ address: original, slot: numberToHex(slot) });
      await rpc(rpcUrl, "anvil_setStorageAt", [USDC, numberToHex(slot, { size: 32 }), value]);
    }
    return { usdc: USDC };
  },
};
