import { NANO_PER_MICRO, type NanoUsd } from "@infr/money";
import { USAGE_SOURCES } from "@infr/protocol";
import { MalformedFileError } from "./errors.ts";
import { readPrices } from "./prices.ts";
import {
  address,
  bytes32,
  count,
  list,
  object,
  oneOf,
  paidUsd,
  paidUsdc,
  type Read,
  sequence,
  text,
  uint,
  usdc,
} from "./read.ts";

/** Where a batch was settled. */
const place = { chainId: count, escrow: address };

const readReceipt = object({
  requestId: text,
  accountCommitment: bytes32,
  operator: uint(32),
  model: text,
  priceVersion: bytes32,
  promptTokens: count,
  cachedTokens: count,
  completionTokens: count,
  reasoningTokens: count,
  units: count,
  cost: paidUsd,
  platformPaid: paidUsd,
  usageSource: oneOf(USAGE_SOURCES),
  time: uint(40),
});

const readProof = object({ index: uint(32), count: uint(32), proof: list(bytes32) });

/** Less than a micro-dollar. */
const carry: Read<NanoUsd> = (value, where) => {
  const amount = paidUsd(value, where);
  if (amount >= NANO_PER_MICRO) throw new MalformedFileError(where, "less than a micro-dollar");
  return amount;
};

const readAccountLeaf = object({
  account: uint(32),
  previousSeq: sequence,
  line: paidUsdc,
  platformPaid: paidUsd,
  carryIn: carry,
  carryOut: carry,
  count: uint(32),
  subRoot: bytes32,
});

/** One charge with everything it takes to check it: what `GET /api/receipts/:requestId` answers. */
export const readReceiptFile = object({
  kind: oneOf(["infr receipt 1"]),
  ...place,
  seq: sequence,
  root: bytes32,
  receipt: readReceipt,
  ref: bytes32,
  salt: bytes32,
  prices: readPrices,
  receiptProof: readProof,
  account: readAccountLeaf,
  accountProof: readProof,
});
export type ReceiptFile = ReturnType<typeof readReceiptFile>;

/** All charges of an account in a batch: the pages of `GET /api/batches/:seq/receipts` put together. */
export const readAccountFile = object({
  kind: oneOf(["infr account batch 1"]),
  ...place,
  seq: sequence,
  root: bytes32,
  ref: bytes32,
  account: readAccountLeaf,
  accountProof: readProof,
  receipts: list(object({ receipt: readReceipt, salt: bytes32 })),
  prices: list(readPrices),
});
export type AccountFile = ReturnType<typeof readAccountFile>;

/** Of many accounts together: more than one amount can be. */
const readSums = { credit: usdc, earnings: usdc, vouchers: usdc };
const readOwed = { credit: paidUsdc, earnings: paidUsdc, vouchers: paidUsdc };

/** An account's place among all that was owed at the end of a day: what `GET /api/reserves/:day/proof` answers. */
export const readReservesFile = object({
  kind: oneOf(["infr reserves 1"]),
  ...place,
  day: text,
  block: sequence,
  root: bytes32,
  total: object(readSums),
  ref: bytes32,
  salt: bytes32,
  owed: object(readOwed),
  proof: object({ index: uint(32), count: uint(32), siblings: list(object({ hash: bytes32, ...readSums })) }),
});
