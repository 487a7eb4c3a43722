import { execFile } from "node:child_process";
import { promisify } from "node:util";
import getPort from "get-port";
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  http,
  keccak256,
  type PublicClient,
  parseAbiParameters,
  type TestClient,
  zeroHash,
} from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allowanceRechargeAbi, creditEscrowAbi, timelockControllerAbi } from "../abi/index.ts";
import { type DryRun, startDryRun } from "../scripts/deployment/dry-chain.ts";
import { printWiring, readWiring } from "../scripts/deployment/wiring.ts";
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
    const { escrow, allowanceRecharge } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
      escrow: Hex;
      allowanceRecharge: Hex;
    };
    expect(await roles(escrow)).toMatchObject({ settler: SETTLER, clearer: CLEARER, platform: PLATFORM });
    const reader = createPublicClient({ transport: http(anvil.rpcUrl) });
    const recharges = { address: allowanceRecharge, abi: allowanceRechargeAbi } as const;
    expect((await reader.readContract({ ...recharges, functionName: "ESCROW" })).toLowerCase()).toBe(
      escrow.toLowerCase(),
    );
  });
});

const CHAINS = ["base", "base-sepolia"] as const;

describe("dry-run", () => {
  test.each(CHAINS)("default: all of the wiring is right with the parameters of %s", async (chain) => {
    const script = new URL("../scripts/dry-run.ts", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [script, chain]);
    expect(stdout.match(/^✓/gm)).toHaveLength(33);
    expect(stdout).not.toMatch(/^✗/m);
  });
});

describe("modules/base.ts", () => {
  const HOURS_48 = 48 * 3_600;
  let run: DryRun;
  let chain: TestClient;
  let reader: PublicClient;
  beforeAll(async () => {
    run = await startDryRun("base");
    chain = createTestClient({ mode: "anvil", transport: http(run.rpcUrl) });
    reader = createPublicClient({ transport: http(run.rpcUrl), pollingInterval: 20, cacheTime: 0 });
  });
  afterAll(() => run.stop());

  const roleOf = (role: number): Promise<Hex> =>
    reader.readContract({
      address: run.deployed.escrow,
      abi: creditEscrowAbi,
      functionName: "roleOf",
      args: [role],
    });

  /** Sends as whoever is named, also a Safe. @returns whether it went through */
  async function sendAs(from: string, { to, data }: { to: Hex; data: Hex }): Promise<boolean> {
    const address = from as Hex;
    await chain.impersonateAccount({ address });
    await chain.setBalance({ address, value: 10n ** 18n });
    const safe = createWalletClient({ account: address, transport: http(run.rpcUrl) });
    const hash = await safe.sendTransaction({ to, data, gas: 500_000n, chain: null });
    return (await reader.waitForTransactionReceipt({ hash, checkReplacement: false })).status === "success";
  }

  /** A proposal that makes `to` the settler. */
  function proposal(to: Hex) {
    const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "setSigner", args: [0, to] });
    const call = [run.deployed.escrow, 0n, data, zeroHash, keccak256(to)] as const;
    const timelock = (data: Hex) => ({ to: run.deployed.governor, data });
    const abi = timelockControllerAbi;
    const schedule = (delay: number) =>
      timelock(encodeFunctionData({ abi, functionName: "schedule", args: [...call, BigInt(delay)] }));
    const types = parseAbiParameters("address, uint256, bytes, bytes32, bytes32");
    const id = keccak256(encodeAbiParameters(types, [...call]));
    return {
      schedule,
      execute: timelock(encodeFunctionData({ abi, functionName: "execute", args: [...call] })),
      cancel: timelock(encodeFunctionData({ abi, functionName: "cancel", args: [id] })),
      direct: { to: run.deployed.escrow, data },
    };
  }

  test("behavior: what the proposer proposes waits 48 hours for the executor", async () => {
    const { proposer, executor } = run.parameters;
    const { schedule, execute } = proposal(SETTLER);
    expect(await sendAs(proposer, schedule(HOURS_48 - 1))).toBe(false);
    expect(await sendAs(proposer, schedule(HOURS_48))).toBe(true);
    await chain.increaseTime({ seconds: HOURS_48 - 60 });
    expect(await sendAs(executor, execute)).toBe(false);
    await chain.increaseTime({ seconds: 61 });
    expect(await sendAs(proposer, execute)).toBe(false);
    expect(await sendAs(executor, execute)).toBe(true);
    expect(await roleOf(0)).toBe(SETTLER);
  });

  test("behavior: the canceller, who can't propose, stops a proposal", async () => {
    const { proposer, executor, canceller } = run.parameters;
    const { schedule, execute, cancel } = proposal(CLEARER);
    expect(await sendAs(canceller, schedule(HOURS_48))).toBe(false);
    expect(await sendAs(proposer, schedule(HOURS_48))).toBe(true);
    expect(await sendAs(canceller, cancel)).toBe(true);
    await chain.increaseTime({ seconds: HOURS_48 + 1 });
    expect(await sendAs(executor, execute)).toBe(false);
  });

  test("behavior: the deployer has no right, and nobody acts for the governor but by its delay", async () => {
    const { schedule, execute, cancel, direct } = proposal(PLATFORM);
    const grant = encodeFunctionData({
      abi: timelockControllerAbi,
      functionName: "grantRole",
      args: [zeroHash, run.deployed.deployer],
    });
    const { proposer, guardian } = run.parameters;
    for (const from of [run.deployed.deployer, guardian, proposer]) {
      expect(await sendAs(from, direct)).toBe(false);
      expect(await sendAs(from, { to: run.deployed.governor, data: grant })).toBe(false);
      expect(await sendAs(from, execute)).toBe(false);
    }
    expect(await sendAs(run.deployed.deployer, schedule(HOURS_48))).toBe(false);
    expect(await sendAs(run.deployed.deployer, cancel)).toBe(false);
  });

  test("behavior: the wiring of something else is noticed, line by line", async () => {
    const parameters = { ...run.parameters, guardian: SETTLER, canceller: CLEARER, timelockDelay: "172801n" };
    const deployed = { ...run.deployed, deployer: run.parameters.proposer as Hex };
    const findings = await readWiring({ chain: "base-sepolia", reader, parameters, deployed });
    const lines: string[] = [];
    expect(printWiring(findings, (line) => lines.push(line))).toBe(false);
    const wrong = lines.filter((line) => line.startsWith("✗")).map((line) => line.slice(2).split("  ")[0]);
    expect(wrong).toEqual(
      expect.arrayContaining([
        "chain id",
        "guardian",
        "timelock: delay",
        "timelock: canceller",
        "timelock: rights of the deployer",
        "EIP-712 domain",
      ]),
    );
  });
});
