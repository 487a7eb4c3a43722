import { execFile } from "node:child_process";
import { promisify } from "node:util";
import getPort from "get-port";
import { createPublicClient, type Hex, http } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { creditEscrowAbi } from "../abi/index.ts";
import { startAnvil } from "../testing/anvil.ts";
import { deployEscrow } from "../testing/index.ts";

const DEPLOYER_KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const SETTLER: Hex = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const CLEARER: Hex = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";
const PLATFORM: Hex = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

let anvil: Awaited<ReturnType<typeof startAnvil>>;
beforeAll(async () => {
  anvil = await startAnvil(await getPort());
});
afterAll(() => anvil.stop());

const roles = async (escrow: Hex) => {
  const reader = createPublicClient({ transport: http(anvil.rpcUrl) });
  const contract = { address: escrow, abi: creditEscrowAbi } as const;
  return {
    settler: await reader.readContract({ ...contract, functionName: "settler" }),
    clearer: await reader.readContract({ ...contract, functionName: "clearer" }),
    platform: await reader.readContract({ ...contract, functionName: "ownerOf", args: [1] }),
    usdc: await reader.readContract({ ...contract, functionName: "usdc" }),
  };
};

describe("deployEscrow", () => {
  test("default: deploys a token and the escrow with the roles given", async () => {
    const deployed = await deployEscrow({
      rpcUrl: anvil.rpcUrl,
      deployerKey: DEPLOYER_KEY,
      platform: PLATFORM,
      settler: SETTLER,
      clearer: CLEARER,
    });
    expect(deployed.chainId).toBe(31_337);
    const { escrow, usdc } = deployed;
    expect(await roles(escrow)).toMatchObject({ settler: SETTLER, clearer: CLEARER, platform: PLATFORM });
    expect((await roles(escrow)).usdc.toLowerCase()).toBe(usdc);
  });

  test("behavior: takes a token that is there already", async () => {
    const first = await deployEscrow({ rpcUrl: anvil.rpcUrl, deployerKey: DEPLOYER_KEY });
    const second = await deployEscrow({ rpcUrl: anvil.rpcUrl, deployerKey: DEPLOYER_KEY, usdc: first.usdc });
    expect(second.usdc).toBe(first.usdc);
    expect(second.escrow).not.toBe(first.escrow);
  });
});

describe("deploy-local", () => {
  test("default: deploys by Ignition and prints the addresses", async () => {
    const args = ["--rpc", anvil.rpcUrl, "--deployer-key", DEPLOYER_KEY, "--platform", PLATFORM];
    const script = new URL("../scripts/deploy-local.ts", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [
      script,
      ...args,
      "--settler",
      SETTLER,
      "--clearer",
      CLEARER,
    ]);
    const { escrow } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { escrow: Hex };
    expect(await roles(escrow)).toMatchObject({ settler: SETTLER, clearer: CLEARER, platform: PLATFORM });
  });
});

describe("dry-run", () => {
  test.each(["base", "base-sepolia"])(
    "default: deploys with the parameters of %s and finds them all",
    async (chain) => {
      const script = new URL("../scripts/dry-run.ts", import.meta.url).pathname;
      const { stdout } = await promisify(execFile)(process.execPath, [script, chain]);
      expect(stdout.match(/^✓/gm)).toHaveLength(10);
    },
  );
});
