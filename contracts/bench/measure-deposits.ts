import { accountRef, authorizationNonce, PRIMARY_SALT, receiveAuthorizationTypedData } from "@infr/protocol";
import { type Address, encodeFunctionData, type Hex } from "viem";
import { creditEscrowAbi, testUsdcAbi } from "../abi/index.ts";
import { accountNamed, type BenchChain } from "./bench-chain.ts";

export const MEMO: Hex = `0x${"11".repeat(32)}`;
const FOREVER = 2n ** 40n;

export function mint(chain: BenchChain, to: Address, amount: bigint): Promise<number> {
  const data = encodeFunctionData({ abi: testUsdcAbi, functionName: "mint", args: [to, amount] });
  return chain.gasOf(chain.usdc, data);
}

export function depositFor(chain: BenchChain, owner: Address, amount: bigint): Promise<number> {
  const args = [owner, PRIMARY_SALT, amount, MEMO] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFor", args });
  return chain.gasOf(chain.escrow, data);
}

/** Into an account that has credit, from a payer who keeps some USDC. */
export async function measureDeposit(chain: BenchChain, account: number): Promise<number> {
  const args = [account, 10_000_000n, MEMO] as const;
  return chain.gasOf(chain.escrow, encodeFunctionData({ abi: creditEscrowAbi, functionName: "deposit", args }));
}

const token = (chain: BenchChain) => ({ name: "USD Coin", version: "2", chainId: chain.chainId, usdc: chain.usdc });

/** ERC-3009 into the account of an `owner` that is open. */
export async function measureDeposit3009(chain: BenchChain, owner: Address): Promise<number> {
  const payer = accountNamed("payer by authorization");
  await mint(chain, payer.address, 50_000_000n);
  const ref = accountRef({ owner });
  const message = {
    from: payer.address,
    to: chain.escrow,
    value: 10_000_000n,
    validAfter: 0n,
    validBefore: FOREVER,
    nonce: authorizationNonce({ ref, memo: MEMO, nonceSalt: MEMO }),
  };
  const signature = await payer.signTypedData(receiveAuthorizationTypedData(token(chain), message));
  const { from, validAfter, validBefore, value: amount } = message;
  const input = {
    owner,
    accountSalt: PRIMARY_SALT,
    from,
    amount,
    validAfter,
    validBefore,
    memo: MEMO,
    nonceSalt: MEMO,
  };
  const data = encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "depositWithAuthorization",
    args: [{ ...input, signature }],
  });
  return chain.gasOf(chain.escrow, data);
}

/** The payer rail, again into his own account. */
export async function measureDepositFromPayer(chain: BenchChain): Promise<number> {
  const payer = accountNamed("payer of x402");
  await mint(chain, payer.address, 50_000_000n);
  await depositFor(chain, payer.address, 10_000_000n);
  const { types } = receiveAuthorizationTypedData(token(chain), {
    from: payer.address,
    to: chain.escrow,
    value: 0n,
    validAfter: 0n,
    validBefore: 0n,
    nonce: MEMO,
  });
  const { usdc: verifyingContract, ...domain } = token(chain);
  const authorization = { from: payer.address, validAfter: 0n, validBefore: FOREVER, nonce: MEMO };
  const signature = await payer.signTypedData({
    domain: { ...domain, verifyingContract },
    types: { TransferWithAuthorization: types.ReceiveWithAuthorization },
    primaryType: "TransferWithAuthorization",
    message: { ...authorization, to: chain.escrow, value: 10_000_000n },
  });
  const args = [{ ...authorization, amount: 10_000_000n, signature }] as const;
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFromPayer", args });
  return chain.gasOf(chain.escrow, data);
}

/** The first sweep of an address deploys its forwarder; later ones find it. */
export async function measureSweep(chain: BenchChain, owner: Address): Promise<{ first: number; again: number }> {
  const ref = accountRef({ owner });
  const escrow = { address: chain.escrow, abi: creditEscrowAbi } as const;
  const address = await chain.reader.readContract({ ...escrow, functionName: "depositAddressOf", args: [ref] });
  const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "sweep", args: [[ref]] });
  await mint(chain, address, 20_000_000n);
  const first = await chain.gasOf(chain.escrow, data);
  await mint(chain, address, 20_000_000n);
  return { first, again: await chain.gasOf(chain.escrow, data) };
}
