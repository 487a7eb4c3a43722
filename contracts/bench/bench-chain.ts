import getPort from "get-port";
import { type Address, createPublicClient, type Hex, http, keccak256, toHex } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { startAnvil } from "../testing/anvil.ts";
import { type DeployEscrowOptions, deployEscrow } from "../testing/index.ts";

/** The same keys in every run, so that addresses and calldata, and with them the gas, hardly differ. */
export const accountNamed = (name: string): PrivateKeyAccount => privateKeyToAccount(keccak256(toHex(name)));

export type BenchChain = Awaited<ReturnType<typeof startBenchChain>>;

/** A fresh chain with the production bytecode on it. `operator` deploys, pays, settles and clears. */
export async function startBenchChain(options: Partial<DeployEscrowOptions> = {}) {
  const anvil = await startAnvil(await getPort());
  const operator = accountNamed("operator");
  const deployer = accountNamed("deployer");
  const reader = createPublicClient({
    transport: http(anvil.rpcUrl, { batch: true }),
    pollingInterval: 10,
    cacheTime: 0,
  });
  const rpc = (method: string, params: unknown[]): Promise<unknown> => reader.request({ method, params } as never);

  /** Lets an address send transactions without its key. */
  const adopt = async (address: Address): Promise<void> => {
    await rpc("anvil_setBalance", [address, "0xffffffffffffffffffff"]);
    await rpc("anvil_impersonateAccount", [address]);
  };
  /** Gas of the whole transaction, which must succeed. */
  const gasOf = async (to: Address, data: Hex, from: Address = operator.address): Promise<number> => {
    const request = { from, to, data, gas: "0x1000000" };
    const receipt = (await rpc("eth_sendTransactionSync", [request])) as { status: Hex; gasUsed: Hex };
    if (receipt.status !== "0x1") throw new Error(`Call ${data.slice(0, 10)} to ${to} reverted: the bench is wrong.`);
    return Number(receipt.gasUsed);
  };
  const elapse = async (seconds: number): Promise<void> => {
    await rpc("evm_increaseTime", [seconds]);
    await rpc("evm_mine", []);
  };

  await adopt(operator.address);
  // a key of its own for the deployment, so that nonces don't mix
  await rpc("anvil_setBalance", [deployer.address, "0xffffffffffffffff"]);
  const deployed = await deployEscrow({
    rpcUrl: anvil.rpcUrl,
    deployerKey: keccak256(toHex("deployer")),
    settler: operator.address,
    clearer: operator.address,
    platform: operator.address,
    guardian: operator.address,
    governor: operator.address,
    capacity: 10n ** 15n,
    ...options,
  });
  const now = async (): Promise<number> => Number((await reader.getBlock()).timestamp);
  return { ...deployed, operator, reader, rpc, adopt, gasOf, elapse, now, stop: anvil.stop };
}
