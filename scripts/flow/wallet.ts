import { creditEscrowAbi } from "@infr/contracts/abi";
import { authorizationNonce, PRIMARY_SALT, receiveAuthorizationTypedData } from "@infr/protocol";
import { type Address, createPublicClient, createWalletClient, erc20Abi, type Hex, http, parseAbi, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** The chain of a running stack. */
export type FlowChain = { rpc: string; chainId: number; contracts: { escrow: Address; usdc: Address } };

/** A wallet's dealings with the contracts; each resolves when its transaction is mined, with its hash. */
export function openWallet({ rpc, chainId, contracts }: FlowChain, privateKey: Hex) {
  const { escrow, usdc } = contracts;
  const account = privateKeyToAccount(privateKey);
  const transport = http(rpc);
  const reader = createPublicClient({ transport, cacheTime: 0, pollingInterval: 50 });
  const writer = createWalletClient({ account, transport });

  const mined = async (hash: Hex) => {
    const receipt = await reader.waitForTransactionReceipt({ hash, checkReplacement: false });
    if (receipt.status !== "success") throw new Error(`transaction ${hash} reverted`);
    return { hash, blockNumber: receipt.blockNumber };
  };
  const send = async (call: { functionName: "deposit" | "depositFor" | "withdraw"; args: readonly unknown[] }) => {
    const { request } = await reader.simulateContract({
      account,
      address: escrow,
      abi: creditEscrowAbi,
      ...call,
    } as never);
    return mined(await writer.writeContract(request));
  };

  return {
    address: account.address,
    reader,
    approve: async (amount: bigint) =>
      mined(
        await writer.writeContract({
          chain: null,
          address: usdc,
          abi: erc20Abi,
          functionName: "approve",
          args: [escrow, amount],
        }),
      ),
    depositFor: (amount: bigint, memo: Hex) =>
      send({ functionName: "depositFor", args: [account.address, PRIMARY_SALT, amount, memo] }),
    deposit: (number: number, amount: bigint, memo: Hex) =>
      send({ functionName: "deposit", args: [number, amount, memo] }),
    withdraw: (earner: number, amount: bigint) => send({ functionName: "withdraw", args: [earner, amount] }),
    usdcBalance: () =>
      reader.readContract({ address: usdc, abi: erc20Abi, functionName: "balanceOf", args: [account.address] }),
    accountOf: (number: number) =>
      reader.readContract({ address: escrow, abi: creditEscrowAbi, functionName: "accountOf", args: [number] }),
    earnerOf: (number: number) =>
      reader.readContract({ address: escrow, abi: creditEscrowAbi, functionName: "earnerOf", args: [number] }),
    /** Signs a gasless deposit (ERC-3009) into the account with this ref; good for an hour from now, by any clock. */
    signAuthorization: async ({ ref, amount }: { ref: Hex; amount: bigint }) => {
      const abi = parseAbi(["function name() view returns (string)", "function version() view returns (string)"]);
      const [name, version] = await Promise.all([
        reader.readContract({ address: usdc, abi, functionName: "name" }),
        reader.readContract({ address: usdc, abi, functionName: "version" }),
      ]);
      const memo = toHex("demo", { size: 32 });
      const salt = toHex(crypto.getRandomValues(new Uint8Array(32)));
      const validBefore = BigInt(Math.floor(Date.now() / 1000) + 3_600);
      const nonce = authorizationNonce({ ref, memo, nonceSalt: salt });
      const message = { from: account.address, to: escrow, value: amount, validAfter: 0n, validBefore, nonce };
      const signature = await account.signTypedData(
        receiveAuthorizationTypedData({ name, version, chainId, usdc }, message),
      );
      return { from: account.address, validAfter: 0, validBefore: Number(validBefore), memo, salt, signature };
    },
  };
}

export type Wallet = ReturnType<typeof openWallet>;
