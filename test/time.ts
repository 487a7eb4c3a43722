import { createTestClient, http } from "viem";

/** Moves the chain's clock ahead and mines a block that shows it. */
export async function travel(rpcUrl: string, seconds: number): Promise<void> {
  const client = createTestClient({ mode: "anvil", transport: http(rpcUrl) });
  await client.increaseTime({ seconds });
  await client.mine({ blocks: 1 });
}
