import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestClient, HttpRequestError, http, parseEther, publicActions } from "viem";
import { foundry } from "viem/chains";
import { describe, expect, test } from "vitest";
import { startChain } from "./chain.ts";

const client = (rpcUrl: string) =>
  createTestClient({ chain: foundry, mode: "anvil", transport: http(rpcUrl) }).extend(publicActions);
const somebody = "0x000000000000000000000000000000000000bEEF";

describe("startChain", () => {
  test("default: its genesis lies where it is told", async () => {
    const chain = await startChain({ timestamp: 1_700_000_000 });
    const genesis = await client(chain.rpcUrl).getBlock({ blockNumber: 0n });
    expect(genesis.timestamp).toBe(1_700_000_000n);
    await chain.stop();
    await expect(client(chain.rpcUrl).getChainId()).rejects.toThrow(HttpRequestError);
  });

  test("behavior: a state file carries the chain over a restart", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chain-"));
    const stateFile = join(folder, "chain.json");
    const first = await startChain({ stateFile });
    await client(first.rpcUrl).setBalance({ address: somebody, value: parseEther("7") });
    await client(first.rpcUrl).mine({ blocks: 3 });
    const before = await client(first.rpcUrl).getBlock({ blockNumber: 2n });
    await first.stop();

    const second = await startChain({ stateFile });
    expect(await client(second.rpcUrl).getBalance({ address: somebody })).toBe(parseEther("7"));
    expect((await client(second.rpcUrl).getBlock({ blockNumber: 2n })).hash).toBe(before.hash);
    await second.stop();
    await rm(folder, { recursive: true });
  });
});
