import { accountRef, type Batch } from "@infr/protocol";
import {
  type Address,
  decodeErrorResult,
  encodeFunctionData,
  getAddress,
  type Hex,
  pad,
  toHex,
  zeroAddress,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { creditEscrowAbi, testUsdcAbi } from "../abi/index.ts";
import { accountNamed, type BenchChain } from "../bench/bench-chain.ts";
import { EscrowState, ROLES, type Role } from "./escrow-state.ts";

export const SALTS = [0, 1];
const CAPACITY = 2_000_000_000n;
const WINDOW = 86_400n;
/** When it all begins: the same second in every run, so that a seed leads to the same days. */
const START = 2_000_000_000n;
/** Answers every call with its slot 0: a payout policy that verifies everybody, or nobody. */
export const POLICY = getAddress("0x00000000000000000000000000000000000f00d5");
const POLICY_CODE = "0x60005460005260206000f3";
/** Takes whatever it is sent: an escrow that accounts may migrate to. */
export const NEXT = getAddress("0x000000000000000000000000000000000005cce5");
const NEXT_CODE = "0x00";

export const saltOf = (salt: number): Hex => pad(toHex(salt), { size: 32 });

/** Those who have roles, and those who may get them. */
const STAFF = [...ROLES, "deputy one", "deputy two"].map((name) => accountNamed(`model ${name}`));
const PLATFORM = accountNamed("model platform");
const firstHolders = Object.fromEntries(ROLES.map((role, index) => [role, STAFF[index]?.address])) as Record<
  Role,
  Address
>;

export const worldSetup = {
  capacity: CAPACITY,
  window: Number(WINDOW),
  payoutPolicy: POLICY,
  platform: PLATFORM.address,
  ...firstHolders,
};

/** The contract on its chain and the model beside it. */
export interface World {
  chain: BenchChain;
  state: EscrowState;
  users: readonly PrivateKeyAccount[];
  staff: readonly PrivateKeyAccount[];
  /** Every batch that was settled, by the digest that the contract keeps. */
  batches: Map<Hex, Batch>;
  /** Deposit addresses, by `owner/salt`. */
  forwarders: ReadonlyMap<string, Address>;
  /** Operations done or refused, by name. */
  tally: Map<string, number>;
  salt: number;
  /** Number of the last log that was made up. */
  logs: number;
}

/** Users are adopted by the chain, so that they need no key to send. */
export async function createWorld(chain: BenchChain): Promise<World> {
  const users = [PLATFORM, ...["alice", "bob", "carol", "dave"].map((name) => accountNamed(`model ${name}`))];
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const [, , settledAt] = await chain.reader.readContract({ ...escrow, functionName: "nextBatch" });
  const state = new EscrowState({
    escrow: getAddress(chain.escrow),
    platform: PLATFORM.address,
    roles: firstHolders,
    policy: POLICY,
    capacity: CAPACITY,
    window: WINDOW,
    now: BigInt(settledAt),
  });
  const forwarders = new Map<string, Address>();
  await chain.rpc("anvil_setCode", [POLICY, POLICY_CODE]);
  await chain.rpc("anvil_setCode", [NEXT, NEXT_CODE]);
  for (const { address } of STAFF) await chain.adopt(address);
  const approval = { abi: testUsdcAbi, functionName: "approve", args: [chain.escrow, 2n ** 256n - 1n] } as const;
  for (const { address } of users) {
    await chain.adopt(address);
    await chain.gasOf(chain.usdc, encodeFunctionData(approval), address);
    for (const salt of SALTS) {
      const ref = accountRef({ owner: address, salt: saltOf(salt) });
      const at = await chain.reader.readContract({ ...escrow, functionName: "depositAddressOf", args: [ref] });
      forwarders.set(`${address}/${salt}`, at);
    }
    const mint = { abi: testUsdcAbi, functionName: "mint", args: [address, 10n ** 12n] } as const;
    await chain.gasOf(chain.usdc, encodeFunctionData(mint), address);
    state.token.mint(address, 10n ** 12n);
  }
  state.now = START;
  const [batches, tally] = [new Map<Hex, Batch>(), new Map<string, number>()];
  return { chain, state, users, staff: STAFF, forwarders, batches, tally, salt: 0, logs: 0 };
}

/** Whether the policy believes everybody. */
export async function setVerified(world: World, verified: boolean): Promise<void> {
  await world.chain.rpc("anvil_setStorageAt", [POLICY, saltOf(0), saltOf(verified ? 1 : 0)]);
  await mine(world);
}

/** Wei that nobody sent by a call. */
export async function forceEth(world: World, balance: bigint): Promise<void> {
  await world.chain.rpc("anvil_setBalance", [world.chain.escrow, toHex(balance)]);
  await mine(world);
}

/** A block of its own, so that the chain's time is the model's. */
async function mine({ chain, state }: World): Promise<void> {
  await chain.rpc("evm_setNextBlockTimestamp", [Number(state.now)]);
  await chain.rpc("evm_mine", []);
}

export interface Call {
  from: Address;
  to: Address;
  data: Hex;
}

/** Sends at the model's time. @returns the name of the error, `Token` if it is not one of the escrow's, or null */
export async function send({ chain, state }: World, call: Call): Promise<string | null> {
  await chain.rpc("evm_setNextBlockTimestamp", [Number(state.now)]);
  const request = { ...call, gas: "0xf00000" };
  const receipt = (await chain.rpc("eth_sendTransactionSync", [request])) as { status: Hex; blockNumber: Hex };
  if (receipt.status === "0x1") return null;
  // nothing has changed but a nonce: asked again at that block, the call fails for the same reason and says it
  try {
    await chain.reader.call({ account: call.from, ...call, blockNumber: BigInt(receipt.blockNumber) });
  } catch (error) {
    return errorName(error);
  }
  return "a failure that does not happen again";
}

function errorName(error: unknown): string {
  const data = /"?data"?:? ?"?(0x[0-9a-f]{8,})/.exec(findData(error) ?? "")?.[1] as Hex | undefined;
  if (!data) return "Token";
  try {
    const { errorName } = decodeErrorResult({ abi: creditEscrowAbi, data });
    return errorName === "SafeERC20FailedOperation" ? "Token" : errorName;
  } catch {
    return "Token";
  }
}

function findData(error: unknown): string | null {
  for (let each = error as { cause?: unknown; data?: unknown } | undefined; each; each = each.cause as typeof each) {
    if (typeof each.data === "string") return `data: ${each.data}`;
  }
  return null;
}

export const addressOrZero = (address: Address | null): Address => address ?? zeroAddress;
