import { microUsdc } from "@infr/money";
import {
  accountRef,
  authorizationNonce,
  type Batch,
  encodeLines,
  PRIMARY_SALT,
  receiveAuthorizationTypedData,
  settlementTypedData,
} from "@infr/protocol";
import getPort from "get-port";
import { type Address, createPublicClient, encodeFunctionData, type Hex, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { creditEscrowAbi, testUsdcAbi } from "../abi/index.ts";
import { startAnvil } from "../testing/anvil.ts";
import { deployEscrow } from "../testing/index.ts";
import { type GasFigures, GOALS } from "./goals.ts";

/**
 * Measures whole-transaction gas of the production bytecode on a fresh chain, second batch, sparse ids, and fails above
 * the goals. The last line is one JSON object.
 */
const ACCOUNTS = 2_100;
const MEMO: Hex = `0x${"11".repeat(32)}`;

const anvil = await startAnvil(await getPort());
const deployer = privateKeyToAccount(generatePrivateKey());
const transport = http(anvil.rpcUrl);
const reader = createPublicClient({ transport, pollingInterval: 10, cacheTime: 0 });
const rpc = (method: string, params: unknown[]): Promise<unknown> => reader.request({ method, params } as never);

await rpc("anvil_setBalance", [deployer.address, "0xffffffffffffffffffff"]);
await rpc("anvil_impersonateAccount", [deployer.address]);
const { escrow, usdc, chainId } = await deployEscrow({
  rpcUrl: anvil.rpcUrl,
  deployerKey: await keyOf(),
  settler: deployer.address,
  platform: deployer.address,
  capacity: 10n ** 15n,
});

/** A funded key for the deployment alone, so that nonces don't mix. */
async function keyOf(): Promise<Hex> {
  const key = generatePrivateKey();
  await rpc("anvil_setBalance", [privateKeyToAccount(key).address, "0xffffffffffffffff"]);
  return key;
}

async function gasOf(to: Address, data: Hex): Promise<bigint> {
  const request = { from: deployer.address, to, data, gas: "0x1000000" };
  const receipt = (await rpc("eth_sendTransactionSync", [request])) as { status: Hex; gasUsed: Hex };
  if (receipt.status !== "0x1") throw new Error(`A call to ${to} reverted: the bench is wrong.`);
  return BigInt(receipt.gasUsed);
}

async function depositFor(salt: Hex, amount: bigint): Promise<bigint> {
  const args = [deployer.address, salt, amount, MEMO] as const;
  return gasOf(escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFor", args }));
}

const saltOf = (index: number): Hex => `0x${index.toString(16).padStart(64, "0")}`;

/** A batch of `count` debits and 5 % credits, every other id left out, with amounts between $0.20 and $2. */
async function settle(count: number): Promise<{ gas: bigint; bytes: number }> {
  const [seq, prev] = await reader.readContract({ address: escrow, abi: creditEscrowAbi, functionName: "nextBatch" });
  const { timestamp } = await reader.getBlock();
  const amounts = Array.from({ length: count }, (_, index) => 200_000n + BigInt((index * 7919) % 1_800_000));
  const gross = amounts.reduce((sum, amount) => sum + amount, 0n);
  const operators = Math.max(1, Math.floor(count / 20));
  const each = gross / BigInt(operators);
  const batch: Batch = {
    seq,
    prev,
    receiptsRoot: MEMO,
    periodEnd: Number(timestamp),
    deadline: Number(timestamp) + 300,
    debits: encodeLines(amounts.map((amount, index) => ({ id: 2 + 2 * index, amount: microUsdc(amount) }))),
    credits: encodeLines(
      Array.from({ length: operators }, (_, index) => ({
        id: 3 + 40 * index,
        amount: microUsdc(index === 0 ? gross - each * BigInt(operators - 1) : each),
      })),
    ),
    referrals: "0x",
  };
  const signature = await deployer.signTypedData(settlementTypedData({ chainId, escrow }, batch));
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "settle", args: [batch, signature] });
  return { gas: await gasOf(escrow, data), bytes: (data.length - 2) / 2 };
}

