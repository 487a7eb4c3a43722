import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import hre from "hardhat";
import { type Address, createPublicClient, getAddress, type Hex, http, keccak256, stringToHex, toHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { startAnvil } from "../../testing/anvil.ts";
import { deployEscrow } from "../../testing/index.ts";
import { checkedInArtifacts } from "./artifacts.ts";
import { deployToBase } from "./deploy-base.ts";
import {
  CHAINS,
  type ChainName,
  checkParameters,
  contractsAmong,
  faultOf,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
  parametersFile,
  readParameters,
} from "./parameters.ts";
import { type Deployed, type Finding, readWiring } from "./wiring.ts";

export interface DryRun {
  readonly rpcUrl: string;
  readonly parameters: Readonly<Record<ParameterName, string>>;
  /** Parameters that nobody has set yet and that were made up. */
  readonly standIns: readonly string[];
  readonly deployed: Deployed;
  readonly findings: readonly Finding[];
  readonly stop: () => Promise<void>;
}

/**
 * Deploys with a real chain's parameters to an empty chain with that chain's id: what is missing is made up, and
 * USDC, EAS and the Safes are put where the parameters say they are.
 */
export async function startDryRun(chain: ChainName): Promise<DryRun> {
  const { network, chainId } = CHAINS[chain];
  const file = parametersFile(chain);
  const { given, standIns } = fillGaps(await readParameters(file));
  const parameters = checkParameters(chain, given, file);

  const anvil = await startAnvil(await getPort(), { chainId });
  const journal = await mkdtemp(join(tmpdir(), "dry-run-"));
  const stop = async (): Promise<void> => {
    await anvil.stop();
    await rm(journal, { recursive: true, force: true });
  };
  try {
    const reader = createPublicClient({ transport: http(anvil.rpcUrl) });
    await placeContracts(anvil.rpcUrl, contractsAmong(parameters));
    const accounts = [await fundedKey(anvil.rpcUrl)];
    const connection = await hre.network.create({ network, override: { url: anvil.rpcUrl, accounts } });
    const { provider } = connection;
    const pace = { confirmations: 1, pollingIntervalMs: 50 };
    const artifacts = checkedInArtifacts;
    const deployed = await deployToBase({ chain, parameters, reader, provider, artifacts, journal, ...pace });
    await connection.close();
    const findings = await readWiring({ chain, reader, parameters, deployed });
    return { rpcUrl: anvil.rpcUrl, parameters, standIns, deployed, findings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Made-up values, the same every time, for parameters that have none: wrong ones are left, to be refused. */
function fillGaps(given: Record<string, string>): { given: Record<string, string>; standIns: string[] } {
  const standIns = PARAMETER_NAMES.filter((name) => faultOf(name, given[name])?.startsWith("not set"));
  const filled = { ...given };
  for (const name of standIns) {
    const hash = keccak256(stringToHex(name));
    filled[name] = PARAMETERS[name].kind === "word" ? hash : getAddress(`0x${hash.slice(-40)}`);
  }
  return { given: filled, standIns };
}

const request = (rpcUrl: string, method: string, params: unknown[]): Promise<unknown> =>
  createPublicClient({ transport: http(rpcUrl) }).request({ method, params } as never);

async function fundedKey(rpcUrl: string): Promise<Hex> {
  const key = generatePrivateKey();
  await request(rpcUrl, "anvil_setBalance", [privateKeyToAccount(key).address, toHex(10n ** 20n)]);
  return key;
}

/** A token with USDC's interface where USDC stands, and code where there have to be contracts. */
async function placeContracts(rpcUrl: string, contracts: Record<string, Address>): Promise<void> {
  const { usdc } = await deployEscrow({ rpcUrl, deployerKey: await fundedKey(rpcUrl) });
  const token = await request(rpcUrl, "eth_getCode", [usdc, "latest"]);
  for (const [name, address] of Object.entries(contracts)) {
    await request(rpcUrl, "anvil_setCode", [address, name === "usdc" ? token : "0x00"]);
  }
}
