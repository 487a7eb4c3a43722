import { parseArgs } from "node:util";
import { DeploymentResultType, deploy, type IgnitionModule } from "@nomicfoundation/ignition-core";
import hre from "hardhat";
import { creditEscrowBytecode, testUsdcBytecode } from "../abi/bytecode.ts";
import { creditEscrowAbi, testUsdcAbi } from "../abi/index.ts";
import Escrow from "../ignition/modules/escrow.ts";
import TestUsdc from "../ignition/modules/test-usdc.ts";

/**
 * Deploys by Ignition to a local chain and prints `{"escrow": …, "usdc": …}` as its last line:
 *
 *   node contracts/scripts/deploy-local.ts --rpc URL --deployer-key 0x… --platform 0x… --settler 0x… --clearer 0x… [--usdc 0x…]
 *
 * Attributor, guardian and governor (`--attributor` and so on) default to the platform.
 * Takes the bytecode that is checked in, so nothing is compiled, and keeps no journal: a local chain that starts over
 * has no use for one, and a stale one would skip the deployment.
 */
const { values } = parseArgs({
  options: {
    rpc: { type: "string", default: process.env.RPC_URL ?? "http://127.0.0.1:8545" },
    "deployer-key": { type: "string" },
    platform: { type: "string" },
    settler: { type: "string" },
    clearer: { type: "string" },
    attributor: { type: "string" },
    guardian: { type: "string" },
    governor: { type: "string" },
    usdc: { type: "string" },
  },
});

const artifact = (contractName: string, abi: readonly unknown[], bytecode: string) => ({
  _format: "hh3-artifact-1" as const,
  contractName,
  sourceName: `${contractName}.sol`,
  abi: [...abi],
  bytecode,
  deployedBytecode: "0x",
  linkReferences: {},
  deployedLinkReferences: {},
});
const artifacts = new Map([
  ["CreditEscrow", artifact("CreditEscrow", creditEscrowAbi, creditEscrowBytecode)],
  ["TestUSDC", artifact("TestUSDC", testUsdcAbi, testUsdcBytecode)],
]);

const connection = await hre.network.create({
  network: "local",
  override: { url: required("rpc"), accounts: [required("deployer-key")] },
});

try {
  const usdc = values.usdc ?? (await deployModule(TestUsdc, {})).TestUSDC;
  const { CreditEscrow: escrow } = await deployModule(Escrow, {
    Escrow: {
      usdc,
      platform: required("platform"),
      settler: required("settler"),
      clearer: required("clearer"),
      attributor: values.attributor ?? required("platform"),
      guardian: values.guardian ?? required("platform"),
      governor: values.governor ?? required("platform"),
    },
  });
  console.log(JSON.stringify({ escrow, usdc }));
} finally {
  await connection.close();
}

async function deployModule(ignitionModule: IgnitionModule, deploymentParameters: Record<string, object>) {
  const accounts = (await connection.provider.request({ method: "eth_accounts" })) as string[];
  const result = await deploy({
    ignitionModule,
    deploymentParameters: deploymentParameters as never,
    accounts,
    provider: connection.provider,
    config: { requiredConfirmations: 1, blockPollingInterval: 50 },
    artifactResolver: {
      loadArtifact: async (name: string) => artifacts.get(name) as never,
      getBuildInfo: async () => undefined,
    },
  });
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) {
    throw new Error(`Ignition could not deploy ${ignitionModule.id}: ${JSON.stringify(result)}`);
  }
  return Object.fromEntries(Object.values(result.contracts).map((each) => [each.contractName, each.address]));
}

function required(name: keyof typeof values): string {
  const value = values[name];
  if (!value) throw new Error(`--${name} is missing: see the head of contracts/scripts/deploy-local.ts.`);
  return value;
}
