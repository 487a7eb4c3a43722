import { type ArtifactResolver, type EIP1193Provider, listTransactions } from "@nomicfoundation/ignition-core";
import { type Address, getAddress, type Hex, type PublicClient } from "viem";
import Base from "../../ignition/modules/base.ts";
import { deployModule } from "./deploy-module.ts";
import { CHAINS, type ChainName, contractsAmong, type Parameters, toIgnition } from "./parameters.ts";
import type { Deployed } from "./wiring.ts";

export interface BaseDeployment {
  readonly chain: ChainName;
  readonly parameters: Parameters;
  readonly reader: PublicClient;
  readonly provider: EIP1193Provider;
  readonly artifacts: ArtifactResolver;
  /** Folder of Ignition's journal: a deployment that was broken off goes on from there. */
  readonly journal: string;
  readonly confirmations: number;
  readonly pollingIntervalMs: number;
}

/** The chain is not what the parameters are for: nothing has been sent. */
export class WrongChainError extends Error {
  override readonly name = "WrongChainError";
  readonly code = "wrong_chain";
}

/** Deploys `modules/base.ts` after looking at the chain. Throws {@link WrongChainError}. */
export async function deployToBase(options: BaseDeployment): Promise<Deployed> {
  const deployer = await requireChain(options);
  const { parameters, ...rest } = options;
  const found = await deployModule(Base, { ...rest, parameters: toIgnition(parameters) });
  const addressOf = (name: string): Address => {
    const address = found[name];
    if (!address) throw new Error(`Ignition has deployed no ${name}.`);
    return getAddress(address);
  };
  return {
    escrow: addressOf("CreditEscrow"),
    lens: addressOf("EscrowLens"),
    allowanceRecharge: addressOf("AllowanceRecharge"),
    governor: addressOf("TimelockController"),
    payoutPolicy: addressOf("EasPayoutPolicy"),
    block: await blockOf("CreditEscrow", options),
    deployer,
    governorBlock: await blockOf("TimelockController", options),
  };
}

/** Chain id, contracts that have to be there, and a deployer who is nobody else. @returns the deployer */
async function requireChain({ chain, parameters, reader, provider }: BaseDeployment): Promise<Address> {
  const { chainId } = CHAINS[chain];
  const faults: string[] = [];
  const actual = await reader.getChainId();
  if (actual !== chainId) throw new WrongChainError(`This is chain ${actual}, ${chain} is ${chainId}: check its URL.`);
  for (const [name, address] of Object.entries(contractsAmong(parameters))) {
    if (!(await reader.getCode({ address }))) faults.push(`${name}: no contract at ${address} on this chain`);
  }
  const [account] = (await provider.request({ method: "eth_accounts" })) as string[];
  if (!account) throw new WrongChainError("There is no deployer: set DEPLOYER_KEY.");
  const deployer = getAddress(account);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === deployer) faults.push(`${name}: ${deployer} is the deployer, who has to end without rights`);
  }
  if (faults.length > 0) throw new WrongChainError(`Nothing was deployed:\n  ${faults.join("\n  ")}`);
  return deployer;
}

/** The block in which Ignition's journal has a contract, also if that was in an earlier run. */
async function blockOf(name: string, { journal, artifacts, reader }: BaseDeployment): Promise<number> {
  const transactions = await listTransactions(journal, artifacts);
  const sent = transactions.find((each) => each.name === name && each.address !== undefined);
  if (!sent) throw new Error(`Ignition's journal in ${journal} has no ${name}.`);
  const receipt = await reader.getTransactionReceipt({ hash: sent.txHash as Hex });
  return Number(receipt.blockNumber);
}
