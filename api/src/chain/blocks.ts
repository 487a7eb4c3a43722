import { BlockNotFoundError, type PublicClient } from "viem";

/** The hash of the chain's block at a height; null if the chain, or the node that we asked, is not that far. */
export async function blockHashAt(client: PublicClient, blockNumber: bigint): Promise<string | null> {
  try {
    return (await client.getBlock({ blockNumber })).hash;
  } catch (error) {
    if (error instanceof BlockNotFoundError) return null;
    throw error;
  }
}
