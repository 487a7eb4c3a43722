import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DeploymentResultType, deploy } from "@nomicfoundation/ignition-core";
import getPort from "get-port";
import hre from "hardhat";
import { type Address, createPublicClient, getAddress, type Hex, http, keccak256, toHex, zeroAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { creditEscrowBytecode } from "../abi/bytecode.ts";
import { creditEscrowAbi } from "../abi/index.ts";
import { addressBook } from "../addresses.ts";
import Escrow from "../ignition/modules/escrow.ts";
import { startAnvil } from "../testing/anvil.ts";
import { deployEscrow } from "../testing/index.ts";

/**
 * Deploys with the parameters of a real chain to a chain of its own, with a USDC at its real address, and checks that
 * every parameter has arrived where it belongs:
 *
 *   node contracts/scripts/dry-run.ts base | base-sepolia
 */
const CHAIN_IDS: Record<string, number> = { base: 8453, "base-sepolia": 84_532 };
const ROLES = ["settler", "clearer", "attributor", "guardian", "governor"] as const;

const [name = ""] = process.argv.slice(2);
const chainId = CHAIN_IDS[name];
if (!chainId) throw new Error(`Name a chain: ${Object.keys(CHAIN_IDS).join(" or ")}.`);
const file = join(import.meta.dirname, `../ignition/parameters/${name}.json`);
const parameters = (JSON.parse(await readFile(file, "utf8")) as { Escrow: Record<string, string> }).Escrow;
const isAmount = (text: string): boolean => /^\d+n$/.test(text);

const unset = ["platform", ...ROLES].filter((role) => parameters[role] === zeroAddress);
for (const role of unset) parameters[role] = getAddress(`0x${keccak256(toHex(role)).slice(-40)}`);
if (unset.length > 0) console.log(`Not set yet, stood in for: ${unset.join(", ")}.`);

const anvil = await startAnvil(await getPort());
const reader = createPublicClient({ transport: http(anvil.rpcUrl) });
const rpc = (method: string, params: unknown[]): Promise<unknown> => reader.request({ method, params } as never);

async function fundedKey(): Promise<Hex> {
  const key = generatePrivateKey();
  await rpc("anvil_setBalance", [privateKeyToAccount(key).address, "0xffffffffffffffff"]);
  return key;
}

/** A token with USDC's interface stands where USDC does. */
async function placeUsdc(): Promise<void> {
  const { usdc } = await deployEscrow({ rpcUrl: anvil.rpcUrl, deployerKey: await fundedKey() });
  await rpc("anvil_setCode", [parameters.usdc, await reader.getCode({ address: usdc })]);
}

async function deployByIgnition(): Promise<Address> {
  const accounts = [await fundedKey()];
  const connection = await hre.network.create({ network: "local", override: { url: anvil.rpcUrl, accounts } });
  const artifact = {
    _format: "hh3-artifact-1",
    contractName: "CreditEscrow",
    sourceName: "CreditEscrow.sol",
    abi: [...creditEscrowAbi],
    bytecode: creditEscrowBytecode,
    deployedBytecode: "0x",
    linkReferences: {},
    deployedLinkReferences: {},
  };
  const values = Object.entries(parameters).map(([key, text]) => [
    key,
    isAmount(text) ? BigInt(text.slice(0, -1)) : text,
  ]);
  const result = await deploy({
    ignitionModule: Escrow,
    deploymentParameters: { Escrow: Object.fromEntries(values) as Record<string, string | bigint> },
    accounts: (await connection.provider.request({ method: "eth_accounts" })) as string[],
    provider: connection.provider,
    config: { requiredConfirmations: 1, blockPollingInterval: 50 },
    artifactResolver: { loadArtifact: async () => artifact as never, getBuildInfo: async () => undefined },
  });
  await connection.close();
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) {
    throw new Error(`Ignition could not deploy: ${JSON.stringify(result)}`);
  }
  return Object.values(result.contracts)[0]?.address as Address;
}

/** @returns what was found, by the parameter's name */
async function readWiring(address: Address): Promise<Record<string, string>> {
  const escrow = { address, abi: creditEscrowAbi } as const;
  const [, capacity, window] = await reader.readContract({ ...escrow, functionName: "settlementCapacity" });
  const found: Record<string, string> = {
    usdc: await reader.readContract({ ...escrow, functionName: "usdc" }),
    platform: await reader.readContract({ ...escrow, functionName: "ownerOf", args: [1] }),
    payoutPolicy: await reader.readContract({ ...escrow, functionName: "payoutPolicy" }),
    capacity: `${capacity}n`,
    window: `${window}n`,
  };
  for (const [role, key] of ROLES.entries()) {
    found[key] = await reader.readContract({ ...escrow, functionName: "roleOf", args: [role] });
  }
  return found;
}

try {
  await placeUsdc();
  const escrow = await deployByIgnition();
  const found = await readWiring(escrow);
  if (addressBook[chainId]?.usdc !== parameters.usdc) {
    console.error(`usdc: ${parameters.usdc} here, ${addressBook[chainId]?.usdc} in the address book`);
    process.exitCode = 1;
  }
  for (const [key, wanted] of Object.entries(parameters)) {
    const good = found[key] === wanted;
    console.log(`${good ? "✓" : "✗"} ${key.padEnd(13)} ${found[key]}`);
    if (!good) process.exitCode = 1;
  }
} finally {
  await anvil.stop();
}
