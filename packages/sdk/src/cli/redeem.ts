import { setTimeout } from "node:timers/promises";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { formatUsd, microToNano, microUsdc } from "@infr/money";
import { deriveVoucherKey, operationTypedData, PRIMARY_SALT, parseVoucherCode, type VoucherKey } from "@infr/protocol";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  type PublicClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type Request, RPC_TIMEOUT_MS, trustedEscrow, UsageError } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { askAs, walletOf } from "./session.ts";

const PAUSE_MS = 2_000;
const PATIENCE_MS = 1_200_000;

interface Redeemed {
  state: "opening" | "pending" | "redeemed";
  amount: string;
  message: string;
}

/** `infr redeem <code>`: by the API, or with `--direct` by the contract alone. */
export async function redeem(request: Request): Promise<Outcome> {
  const [text, ...more] = request.words;
  if (text === undefined || more.length > 0) throw new UsageError("Say which code: infr redeem XXXXX-….");
  return request.direct ? redeemDirectly(request, text) : redeemByApi(request, text);
}

async function redeemByApi(request: Request, code: string): Promise<Outcome> {
  const ask = await askAs(request);
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    const result = await ask<Redeemed>("/api/gift-codes/redeem", { body: { code } });
    if (result.state === "redeemed") {
      const words = result.message === "" ? "" : ` It says: ${result.message}`;
      return { said: [`$${result.amount} is yours to spend.${words}`], result };
    }
    if (Date.now() > until) throw new UsageError(`It is ${result.state} still. Redeem it once more later.`);
    await setTimeout(PAUSE_MS);
  }
}

type Direct = { client: PublicClient; escrow: Address; request: Request };

/** Needs nothing of us: a chain, the code, and a wallet that pays for gas and gets the credit. */
async function redeemDirectly(request: Request, text: string): Promise<Outcome> {
  if (request.rpc === undefined) throw new UsageError("Say which chain to ask: --rpc URL, or RPC_URL.");
  const client = createPublicClient({ transport: http(request.rpc, { timeout: RPC_TIMEOUT_MS }), cacheTime: 0 });
  const escrow = trustedEscrow(await client.getChainId(), request.escrow);
  const key = deriveVoucherKey({ code: parseVoucherCode(text) });
  const at = { address: escrow, abi: creditEscrowAbi } as const;
  const voucher = await client.readContract({ ...at, functionName: "voucherOf", args: [key.address] });
  if (voucher.amount === 0n)
    throw new UsageError(
      "There is no voucher of this code in the contract: it is mistyped, used, called back, or one that only the API can redeem.",
    );
  const to = await ownNumber({ client, escrow, request });
  const hash = await redeemVoucher({ client, escrow, request }, { key, to, voucher });
  const amount = formatUsd(microToNano(microUsdc(voucher.amount)));
  return {
    said: [`$${amount} is credited to account ${to}: transaction ${hash}`],
    result: { amount, account: to, hash },
  };
}

/** The number of the wallet's own account, which is opened if there is none. */
async function ownNumber({ client, escrow, request }: Direct): Promise<number> {
  const wallet = walletOf(request);
  const at = { address: escrow, abi: creditEscrowAbi } as const;
  const read = () => client.readContract({ ...at, functionName: "idOf", args: [wallet.address] });
  const number = await read();
  if (number !== 0) return number;
  const args = [wallet.address, PRIMARY_SALT] as const;
  await write({ client, escrow, request }, encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args }));
  return read();
}

type Voucher = { from: number; expiry: number; nonce: bigint };

async function redeemVoucher(
  direct: Direct,
  { key, to, voucher }: { key: VoucherKey; to: number; voucher: Voucher },
): Promise<string> {
  const { client, escrow } = direct;
  const { from, expiry, nonce } = voucher;
  const typedData = operationTypedData({ chainId: await client.getChainId(), escrow }, "Redeem", {
    key: key.address,
    to,
    from,
    expiry,
    nonce,
  });
  const signature = await privateKeyToAccount(key.privateKey).signTypedData(typedData);
  const args = [key.address, to, signature] as const;
  return write(direct, encodeFunctionData({ abi: creditEscrowAbi, functionName: "redeemVoucher", args }));
}

async function write({ client, escrow, request }: Direct, data: Hex): Promise<string> {
  const account = walletOf(request);
  const wallet = createWalletClient({ account, transport: http(request.rpc, { timeout: RPC_TIMEOUT_MS }) });
  const hash = await wallet.sendTransaction({ to: escrow, data, chain: null });
  const { status } = await client.waitForTransactionReceipt({ hash, checkReplacement: false });
  if (status !== "success") throw new UsageError(`The contract refused it: transaction ${hash}.`);
  return hash;
}
