import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { createPublicClient, createWalletClient, http, numberToHex, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { rpc } from "../anvil.ts";
import { pathOf, readJson, writeJson } from "./folder.ts";
import type { Hex, Key, Keys } from "./keys.ts";

export interface Contracts {
  escrow: Hex;
  usdc: Hex;
  /** Absent on chains of others where nobody is recharged from USDC. */
  allowanceRecharge?: Hex;
}

export const LOCAL_CHAIN_ID = 31_337;
/** How far the genesis lies back: a payout's hold of 72 hours fits in. */
export const GENESIS_AGE_SECONDS = 4 * 86_400;
const STATE_FILE = "chain.json";
const HEAD_FILE = "chain-head.json";
const FUNDS = 10_000_000_000n;
const PLATFORM_CREDIT = 1_000_000_000n;

interface Head {
  number: Hex;
  hash: Hex;
}

/** Anvil writes its state file in place: after a crash it may be cut off. */
export function hasChainState(): boolean {
  if (!existsSync(pathOf(STATE_FILE))) return false;
  try {
    JSON.parse(readFileSync(pathOf(STATE_FILE), "utf8"));
    return true;
  } catch {
    return false;
  }
}

/** By Ignition, in a process of its own: Hardhat is large and needed once. */
export async function deployContracts(rpcUrl: string, keys: Keys): Promise<Contracts> {
  const words = ["contracts/scripts/deploy-local.ts", "--rpc", rpcUrl, "--deployer-key", keys.deployer.privateKey];
  for (const role of ["platform", "settler", "clearer"] as const) words.push(`--${role}`, keys[role].address);
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 120_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Contracts;
}

/** Gives the wallets $10,000 of test USDC each, and the platform's account 1 credit to grant. */
export async function fundWallets(rpcUrl: string, contracts: Contracts, keys: Keys): Promise<void> {
  for (const role of ["platform", "alice", "bob"] as const) {
    await write(rpcUrl, keys.deployer, {
      address: contracts.usdc,
      abi: testUsdcAbi,
      functionName: "mint",
      args: [keys[role].address, FUNDS],
    });
  }
  await write(rpcUrl, keys.platform, {
    address: contracts.usdc,
    abi: testUsdcAbi,
    functionName: "approve",
    args: [contracts.escrow, PLATFORM_CREDIT],
  });
  await write(rpcUrl, keys.platform, {
    address: contracts.escrow,
    abi: creditEscrowAbi,
    functionName: "deposit",
    args: [1, PLATFORM_CREDIT, zeroHash],
  });
}

interface Call {
  address: Hex;
  abi: readonly unknown[];
  functionName: string;
  args: readonly unknown[];
}

async function write(rpcUrl: string, { privateKey }: Key, call: Call): Promise<void> {
  const transport = http(rpcUrl);
  const reader = createPublicClient({ transport, pollingInterval: 50, cacheTime: 0 });
  const wallet = createWalletClient({ account: privateKeyToAccount(privateKey), transport });
  const hash = await wallet.writeContract({ ...call, chain: null });
  const { status } = await reader.waitForTransactionReceipt({ hash, checkReplacement: false, timeout: 30_000 });
  if (status !== "success") throw new TransactionRevertedError(call.functionName, hash);
}

class TransactionRevertedError extends Error {
  readonly code = "transaction_reverted";

  constructor(functionName: string, hash: Hex) {
    super(`${functionName} reverted in transaction ${hash}. Start over with --fresh.`);
    this.name = "TransactionRevertedError";
  }
}

/** Sets the chain's clock to this machine's. From then on it ticks with it and is never ahead. */
export async function jumpToPresent(rpcUrl: string): Promise<void> {
  await rpc(rpcUrl, "evm_setTime", [Math.floor(Date.now() / 1000) * 1000]);
  await rpc(rpcUrl, "anvil_mine", []);
}

/** Notes the newest block, for the next start to compare. */
export async function recordHead(rpcUrl: string): Promise<void> {
  const { number, hash } = await rpc<Head>(rpcUrl, "eth_getBlockByNumber", ["latest", false]);
  writeJson(HEAD_FILE, { number, hash });
}

/** How many blocks a crash has cost: those mined after anvil last wrote its state. */
export async function lostBlocks(rpcUrl: string): Promise<number> {
  const last = readJson(HEAD_FILE) as Head | null;
  if (!last) return 0;
  const block = await rpc<Head | null>(rpcUrl, "eth_getBlockByNumber", [numberToHex(BigInt(last.number)), false]);
  if (block?.hash === last.hash) return 0;
  const head = await rpc<Head>(rpcUrl, "eth_getBlockByNumber", ["latest", false]);
  return Math.max(1, Number(last.number) - Number(head.number));
}
