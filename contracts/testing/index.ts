import { createPublicClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  allowanceRechargeBytecode,
  creditEscrowBytecode,
  settlerWalletBytecode,
  testUsdcBytecode,
} from "../abi/bytecode.ts";
import { allowanceRechargeAbi, creditEscrowAbi, settlerWalletAbi, testUsdcAbi } from "../abi/index.ts";

export { deployPayoutPolicy } from "./policy.ts";

type Address = `0x${string}`;

/** What a deployment for tests may set; the roles default to the deployer, the limits to those of a real deployment. */
export interface DeployEscrowOptions {
  rpcUrl: string;
  /** Pays for the deployment and, by default, owns account 1. Needs ETH. */
  deployerKey: Hex;
  platform?: Address;
  settler?: Address;
  clearer?: Address;
  attributor?: Address;
  guardian?: Address;
  governor?: Address;
  payoutPolicy?: Address;
  /** A token that is there already; without it a TestUSDC is deployed. */
  usdc?: Address;
  /** Most that batches may settle at once, µUSDC. */
  capacity?: bigint;
  /** Seconds in which that capacity refills. */
  window?: number;
}

/** Deploys the escrow's production bytecode over any RPC, without compiling: a fixture for tests. */
export async function deployEscrow(
  options: DeployEscrowOptions,
): Promise<{ escrow: Address; usdc: Address; chainId: number }> {
  const transport = http(options.rpcUrl);
  const account = privateKeyToAccount(options.deployerKey);
  const reader = createPublicClient({ transport, pollingInterval: 50, cacheTime: 0 });
  const writer = createWalletClient({ account, transport });

  const addressIn = async (hash: Hex): Promise<Address> => {
    const { contractAddress } = await reader.waitForTransactionReceipt({ hash, checkReplacement: false });
    if (!contractAddress) throw new DeploymentFailedError(hash);
    return contractAddress;
  };
  const usdc =
    options.usdc ??
    (await addressIn(await writer.deployContract({ abi: testUsdcAbi, bytecode: testUsdcBytecode, chain: null })));
  const setup = {
    usdc,
    platform: options.platform ?? account.address,
    settler: options.settler ?? account.address,
    clearer: options.clearer ?? account.address,
    attributor: options.attributor ?? account.address,
    guardian: options.guardian ?? account.address,
    governor: options.governor ?? account.address,
    payoutPolicy: options.payoutPolicy ?? "0x0000000000000000000000000000000000000000",
    capacity: options.capacity ?? 250_000_000_000n,
    window: options.window ?? 86_400,
  } as const;
  const hash = await writer.deployContract({
    abi: creditEscrowAbi,
    bytecode: creditEscrowBytecode,
    args: [setup],
    chain: null,
  });
  return { escrow: await addressIn(hash), usdc, chainId: await reader.getChainId() };
}

/** Deploys a settler of two keys, for tests. */
export async function deploySettlerWallet(options: {
  rpcUrl: string;
  deployerKey: Hex;
  settler: Address;
  cosigner: Address;
}): Promise<Address> {
  const transport = http(options.rpcUrl);
  const writer = createWalletClient({ account: privateKeyToAccount(options.deployerKey), transport });
  const hash = await writer.deployContract({
    abi: settlerWalletAbi,
    bytecode: settlerWalletBytecode,
    args: [options.settler, options.cosigner],
    chain: null,
  });
  const reader = createPublicClient({ transport, pollingInterval: 50, cacheTime: 0 });
  const { contractAddress } = await reader.waitForTransactionReceipt({ hash, checkReplacement: false });
  if (!contractAddress) throw new DeploymentFailedError(hash);
  return contractAddress;
}

/** Deploys what recharges from allowances, for tests. */
export async function deployAllowanceRecharge(options: {
  rpcUrl: string;
  deployerKey: Hex;
  escrow: Address;
}): Promise<Address> {
  const transport = http(options.rpcUrl);
  const writer = createWalletClient({ account: privateKeyToAccount(options.deployerKey), transport });
  const hash = await writer.deployContract({
    abi: allowanceRechargeAbi,
    bytecode: allowanceRechargeBytecode,
    args: [options.escrow],
    chain: null,
  });
  const reader = createPublicClient({ transport, pollingInterval: 50, cacheTime: 0 });
  const { contractAddress } = await reader.waitForTransactionReceipt({ hash, checkReplacement: false });
  if (!contractAddress) throw new DeploymentFailedError(hash);
  return contractAddress;
}

/** The deployment's transaction was mined without leaving a contract. */
export class DeploymentFailedError extends Error {
  readonly code = "deployment_failed";
  readonly transactionHash: Hex;

  constructor(transactionHash: Hex) {
    super(`Transaction ${transactionHash} created no contract: look at its trace.`);
    this.transactionHash = transactionHash;
  }
}
