import { createPublicClient, http } from "viem";
import type { Environment } from "../environment.ts";

export interface Chain {
  /** Number of the newest block. */
  head: bigint;
  startBlockHash: string;
  /** The time of a block, or null where the chain has none at that height. */
  timestampAt: (number: bigint) => Promise<bigint | null>;
}

/** Asks the node, patiently: in a stack that is starting it may come up later than the indexer. */
export async function readChain({ rpcUrl, startBlock }: Environment): Promise<Chain> {
  const client = createPublicClient({ cacheTime: 0, transport: http(rpcUrl, { retryCount: 8, retryDelay: 250 }) });
  const start = await client.getBlock({ blockNumber: BigInt(startBlock) });
  return {
    head: await client.getBlockNumber(),
    startBlockHash: start.hash,
    timestampAt: async (blockNumber) => {
      const block = await client.getBlock({ blockNumber }).catch(() => null);
      return block?.timestamp ?? null;
    },
  };
}
