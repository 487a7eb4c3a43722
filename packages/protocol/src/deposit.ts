import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";

/** Salt of an owner's primary account. */
export const PRIMARY_SALT: Hex = `0x${"00".repeat(32)}`;

/**
 * The lasting name of an account, known before it is opened: `keccak256(abi.encode(owner, salt))`. It names the first
 * owner: it stays when the owner changes.
 */
export function accountRef({ owner, salt = PRIMARY_SALT }: { owner: Address; salt?: Hex }): Hex {
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [owner, salt]));
}

/**
 * The ERC-3009 nonce of `depositWithAuthorization`: `keccak256(abi.encode(ref, memo, nonceSalt))`. It binds the payer's
 * signature to the account and the memo.
 */
export function authorizationNonce({ ref, memo, nonceSalt }: { ref: Hex; memo: Hex; nonceSalt: Hex }): Hex {
  const words = [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }] as const;
  return keccak256(encodeAbiParameters(words, [ref, memo, nonceSalt]));
}

export const receiveAuthorizationTypes = {
  ReceiveWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

/** Where a payer's signature counts: read name and version from the token, they differ between chains. */
export interface TokenDomain {
  name: string;
  version: string;
  chainId: number;
  usdc: Address;
}

/** The message of ERC-3009's `receiveWithAuthorization`; `to` is the escrow. */
export interface ReceiveAuthorization {
  from: Address;
  to: Address;
  value: bigint;
  /** Valid from the second after this one. */
  validAfter: bigint;
  /** Valid until the second before this one. */
  validBefore: bigint;
  /** {@link authorizationNonce} */
  nonce: Hex;
}

/** What the payer of a gasless deposit signs, ready for viem's `signTypedData` (ERC-3009). */
export function receiveAuthorizationTypedData(token: TokenDomain, message: ReceiveAuthorization) {
  const { name, version, chainId, usdc } = token;
  return {
    domain: { name, version, chainId, verifyingContract: usdc },
    types: receiveAuthorizationTypes,
    primaryType: "ReceiveWithAuthorization",
    message: { ...message },
  } as const;
}
