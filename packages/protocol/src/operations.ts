import { type Address, type Hex, hashStruct } from "viem";
import { type EscrowAddress, escrowDomain } from "./settlement.ts";

/** EIP-712 types of what owners, the clearer and voucher keys sign. */
export const operationTypes = {
  Transfer: [
    { name: "from", type: "uint32" },
    { name: "to", type: "uint32" },
    { name: "amount", type: "uint64" },
    { name: "memo", type: "bytes32" },
    { name: "nonce", type: "uint96" },
    { name: "deadline", type: "uint40" },
  ],
  CreateVoucher: [
    { name: "from", type: "uint32" },
    { name: "key", type: "address" },
    { name: "amount", type: "uint64" },
    { name: "to", type: "uint32" },
    { name: "expiry", type: "uint40" },
    { name: "nonce", type: "uint96" },
    { name: "deadline", type: "uint40" },
  ],
  Redeem: [
    { name: "key", type: "address" },
    { name: "to", type: "uint32" },
    { name: "from", type: "uint32" },
    { name: "expiry", type: "uint40" },
    { name: "nonce", type: "uint96" },
  ],
  DayLimit: [
    { name: "account", type: "uint32" },
    { name: "perDay", type: "uint40" },
    { name: "nonce", type: "uint96" },
    { name: "deadline", type: "uint40" },
  ],
  RotateOwner: [
    { name: "account", type: "uint32" },
    { name: "owner", type: "address" },
    { name: "nonce", type: "uint96" },
    { name: "deadline", type: "uint40" },
  ],
} as const;

const clearanceTypes = {
  Clearance: [
    { name: "operation", type: "bytes32" },
    { name: "deadline", type: "uint40" },
  ],
} as const;

/** `nonce` is the account's, from `accountOf`, where nothing else is said; times are seconds of chain time. */
export interface OperationMessages {
  Transfer: { from: number; to: number; amount: bigint; memo: Hex; nonce: bigint; deadline: number };
  /** `to` 0: anybody may redeem it. */
  CreateVoucher: {
    from: number;
    key: Address;
    amount: bigint;
    to: number;
    expiry: number;
    nonce: bigint;
    deadline: number;
  };
  /** `from`, `expiry` and `nonce` are the voucher's, from `voucherOf`. */
  Redeem: { key: Address; to: number; from: number; expiry: number; nonce: bigint };
  DayLimit: { account: number; perDay: number; nonce: bigint; deadline: number };
  /** Signed by the old and by the new owner. */
  RotateOwner: { account: number; owner: Address; nonce: bigint; deadline: number };
}

export type OperationName = keyof OperationMessages;

const typesOf = (name: OperationName): Record<string, readonly { name: string; type: string }[]> => ({
  [name]: operationTypes[name],
});

/** What has to be signed for an operation, ready for viem's `signTypedData`. */
export function operationTypedData<Name extends OperationName>(
  at: EscrowAddress,
  primaryType: Name,
  message: OperationMessages[Name],
) {
  return {
    domain: escrowDomain(at),
    types: typesOf(primaryType),
    primaryType: primaryType as string,
    message: { ...message } as Record<string, unknown>,
  };
}

/** The struct hash of an operation: what a clearance names. */
export const operationHash = <Name extends OperationName>(primaryType: Name, message: OperationMessages[Name]): Hex =>
  hashStruct({
    types: typesOf(primaryType),
    primaryType,
    data: { ...message },
  });

/** What the clearer signs beside the owner: the operation's hash, until the operation's own deadline. */
export function clearanceTypedData(at: EscrowAddress, clearance: { operation: Hex; deadline: number }) {
  return {
    domain: escrowDomain(at),
    types: clearanceTypes,
    primaryType: "Clearance",
    message: { ...clearance },
  } as const;
}
