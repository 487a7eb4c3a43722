import { type Address, encodeAbiParameters, type Hex, keccak256, type TypedDataDefinition } from "viem";

/** What an ERC-3009 authorization of a deposit says. Times are in seconds, of the chain and not of this machine. */
export interface DepositAuthorization {
  from: Address;
  escrow: Address;
  amountMicro: bigint;
  validAfter: number;
  validBefore: number;
  ref: Hex;
  memo: Hex;
  salt: Hex;
}

interface Token {
  address: Address;
  chainId: number;
  name: string;
  version: string;
}

/**
 * The nonce that ties the money to one account: the contract derives it from the account's ref, so whoever submits
 * the signature can't credit somebody else (CreditEscrow, `depositWithAuthorization`).
 */
export const authorizationNonce = ({ ref, memo, salt }: { ref: Hex; memo: Hex; salt: Hex }): Hex =>
  keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }], [ref, memo, salt]));

/** ERC-3009 `ReceiveWithAuthorization` under the token's own EIP-712 domain. */
export function authorizationTypedData(token: Token, authorization: DepositAuthorization) {
  return {
    domain: { name: token.name, version: token.version, chainId: token.chainId, verifyingContract: token.address },
    types: {
      ReceiveWithAuthorization: [
        { name: "from", type: "address" },
        { name: "to", type: "address" },
        { name: "value", type: "uint256" },
        { name: "validAfter", type: "uint256" },
        { name: "validBefore", type: "uint256" },
        { name: "nonce", type: "bytes32" },
      ],
    },
    primaryType: "ReceiveWithAuthorization",
    message: {
      from: authorization.from,
      to: authorization.escrow,
      value: authorization.amountMicro,
      validAfter: BigInt(authorization.validAfter),
      validBefore: BigInt(authorization.validBefore),
      nonce: authorizationNonce(authorization),
    },
  } as const satisfies TypedDataDefinition;
}
