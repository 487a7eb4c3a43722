import { creditEscrowAbi } from "@infr/contracts/abi";
import { deriveVoucherKey, operationTypedData, parseVoucherCode } from "@infr/protocol";
import type { Account, Address, Hex, PublicClient, Transport, WalletClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/**
 * Turns a voucher's code, as somebody has typed it, into credit of the account `to`. The code's key signs who is to have
 * the credit, so the transaction may be sent by anybody, and whoever copies it credits the same account.
 */
export async function redeemVoucher({
  escrow,
  reader,
  relayer,
  typed,
  to,
}: {
  escrow: Address;
  reader: PublicClient;
  relayer: WalletClient<Transport, undefined, Account>;
  typed: string;
  to: number; // number of an open account, whose `AccountOpened` is final
}): Promise<Hex> {
  const { privateKey, address: key } = deriveVoucherKey({ code: parseVoucherCode(typed) });
  const voucher = await reader.readContract({
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "voucherOf",
    args: [key],
  });
  const at = { chainId: await reader.getChainId(), escrow };
  const message = { key, to, from: voucher.from, expiry: voucher.expiry, nonce: voucher.nonce };
  const signature = await privateKeyToAccount(privateKey).signTypedData(operationTypedData(at, "Redeem", message));
  const { request } = await reader.simulateContract({
    account: relayer.account,
    address: escrow,
    abi: creditEscrowAbi,
    functionName: "redeemVoucher",
    args: [key, to, signature],
  });
  const hash = await relayer.writeContract({ ...request, chain: null });
  await reader.waitForTransactionReceipt({ hash });
  return hash;
}
