import { onchainTable } from "ponder";

/**
 * One table an event, one row a log, never changed. A row goes only when a reorg takes its block away. The columns are
 * what the API reads through the views: chain amounts as numeric, addresses and bytes as 0x text.
 */

/** Where the log stands; the id names it for ever, also after its block is gone. */
const place = (t: Columns) => ({
  id: t.text().primaryKey(),
  chainId: t.integer().notNull(),
  blockNumber: t.int8({ mode: "bigint" }).notNull(),
  blockHash: t.hex().notNull(),
  blockTimestamp: t.int8({ mode: "bigint" }).notNull(),
  logIndex: t.integer().notNull(),
  transactionHash: t.hex().notNull(),
  transactionFrom: t.hex().notNull(),
});

type Columns = Parameters<Extract<Parameters<typeof onchainTable>[1], (...columns: never[]) => unknown>>[0];

/** uint32 and uint40: more than an int4 holds, less than a double loses. */
const small = (t: Columns) => t.int8({ mode: "number" }).notNull();

export const accountOpened = onchainTable("account_opened", (t) => ({
  ...place(t),
  account: small(t),
  owner: t.hex().notNull(),
  ref: t.hex().notNull(),
}));

export const deposited = onchainTable("deposited", (t) => ({
  ...place(t),
  account: small(t),
  payer: t.hex().notNull(),
  rail: t.integer().notNull(),
  amount: t.bigint().notNull(),
  debtRepaid: small(t),
  memo: t.hex().notNull(),
}));

export const batchSettled = onchainTable("batch_settled", (t) => ({
  ...place(t),
  seq: t.bigint().notNull(),
  receiptsRoot: t.hex().notNull(),
  batchHash: t.hex().notNull(),
  periodEnd: small(t),
  gross: t.bigint().notNull(),
  platformNet: t.bigint().notNull(),
  debits: t.hex().notNull(),
  credits: t.hex().notNull(),
  referrals: t.hex().notNull(),
}));

export const batchVoided = onchainTable("batch_voided", (t) => ({
  ...place(t),
  seq: t.bigint().notNull(),
  batchHash: t.hex().notNull(),
}));

const shortfall = (t: Columns) => ({
  ...place(t),
  seq: t.bigint().notNull(),
  account: small(t),
  amount: t.bigint().notNull(),
});

export const overdrawn = onchainTable("overdrawn", shortfall);
export const writtenOff = onchainTable("written_off", shortfall);

export const paidOut = onchainTable("paid_out", (t) => ({
  ...place(t),
  earner: small(t),
  recipient: t.hex().notNull(),
  amount: t.bigint().notNull(),
  windowPaid: t.bigint().notNull(),
}));

export const payoutToQueued = onchainTable("payout_to_queued", (t) => ({
  ...place(t),
  earner: small(t),
  recipient: t.hex().notNull(),
  maturesAt: small(t),
}));

export const earningsConverted = onchainTable("earnings_converted", (t) => ({
  ...place(t),
  earner: small(t),
  amount: t.bigint().notNull(),
  debtRepaid: small(t),
}));

export const exited = onchainTable("exited", (t) => ({
  ...place(t),
  account: small(t),
  recipient: t.hex().notNull(),
  amount: t.bigint().notNull(),
}));
