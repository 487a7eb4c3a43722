import { createPublicClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { easPayoutPolicyBytecode } from "../abi/bytecode.ts";
import { easPayoutPolicyAbi } from "../abi/index.ts";

type Address = `0x${string}`;

/** Deploys a payout policy that believes one attester about one schema of an EAS: a fixture for tests. */
export async function deployPayoutPolicy(options: {
  rpcUrl: string;
  deployerKey: Hex;
  eas: Address;
  schema: Hex;
  attester: Address;
}): Promise<Address> {
  const transport = http(options.rpcUrl);
  const writer = createWalletClient({ account: privateKeyToAccount(options.deployerKey), transport });
  const reader = createPublicClient({ transport, pollingInterval: 50, cacheTime: 0 });
  const args = [options.eas, options.schema, options.attester] as const;
  const deployment = { abi: easPayoutPolicyAbi, bytecode: easPayoutPolicyBytecode, args, chain: null } as const;
  const { contractAddress } = await reader.waitForTransactionReceipt({
    hash: await writer.deployContract(deployment),
    checkReplacement: false,
  });
  if (!contractAddress) throw new Error("the policy's deployment left no contract");
  return contractAddress;
}
