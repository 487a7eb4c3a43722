import type { MicroUsdc, NanoUsd } from "@infr/money";
import { encodeAbiParameters, type Hex, keccak256, stringToHex } from "viem";
import { requireUint } from "./range.ts";

/** Where the token counts come from: the node's report, our recount, or a stream that was drained after an abort. */
export const USAGE_SOURCES = ["node", "recount", "drained"] as const;

export type UsageSource = (typeof USAGE_SOURCES)[number];

/** One charge. Everything that was metered, how it was priced, and who paid: the account, the platform, or both. */
export interface Receipt {
  /** `req_…` */
  requestId: string;
  /** {@link accountCommitment}: says whose it is only to those who know the salt. */
  accountCommitment: Hex;
  /** Number of the operator whose node served it. */
  operator: number;
  model: string;
  /** Hash that names the prices which were in force: nobody can say later that they were others. */
  priceVersion: Hex;
  /** Classes are disjoint. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  /** Of a resource that is not sold by the token (GPU seconds, images, …); then `model` is its id. */
  units: number;
  cost: NanoUsd;
  /** The part of `cost` that the platform paid (promotions, trials, cards that may still be disputed): 0 to `cost`. */
  platformPaid: NanoUsd;
  usageSource: UsageSource;
  /** Seconds since 1970. */
  time: number;
}

/** What one account's leaf of a batch says. */
export interface AccountLeaf {
  account: number;
  /** Batch of the account's previous leaf, 0 for the first: leaves form a chain in which none can be left out. */
  previousSeq: bigint;
  /** The account's debit line in this batch, 0 if it has none. */
  line: MicroUsdc;
  /** Σ of what the platform paid of the receipts: no part of `line`. */
  platformPaid: NanoUsd;
  /** Below 1,000: what was left over of a µUSDC before and after this batch. */
  carryIn: NanoUsd;
  carryOut: NanoUsd;
  /** Receipts in the sub-tree. */
  count: number;
  subRoot: Hex;
}

export const RECEIPT_TAG = keccak256(stringToHex("infr receipt v1"));
const ACCOUNT_TAG = keccak256(stringToHex("infr account v1"));
const ROOT_TAG = keccak256(stringToHex("infr receipts v1"));

/** Hides an account in its receipts: `keccak256(abi.encode(ref, salt))`. */
export const accountCommitment = ({ ref, salt }: { ref: Hex; salt: Hex }): Hex =>
  keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [ref, salt]));

/** Leaf of a receipt: `keccak256(keccak256(abi.encode(tag, …)))`, strings as the hash of their UTF-8 bytes. */
export function receiptLeaf(receipt: Receipt): Hex {
  return doubleHash([
    ["bytes32", RECEIPT_TAG],
    ["bytes32", keccak256(stringToHex(receipt.requestId))],
    ["bytes32", receipt.accountCommitment],
    ["uint32", receipt.operator],
    ["bytes32", keccak256(stringToHex(receipt.model))],
    ["bytes32", receipt.priceVersion],
    ["uint64", receipt.promptTokens],
    ["uint64", receipt.cachedTokens],
    ["uint64", receipt.completionTokens],
    ["uint64", receipt.reasoningTokens],
    ["uint64", receipt.units],
    ["uint64", receipt.cost],
    ["uint64", receipt.platformPaid],
    ["uint8", USAGE_SOURCES.indexOf(receipt.usageSource)],
    ["uint40", receipt.time],
  ]);
}

/** Leaf of an account: `keccak256(keccak256(abi.encode(tag, …)))`. */
export function accountLeaf(leaf: AccountLeaf): Hex {
  return doubleHash([
    ["bytes32", ACCOUNT_TAG],
    ["uint32", leaf.account],
    ["uint64", leaf.previousSeq],
    ["uint64", leaf.line],
    ["uint64", leaf.platformPaid],
    ["uint16", leaf.carryIn],
    ["uint16", leaf.carryOut],
    ["uint32", leaf.count],
    ["bytes32", leaf.subRoot],
  ]);
}

/** What goes on-chain: the root over the account leaves together with their number. */
export const receiptsRootOf = ({ count, root }: { count: number; root: Hex }): Hex =>
  keccak256(
    encodeWords([
      ["bytes32", ROOT_TAG],
      ["uint32", count],
      ["bytes32", root],
    ]),
  );

type Word = readonly [type: "bytes32" | `uint${number}`, value: Hex | bigint | number];

/** Hashed twice, so that no inner node of a tree can pass for a leaf. */
const doubleHash = (words: readonly Word[]): Hex => keccak256(keccak256(encodeWords(words)));

/** `abi.encode` of static values, each checked against its type: one 32-byte word a value. */
function encodeWords(words: readonly Word[]): Hex {
  const values = words.map(([type, value], index) => {
    if (typeof value === "string") return value;
    requireUint({ field: `word ${index}`, value, bits: Number(type.slice("uint".length)) });
    return BigInt(value);
  });
  const types = words.map(([type]) => ({ type: type === "bytes32" ? "bytes32" : "uint256" }));
  return encodeAbiParameters(types, values);
}