async function deposit3009(index: number): Promise<bigint> {
  const payer = privateKeyToAccount(generatePrivateKey());
  const mint = { abi: testUsdcAbi, functionName: "mint", args: [payer.address, 50_000_000n] } as const;
  await gasOf(usdc, encodeFunctionData(mint));
  const input = {
    owner: deployer.address,
    accountSalt: saltOf(index),
    from: payer.address,
    amount: 10_000_000n,
    validAfter: 0n,
    validBefore: 2n ** 40n,
    memo: MEMO,
    nonceSalt: MEMO,
  };
  const ref = accountRef({ owner: input.owner, salt: input.accountSalt });
  const nonce = authorizationNonce({ ref, memo: MEMO, nonceSalt: MEMO });
  const message = {
    from: payer.address,
    to: escrow,
    value: input.amount,
    validAfter: 0n,
    validBefore: 2n ** 40n,
    nonce,
  };
  const token = { name: "USD Coin", version: "2", chainId, usdc };
  const signature = await payer.signTypedData(receiveAuthorizationTypedData(token, message));
  const args = [{ ...input, signature }] as const;
  return gasOf(escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositWithAuthorization", args }));
}

async function withdraw(): Promise<bigint> {
  await rpc("evm_increaseTime", [3 * 86_400]);
  await rpc("evm_mine", []);
  const call = { abi: creditEscrowAbi, functionName: "withdraw", args: [3, 10_000_000n] } as const;
  await gasOf(escrow, encodeFunctionData(call));
  return gasOf(escrow, encodeFunctionData(call));
}

async function prepare(): Promise<void> {
  const mint = { abi: testUsdcAbi, functionName: "mint", args: [deployer.address, 10n ** 15n] } as const;
  await gasOf(usdc, encodeFunctionData(mint));
  const approve = { abi: testUsdcAbi, functionName: "approve", args: [escrow, 10n ** 15n] } as const;
  await gasOf(usdc, encodeFunctionData(approve));
  await depositFor(PRIMARY_SALT, 1_000_000_000n);
  for (let index = 2; index < ACCOUNTS; index += 1) await depositFor(saltOf(index), 100_000_000n);
}

async function measure(): Promise<GasFigures> {
  await prepare();
  const settled = new Map<number, { gas: bigint; bytes: number }>();
  for (const count of [10, 100, 500, 1000]) {
    await settle(count);
    settled.set(count, await settle(count));
  }
  const of = (count: number) => settled.get(count) ?? { gas: 0n, bytes: 0 };
  const lineGas = Number(of(1000).gas - of(500).gas) / 525;
  const figures = {
    settleLineGas: Math.round(lineGas),
    settleFixedGas: Math.round(Number(of(500).gas) - lineGas * 525),
    settle10Gas: Number(of(10).gas),
    settle100Gas: Number(of(100).gas),
    settle1050Gas: Number(of(1000).gas),
    settle1050Bytes: of(1000).bytes,
    depositGas: Number(await depositFor(saltOf(2), 10_000_000n)),
    deposit3009Gas: Number(await deposit3009(5)),
    withdrawGas: Number(await withdraw()),
    runtimeBytes: ((await reader.getCode({ address: escrow }))?.length ?? 2) / 2 - 1,
  };
  return figures;
}

try {
  const figures = await measure();
  for (const [name, goal] of Object.entries(GOALS)) {
    const figure = figures[name as keyof GasFigures];
    const good = figure <= goal;
    console.log(`${good ? "✓" : "✗"} ${name.padEnd(18)} ${String(figure).padStart(9)}  goal ${goal}`);
    if (!good) process.exitCode = 1;
  }
  console.log(JSON.stringify(figures));
} finally {
  await anvil.stop();
}
