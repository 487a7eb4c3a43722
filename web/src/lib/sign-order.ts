import { type OperationName, operationTypedData } from "@infr/protocol";
import { type Address, type Hex, isAddressEqual } from "viem";
import type { Config as WagmiConfig } from "wagmi";
import { getConnection, signTypedData } from "wagmi/actions";

/** What the API prepares for the owner's wallet to sign. */
export type Order = { typedData: { primaryType: string; message: Record<string, string | number> } };

type Wanted = {
  order: Order;
  /** What the user asked for: the wallet is shown nothing else. */
  operation: Extract<OperationName, "Transfer" | "CreateVoucher">;
  amountMicro: bigint;
  at: { chainId: number; escrow: Address };
};

/** Has the wallet sign a move of just that amount, in our contract. Of the API's words only the accounts' numbers count. */
export async function signOrder(wagmi: WagmiConfig, { order, operation, amountMicro, at }: Wanted): Promise<Hex> {
  const { primaryType, message } = order.typedData;
  if (primaryType !== operation || BigInt(message["amount"] ?? 0) !== amountMicro) throw new OtherOrderError();
  return sign(wagmi, { operation, message, at });
}

/** Has a linked wallet sign that it is to own an account in our contract: itself, and no other address. */
export async function signTakeOver(
  wagmi: WagmiConfig,
  { order, wallet, at }: { order: Order; wallet: Address; at: Wanted["at"] },
): Promise<Hex> {
  const { primaryType, message } = order.typedData;
  if (primaryType !== "RotateOwner" || !isAddressEqual(String(message["owner"]) as Address, wallet)) {
    throw new OtherOrderError();
  }
  return sign(wagmi, { operation: "RotateOwner", message, at, account: wallet });
}

class OtherOrderError extends Error {
  constructor() {
    super("The API asks to sign something else than you wanted. Nothing was signed: reload the page.");
  }
}

type Signing = Pick<Wanted, "at"> & {
  operation: OperationName;
  message: Record<string, string | number>;
  /** Which of the wallet's addresses signs, where that matters. */
  account?: Address;
};

function sign(wagmi: WagmiConfig, { operation, message, at, account }: Signing): Promise<Hex> {
  // Wallets refuse it too, each in words of its own.
  const { chainId = at.chainId } = getConnection(wagmi);
  if (chainId !== at.chainId) {
    throw new Error("Your wallet is on another network. Switch it at the top of the page, then send this again.");
  }
  const fields = Object.fromEntries(Object.entries(message).map(([name, value]) => [name, fieldOf(name, value)]));
  const typedData = operationTypedData(at, operation, fields as never) as Parameters<typeof signTypedData>[1];
  return signTypedData(wagmi, { ...typedData, ...(account && { account }) });
}

const WIDE = ["amount", "nonce"];
const fieldOf = (name: string, value: string | number) => (WIDE.includes(name) ? BigInt(value) : value);
