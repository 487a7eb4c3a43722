import { USAGE_SOURCES } from "@infr/protocol";
import { readPrices } from "./prices.ts";
import { address, bytes32, count, list, object, oneOf, paidUsd, type Read, sequence, text, usdc } from "./read.ts";

/** Where a batch was settled. */
const place = { chainId: count, escrow: address };

const readReceipt = object({
  requestId: text,
  accountCommitment: bytes32,
  operator: count,
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
  time: count,
});

const readProof = object({ index: count, count, proof: list(bytes32) });

const readAccountLeaf = object({
  account: count,
  previousSeq: sequence,
  line: usdc,
  platformPaid: paidUsd,
  carryIn: paidUsd,
  carryOut: paidUsd,
  count,
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

const readOwed = { credit: usdc, earnings: usdc, vouchers: usdc };

const day: Read<string> = (value, where) => text(value, where);

/** An account's place among all that was owed at the end of a day: what `GET /api/reserves/:day/proof` answers. */
export const readReservesFile = object({
  kind: oneOf(["infr reserves 1"]),
  ...place,
  day,
  block: sequence,
  root: bytes32,
  total: object(readOwed),
  ref: bytes32,
  salt: bytes32,
  owed: object(readOwed),
  proof: object({ index: count, count, siblings: list(object({ hash: bytes32, ...readOwed })) }),
});
export type ReservesFile = ReturnType<typeof readReservesFile>;
