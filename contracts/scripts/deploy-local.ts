import { parseArgs } from "node:util";
import type { IgnitionModule } from "@nomicfoundation/ignition-core";
import hre from "hardhat";
import type { Address } from "viem";
import Local from "../ignition/modules/local.ts";
import TestUsdc from "../ignition/modules/test-usdc.ts";
import { checkedInArtifacts } from "./deployment/artifacts.ts";
import { deployModule } from "./deployment/deploy-module.ts";

/**
 * Deploys by Ignition to a local chain and prints `{"escrow": …, "usdc": …, "allowanceRecharge": …}` as its last line:
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

const connection = await hre.network.create({
  network: "local",
  override: { url: required("rpc"), accounts: [required("deployer-key")] },
});

try {
  const usdc = values.usdc ?? (await deployHere(TestUsdc, {})).TestUSDC;
  if (!usdc) throw new Error("Ignition has deployed no TestUSDC.");
  const { CreditEscrow: escrow, AllowanceRecharge: allowanceRecharge } = await deployHere(Local, {
    usdc,
    platform: required("platform"),
    settler: required("settler"),
    clearer: required("clearer"),
    attributor: values.attributor ?? required("platform"),
    guardian: values.guardian ?? required("platform"),
    governor: values.governor ?? required("platform"),
  });
  console.log(JSON.stringify({ escrow, usdc, allowanceRecharge }));
} finally {
  await connection.close();
}

function deployHere(module: IgnitionModule, parameters: Record<string, string>): Promise<Record<string, Address>> {
  const pace = { confirmations: 1, pollingIntervalMs: 50 };
  return deployModule(module, { provider: connection.provider, parameters, artifacts: checkedInArtifacts, ...pace });
}

function required(name: keyof typeof values): string {
  const value = values[name];
  if (!value) throw new Error(`--${name} is missing: see the head of contracts/scripts/deploy-local.ts.`);
  return value;
}
