import {
  concatHex,
  encodeFunctionData,
  encodePacked,
  erc20Abi,
  type Hex,
  hexToNumber,
  keccak256,
  numberToHex,
  size,
  sliceHex,
} from "viem";
import { requireUint } from "./range.ts";
import type { EscrowAddress } from "./settlement.ts";

/** Ends every ERC-8021 suffix: `schemaData ‖ schemaId ‖ marker`, read from the back. */
const MARKER: Hex = "0x80218021802180218021802180218021";
/** Ours. ERC-8021 has 0, 1 and 2, and counts on. */
const SCHEMA_ID: Hex = "0xf1";
const ENDING = concatHex([SCHEMA_ID, MARKER]).slice(2);
const ACCOUNT_BYTES = 4;
const CHECKSUM_BYTES = 4;
const SCHEMA_CHARACTERS = (ACCOUNT_BYTES + CHECKSUM_BYTES) * 2;
/** Selector, recipient, amount. What follows is ignored by the token. */
const TRANSFER_BYTES = 4 + 32 + 32;

/**
 * The suffix that names the account which a plain USDC transfer to the escrow is for:
 * `uint32 account ‖ 4-byte checksum ‖ 0xf1 ‖ marker`, 25 bytes. The checksum is over chain and escrow too, so that a
 * number is never read as one of another escrow. Throws `OutOfRangeError`. Use it only once the account's
 * `AccountOpened` is final: before, the number may become somebody else's.
 *
 * Source: https://github.com/ethereum/ERCs/pull/1209 (ERC-8021).
 */
export function encodeMemoSuffix(at: EscrowAddress, account: number): Hex {
  requireUint({ field: "account", value: account, bits: 32, min: 1n });
  const number = numberToHex(account, { size: ACCOUNT_BYTES });
  return concatHex([number, checksumOf(at, account), SCHEMA_ID, MARKER]);
}

/** The calldata of a plain USDC transfer to the escrow with {@link encodeMemoSuffix}; `amount` in µUSDC. */
export function encodeMemoTransfer(at: EscrowAddress, { account, amount }: { account: number; amount: bigint }): Hex {
  const transfer = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [at.escrow, amount] });
  return concatHex([transfer, encodeMemoSuffix(at, account)]);
}

/**
 * The account that a transaction to USDC names, or undefined if it is no `transfer` to the escrow, names none, or names
 * two: then nobody can say whose money it is.
 *
 * Wallets and apps add suffixes of their own, before or after ours and of schemas that we need not know, so every place
 * behind the arguments is looked at; a suffix of ours is what has our schema and a checksum that fits. That the
 * transaction's `to` is USDC and its `from` the payer of the only USDC log to the escrow is for the caller to check.
 */
export function decodeMemoTransfer(at: EscrowAddress, calldata: Hex): number | undefined {
  if (size(calldata) < TRANSFER_BYTES) return undefined;
  const expected = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [at.escrow, 0n] });
  if (sliceHex(calldata, 0, 36).toLowerCase() !== sliceHex(expected, 0, 36).toLowerCase()) return undefined;
  const [account, ...others] = findAccounts(at, sliceHexFrom(calldata, TRANSFER_BYTES));
  return others.length === 0 ? account : undefined;
}

/** Every account that has a suffix of ours in these bytes, given as hexadecimal digits. */
function findAccounts(at: EscrowAddress, digits: string): Set<number> {
  const accounts = new Set<number>();
  for (let end = digits.indexOf(ENDING); end >= 0; end = digits.indexOf(ENDING, end + 1)) {
    if (end % 2 !== 0 || end < SCHEMA_CHARACTERS) continue;
    const schemaData: Hex = `0x${digits.slice(end - SCHEMA_CHARACTERS, end)}`;
    const account = hexToNumber(sliceHex(schemaData, 0, ACCOUNT_BYTES));
    if (account !== 0 && sliceHex(schemaData, ACCOUNT_BYTES) === checksumOf(at, account)) accounts.add(account);
  }
  return accounts;
}

/** `keccak256("infr memo v1" ‖ uint256 chainId ‖ address escrow ‖ uint32 account)`, its first 4 bytes. */
function checksumOf({ chainId, escrow }: EscrowAddress, account: number): Hex {
  const types = ["string", "uint256", "address", "uint32"] as const;
  const hash = keccak256(encodePacked(types, ["infr memo v1", BigInt(chainId), escrow, account]));
  return sliceHex(hash, 0, CHECKSUM_BYTES);
}

/** The lower-case digits behind an offset in bytes; none if that is the end. */
const sliceHexFrom = (bytes: Hex, offset: number): string => bytes.slice(2 + offset * 2).toLowerCase();
