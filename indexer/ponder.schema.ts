import { index, onchainTable } from "ponder";

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

type BlockNumber = { blockNumber: Parameters<ReturnType<typeof index>["on"]>[0] };
const byBlock = ({ blockNumber }: BlockNumber) => ({ byBlock: index().on(blockNumber) });

/** Rows are asked for by the blocks that are not final yet: they are few, however long the history has become. */
const eventTable: typeof onchainTable = (name, columns) => onchainTable(name, columns, byBlock as never);

type Columns = Parameters<Extract<Parameters<typeof onchainTable>[1], (...columns: never[]) => unknown>>[0];

/** uint32 and uint40: more than an int4 holds, less than a double loses. */
const small = (t: Columns) => t.int8({ mode: "number" }).notNull();

// ── Accounts and deposits ────────────────────────────────────────────────────────────────────────────────────────────

/** Asked for by account, too: every event that names one is read with its `ref`. */
export const accountOpened = onchainTable(
  "account_opened",
  (t) => ({
    ...place(t),
    account: small(t),
    owner: t.hex().notNull(),
    ref: t.hex().notNull(),
  }),
  (table) => ({ byBlock: index().on(table.blockNumber), byAccount: index().on(table.account) }),
);

export const deposited = eventTable("deposited", (t) => ({
  ...place(t),
  account: small(t),
  payer: t.hex().notNull(),
  rail: t.integer().notNull(),
  amount: t.bigint().notNull(),
  debtRepaid: small(t),
  memo: t.hex().notNull(),
}));

/** The log of USDC that a surplus came with: `source…`, because the row has a log of its own. */
const source = (t: Columns) => ({
  amount: t.bigint().notNull(),
  sourceBlockHash: t.hex().notNull(),
  sourceLogIndex: t.bigint().notNull(),
});

export const surplusAttributed = eventTable("surplus_attributed", (t) => ({
  ...place(t),
  ...source(t),
  account: small(t),
}));

export const refundQueued = eventTable("refund_queued", (t) => ({
  ...place(t),
  ...source(t),
  recipient: t.hex().notNull(),
  maturesAt: small(t),
}));

export const surplusRefunded = eventTable("surplus_refunded", (t) => ({
  ...place(t),
  ...source(t),
  recipient: t.hex().notNull(),
}));

// ── Credit ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export const transferred = eventTable("transferred", (t) => ({
  ...place(t),
  fromAccount: small(t),
  toAccount: small(t),
  amount: t.bigint().notNull(),
  debtRepaid: small(t),
  memo: t.hex().notNull(),
}));

export const voucherCreated = eventTable("voucher_created", (t) => ({
  ...place(t),
  key: t.hex().notNull(),
  fromAccount: small(t),
  amount: t.bigint().notNull(),
  toAccount: small(t),
  expiry: small(t),
  nonce: t.bigint().notNull(),
}));

export const voucherClosed = eventTable("voucher_closed", (t) => ({
  ...place(t),
  key: t.hex().notNull(),
  toAccount: small(t),
  amount: t.bigint().notNull(),
  debtRepaid: small(t),
  redeemed: t.boolean().notNull(),
}));

export const earningsConverted = eventTable("earnings_converted", (t) => ({
  ...place(t),
  earner: small(t),
  amount: t.bigint().notNull(),
  debtRepaid: small(t),
}));

export const dayLimitQueued = eventTable("day_limit_queued", (t) => ({
  ...place(t),
  account: small(t),
  perDay: small(t),
  maturesAt: small(t),
}));

export const dayLimitSet = eventTable("day_limit_set", (t) => ({
  ...place(t),
  account: small(t),
  perDay: small(t),
}));

export const ownerQueued = eventTable("owner_queued", (t) => ({
  ...place(t),
  account: small(t),
  owner: t.hex().notNull(),
  maturesAt: small(t),
}));

export const ownerChanged = eventTable("owner_changed", (t) => ({
  ...place(t),
  account: small(t),
  previous: t.hex().notNull(),
  owner: t.hex().notNull(),
}));

export const ownerCancelled = eventTable("owner_cancelled", (t) => ({
  ...place(t),
  account: small(t),
  owner: t.hex().notNull(),
}));

export const exitRequested = eventTable("exit_requested", (t) => ({
  ...place(t),
  account: small(t),
  exitAt: small(t),
}));

export const exitCancelled = eventTable("exit_cancelled", (t) => ({ ...place(t), account: small(t) }));

export const exited = eventTable("exited", (t) => ({
  ...place(t),
  account: small(t),
  recipient: t.hex().notNull(),
  amount: t.bigint().notNull(),
}));

export const migrated = eventTable("migrated", (t) => ({
  ...place(t),
  account: small(t),
  successor: t.hex().notNull(),
  amount: t.bigint().notNull(),
}));

// ── Settlement ───────────────────────────────────────────────────────────────────────────────────────────────────────

export const batchSettled = eventTable("batch_settled", (t) => ({
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

export const batchVoided = eventTable("batch_voided", (t) => ({
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

export const overdrawn = eventTable("overdrawn", shortfall);
export const writtenOff = eventTable("written_off", shortfall);

// ── Payouts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export const paidOut = eventTable("paid_out", (t) => ({
  ...place(t),
  earner: small(t),
  recipient: t.hex().notNull(),
  amount: t.bigint().notNull(),
  windowPaid: t.bigint().notNull(),
}));

export const payoutSkipped = eventTable("payout_skipped", (t) => ({
  ...place(t),
  earner: small(t),
  reason: t.integer().notNull(),
}));

export const payoutToQueued = eventTable("payout_to_queued", (t) => ({
  ...place(t),
  earner: small(t),
  recipient: t.hex().notNull(),
  maturesAt: small(t),
}));

export const payoutToSet = eventTable("payout_to_set", (t) => ({
  ...place(t),
  earner: small(t),
  recipient: t.hex().notNull(),
}));

export const suspended = eventTable("suspended", (t) => ({
  ...place(t),
  earner: small(t),
  previousUntil: small(t),
  until: small(t),
  reason: t.hex().notNull(),
}));

// ── Roles, caps, pauses ──────────────────────────────────────────────────────────────────────────────────────────────

export const pausedGroup = eventTable("paused_group", (t) => ({
  ...place(t),
  pausedGroup: t.integer().notNull(),
  previousUntil: small(t),
  until: small(t),
}));

export const capsChanged = eventTable("caps_changed", (t) => ({
  ...place(t),
  previousCapacity: t.bigint().notNull(),
  previousWindow: small(t),
  capacity: t.bigint().notNull(),
  windowSeconds: small(t),
}));

export const signerSet = eventTable("signer_set", (t) => ({
  ...place(t),
  role: t.integer().notNull(),
  previous: t.hex().notNull(),
  signer: t.hex().notNull(),
}));

export const policySet = eventTable("policy_set", (t) => ({
  ...place(t),
  previous: t.hex().notNull(),
  policy: t.hex().notNull(),
}));

export const successorQueued = eventTable("successor_queued", (t) => ({
  ...place(t),
  previous: t.hex().notNull(),
  successor: t.hex().notNull(),
  maturesAt: small(t),
}));

export const rescued = eventTable("rescued", (t) => ({
  ...place(t),
  token: t.hex().notNull(),
  recipient: t.hex().notNull(),
  amount: t.bigint().notNull(),
}));

export const eip712DomainChanged = eventTable("eip712_domain_changed", place);
