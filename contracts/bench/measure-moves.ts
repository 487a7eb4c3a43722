import { clearanceTypedData, type OperationMessages, operationHash, operationTypedData } from "@infr/protocol";
import { encodeFunctionData, type Hex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { creditEscrowAbi } from "../abi/index.ts";
import { accountNamed, type BenchChain } from "./bench-chain.ts";
import { depositFor, MEMO, mint } from "./measure-deposits.ts";

type Signed<Name extends "Transfer" | "CreateVoucher"> = {
  message: OperationMessages[Name];
  ownerSignature: Hex;
  clearance: Hex;
};

async function accountOf(chain: BenchChain, owner: PrivateKeyAccount): Promise<{ account: number; nonce: bigint }> {
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const account = await chain.reader.readContract({ ...escrow, functionName: "idOf", args: [owner.address] });
  const { nonce } = await chain.reader.readContract({ ...escrow, functionName: "accountOf", args: [account] });
  return { account, nonce };
}

async function sign<Name extends "Transfer" | "CreateVoucher">(
  chain: BenchChain,
  owner: PrivateKeyAccount,
  name: Name,
  message: OperationMessages[Name],
): Promise<Signed<Name>> {
  const operation = operationHash(name, message);
  const { deadline } = message;
  return {
    message,
    ownerSignature: await owner.signTypedData(operationTypedData(chain, name, message)),
    clearance: await chain.operator.signTypedData(clearanceTypedData(chain, { operation, deadline })),
  };
}

/** Relayed and sent by the owner, to an account that has credit; not the owner's first operation. */
export async function measureTransfer(chain: BenchChain, to: number): Promise<{ relayed: number; direct: number }> {
  const owner = accountNamed("sender of credit");
  await chain.adopt(owner.address);
  await depositFor(chain, owner.address, 100_000_000n);
  const send = async (direct: boolean): Promise<number> => {
    const { account: from, nonce } = await accountOf(chain, owner);
    const deadline = (await chain.now()) + 300;
    const signed = await sign(chain, owner, "Transfer", { from, to, amount: 5_000_000n, memo: MEMO, nonce, deadline });
    const signature = direct ? "0x" : signed.ownerSignature;
    const args = [signed.message, signature, signed.clearance] as const;
    const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "transfer", args });
    return chain.gasOf(chain.escrow, data, direct ? owner.address : undefined);
  };
  await send(false);
  return { relayed: await send(false), direct: await send(true) };
}

/** A relayed voucher for anybody, redeemed into an account that has credit. */
export async function measureVoucher(chain: BenchChain, to: number): Promise<{ create: number; redeem: number }> {
  const owner = accountNamed("issuer of vouchers");
  await depositFor(chain, owner.address, 100_000_000n);
  const make = async (name: string) => {
    const key = accountNamed(name);
    const { account: from, nonce } = await accountOf(chain, owner);
    const deadline = (await chain.now()) + 300;
    const order = { from, key: key.address, amount: 5_000_000n, to: 0, expiry: deadline + 86_400, nonce, deadline };
    const signed = await sign(chain, owner, "CreateVoucher", order);
    const args = [signed.message, signed.ownerSignature, signed.clearance] as const;
    const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "createVoucher", args });
    return { key, order, gas: await chain.gasOf(chain.escrow, data) };
  };
  await make("first voucher");
  const { key, order, gas } = await make("second voucher");
  const redeem = { key: key.address, to, from: order.from, expiry: order.expiry, nonce: order.nonce };
  const signature = await key.signTypedData(operationTypedData(chain, "Redeem", redeem));
  const args = [key.address, to, signature] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "redeemVoucher", args });
  return { create: gas, redeem: await chain.gasOf(chain.escrow, data) };
}

/** A line of a push to recipients who hold USDC already, and who don't; the pull is of one who does. */
export async function measurePayouts(
  chain: BenchChain,
  earners: readonly number[],
): Promise<{ line: number; freshLine: number; withdraw: number }> {
  await chain.elapse(3 * 86_400);
  const ownerOf = (earner: number) =>
    chain.reader.readContract({ address: chain.escrow, abi: creditEscrowAbi, functionName: "ownerOf", args: [earner] });
  const push = (from: number, to: number): Promise<number> => {
    const args = [earners.slice(from, to)] as const;
    return chain.gasOf(chain.escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "payout", args }));
  };
  const freshLine = ((await push(0, 12)) - (await push(12, 14))) / 10;
  for (const earner of earners.slice(14, 41)) await mint(chain, await ownerOf(earner), 1n);
  const line = ((await push(14, 36)) - (await push(36, 38))) / 20;

  const [puller = 0] = earners.slice(40, 41);
  const owner = await ownerOf(puller);
  await chain.adopt(owner);
  const call = { abi: creditEscrowAbi, functionName: "withdraw", args: [puller, 10_000_000n] } as const;
  await chain.gasOf(chain.escrow, encodeFunctionData(call), owner);
  const withdraw = await chain.gasOf(chain.escrow, encodeFunctionData(call), owner);
  return { line: Math.round(line), freshLine: Math.round(freshLine), withdraw };
}
