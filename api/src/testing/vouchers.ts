import { creditEscrowAbi } from "@infr/contracts/abi";
import {
  clearanceTypedData,
  deriveVoucherKey,
  operationHash,
  operationTypedData,
  PRIMARY_SALT,
  type VoucherCode,
} from "@infr/protocol";
import { createTestClient, createWalletClient, encodeFunctionData, type Hex, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { RICH_KEY, type TestApi, type TestUser } from "./api.ts";
import { write } from "./on-chain.ts";

const DAY = 86_400;
const GAS = 300_000n;
const rich = privateKeyToAccount(RICH_KEY);
const ofEscrow = { abi: creditEscrowAbi };

const numberOf = (api: TestApi, owner: Hex): Promise<number> =>
  api.chain.client.readContract({ address: api.chain.escrow, ...ofEscrow, functionName: "idOf", args: [owner] });

/** What stands under a number in the contract. */
export const accountOnChain = (api: TestApi, number: number) =>
  api.chain.client.readContract({ address: api.chain.escrow, ...ofEscrow, functionName: "accountOf", args: [number] });

/** A new, empty account in the contract. @returns its number */
export async function openEmpty(api: TestApi): Promise<number> {
  const { address: owner } = privateKeyToAccount(generatePrivateKey());
  const data = encodeFunctionData({ ...ofEscrow, functionName: "open", args: [owner, PRIMARY_SALT] });
  await write(api, api.chain.escrow, data);
  return numberOf(api, owner);
}

/** Makes a voucher of a user's credit in the contract: his signature, and the clearer's, who is the deployer here. */
export async function createVoucher(
  api: TestApi,
  { owner, code, amount }: { owner: TestUser; code: VoucherCode; amount: bigint },
): Promise<{ from: number }> {
  const signer = privateKeyToAccount(owner.privateKey);
  const from = await numberOf(api, signer.address);
  const { nonce } = await accountOnChain(api, from);
  const { timestamp } = await api.chain.client.getBlock();
  const deadline = Number(timestamp) + DAY;
  const { address: key } = deriveVoucherKey({ code });
  const terms = { from, key, amount, to: 0, expiry: deadline, deadline };
  const message = { ...terms, nonce };
  const operation = operationHash("CreateVoucher", message);
  const signature = await signer.signTypedData(operationTypedData(api.chain, "CreateVoucher", message));
  const clearance = await rich.signTypedData(clearanceTypedData(api.chain, { operation, deadline }));
  const args = [terms, signature, clearance] as const;
  await write(api, api.chain.escrow, encodeFunctionData({ ...ofEscrow, functionName: "createVoucher", args }));
  return { from };
}

/** Redeems a code for many accounts in one block. @returns how each transaction ended */
export async function redeemAtOnce(api: TestApi, code: VoucherCode, accounts: number[]): Promise<string[]> {
  const { client, escrow, rpcUrl } = api.chain;
  const { privateKey, address: key } = deriveVoucherKey({ code });
  const holder = privateKeyToAccount(privateKey);
  const voucher = await client.readContract({ address: escrow, ...ofEscrow, functionName: "voucherOf", args: [key] });
  const chain = createTestClient({ mode: "anvil", transport: http(rpcUrl) });
  const wallet = createWalletClient({ account: rich, transport: http(rpcUrl) });
  const first = await client.getTransactionCount({ address: rich.address });
  await chain.setAutomine(false);
  const hashes = await Promise.all(
    accounts.map(async (to, at) => {
      const message = { key, to, from: voucher.from, expiry: voucher.expiry, nonce: voucher.nonce };
      const signature = await holder.signTypedData(operationTypedData(api.chain, "Redeem", message));
      const data = encodeFunctionData({ ...ofEscrow, functionName: "redeemVoucher", args: [key, to, signature] });
      return wallet.sendTransaction({ to: escrow, data, gas: GAS, nonce: first + at, chain: null });
    }),
  );
  await chain.mine({ blocks: 1 });
  await chain.setAutomine(true);
  const receipts = await Promise.all(
    hashes.map((hash) => client.waitForTransactionReceipt({ hash, checkReplacement: false })),
  );
  return receipts.map(({ status }) => status);
}
