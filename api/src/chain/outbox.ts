import { creditEscrowAbi } from "@infr/contracts/abi";
import {
  BaseError,
  CallExecutionError,
  decodeErrorResult,
  ExecutionRevertedError,
  type Hex,
  HttpRequestError,
  keccak256,
  LimitExceededRpcError,
  type LocalAccount,
  parseTransaction,
  RawContractError,
  TimeoutError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from "viem";
import type { Sql } from "../db/types.ts";
import type { Chain } from "./open.ts";
import {
  attemptsOf,
  countFailure,
  finalizeMined,
  markMined,
  markState,
  newestMined,
  nextJournalNonce,
  openTransactions,
  requeue,
  saveAttempt,
  type TransactionRow,
} from "./outbox-store.ts";

const MAX_OPEN = 64;
/** Rounds in which a transaction may fail for reasons that are not its own before it is given up. */
const MAX_FAILURES = 50;
/** What a call may burn: a signature check that never ends must not hold up everybody else. */
const GAS_LIMIT = { settle: 7_000_000n, others: 1_500_000n };
const GAS_MARGIN = { numerator: 13n, denominator: 10n };
/** Nodes take a replacement that pays at least a tenth more. */
const FEE_BUMP = { numerator: 5n, denominator: 4n };
const LOCK_CLASS = 4_927_002;

/** Sends what is queued for one key. */
export type Sender = { sql: Sql; chain: Chain; account: LocalAccount; bumpAfterMs: number };

/**
 * One round for one key: looks after what was mined and sent, then sends what is queued. Only one process at a time does
 * this for a key; another one's round returns at once. A transaction that fails does not hold up the others.
 */
export async function sendTransactions(sender: Sender): Promise<void> {
  const connection = await sender.sql.reserve();
  const address = sender.account.address.toLowerCase();
  try {
    const [lock] = await connection<[{ taken: boolean }]>`
      select pg_try_advisory_lock(${LOCK_CLASS}, hashtext(${address})) as taken`;
    if (!lock.taken) return;
    try {
      await confirmMined(sender);
      for (const row of await openTransactions(sender.sql, { sender: address, limit: MAX_OPEN }))
        await attend(sender, row);
    } finally {
      await connection`select pg_advisory_unlock(${LOCK_CLASS}, hashtext(${address}))`;
    }
  } finally {
    connection.release();
  }
}

async function attend(sender: Sender, row: TransactionRow): Promise<void> {
  try {
    await (row.state === "queued" ? sendFirst(sender, row) : lookAfter(sender, row));
  } catch (error) {
    if (isOutOfReach(error)) throw error;
    await countFailure(sender.sql, {
      transactionId: row.transaction_id,
      error: revertReason(error),
      most: MAX_FAILURES,
    });
  }
}

const gasLimitOf = (row: TransactionRow): bigint => (row.kind === "settle" ? GAS_LIMIT.settle : GAS_LIMIT.others);

/** Tries the call against the chain as it is now; what would revert is never sent and never pays gas. */
async function sendFirst(sender: Sender, row: TransactionRow): Promise<void> {
  const { chain, account, sql } = sender;
  const call = {
    account: account.address,
    to: row.target,
    data: row.data,
    gas: gasLimitOf(row),
    blockTag: "latest",
  } as const;
  try {
    await chain.client.call(call);
  } catch (error) {
    if (!isRevert(error)) throw error;
    await markState(sql, { transactionId: row.transaction_id, state: "failed", error: revertReason(error) });
    return;
  }
  const [used, journaled] = await Promise.all([
    chain.client.getTransactionCount({ address: account.address }),
    nextJournalNonce(sql, account.address.toLowerCase()),
  ]);
  await signAndSend(sender, { row, nonce: Math.max(used, journaled), atLeast: 0n, gas: null });
}

/** A transaction that was sent: mined under one of its hashes, or sent again, dearer after a while. */
async function lookAfter(sender: Sender, row: TransactionRow): Promise<void> {
  const attempts = await attemptsOf(sender.sql, row.transaction_id);
  for (const { hash } of attempts) {
    const receipt = await receiptOf(sender.chain, hash);
    if (!receipt) continue;
    await noteMined(sender.sql, row, receipt);
    return;
  }
  const [latest] = attempts;
  if (!latest) throw new Error(`${row.transaction_id} was sent without a journal`);
  await broadcast(sender.chain, latest.raw);
  if (Date.now() - latest.signed_at.getTime() <= sender.bumpAfterMs) return;
  const nonce = Number(row.nonce);
  const used = await sender.chain.client.getTransactionCount({ address: sender.account.address, blockTag: "safe" });
  if (used > nonce) return requeue(sender.sql, row.transaction_id); // something else was mined under this nonce
  const atLeast = (BigInt(latest.max_fee_per_gas) * FEE_BUMP.numerator) / FEE_BUMP.denominator;
  // If it would revert by now it is sent all the same, with the gas it had: its nonce holds up those behind it.
  await signAndSend(sender, { row, nonce, atLeast, gas: parseTransaction(latest.raw).gas ?? null });
}

/**
 * Mined transactions: sent again if a reorganisation took them out of the chain, final when their block is. The newest
 * being where it was found is enough: everything before it is then, too.
 */
async function confirmMined({ sql, chain, account }: Sender): Promise<void> {
  const sender = account.address.toLowerCase();
  for (;;) {
    const row = await newestMined(sql, sender);
    if (!row || row.mined_hash === null) return;
    const receipt = await receiptOf(chain, row.mined_hash);
    if (receipt?.blockHash === row.block_hash) break;
    if (receipt) await noteMined(sql, row, receipt);
    else await markState(sql, { transactionId: row.transaction_id, state: "sent" });
  }
  const finalized = await chain.client.getBlock({ blockTag: "finalized" });
  await finalizeMined(sql, { sender, finalBlock: finalized.number });
}

const noteMined = (sql: Sql, row: TransactionRow, receipt: TransactionReceipt): Promise<void> =>
  markMined(sql, {
    transactionId: row.transaction_id,
    hash: receipt.transactionHash,
    blockNumber: receipt.blockNumber,
    blockHash: receipt.blockHash,
    error: receipt.status === "success" ? null : "reverted when it was mined",
  });

type Version = {
  row: TransactionRow;
  nonce: number;
  /** Fee to pay at least, for a replacement. */
  atLeast: bigint;
  /** What to fall back on when the call would revert by now; null: don't send it. */
  gas: bigint | null;
};

async function signAndSend(
  { sql, chain, account }: Sender,
  { row, nonce, atLeast, gas: fallback }: Version,
): Promise<void> {
  // Not "pending": there an earlier version of this transaction has run already, and running again is cheaper.
  const call = {
    account: account.address,
    to: row.target,
    data: row.data,
    gas: gasLimitOf(row),
    blockTag: "latest",
  } as const;
  const [estimated, fees] = await Promise.all([
    chain.client.estimateGas(call).catch((error: unknown) => {
      if (isRevert(error)) return null;
      throw error;
    }),
    chain.client.estimateFeesPerGas(),
  ]);
  const gas = estimated === null ? fallback : (estimated * GAS_MARGIN.numerator) / GAS_MARGIN.denominator;
  if (gas === null) return; // the next round finds out that it reverts
  const maxFeePerGas = fees.maxFeePerGas > atLeast ? fees.maxFeePerGas : atLeast;
  const maxPriorityFeePerGas = atLeast > 0n ? atLeast / 10n + fees.maxPriorityFeePerGas : fees.maxPriorityFeePerGas;
  const raw = await account.signTransaction({
    chainId: chain.chainId,
    type: "eip1559",
    to: row.target,
    data: row.data,
    nonce,
    gas,
    maxFeePerGas,
    maxPriorityFeePerGas: maxPriorityFeePerGas < maxFeePerGas ? maxPriorityFeePerGas : maxFeePerGas,
  });
  await saveAttempt(sql, { transactionId: row.transaction_id, nonce, hash: keccak256(raw), raw, maxFeePerGas });
  await broadcast(chain, raw);
}

/** Sends bytes. That a node knows them already, or has mined them, is no failure; the next round looks at the receipt. */
async function broadcast({ client }: Chain, raw: Hex): Promise<void> {
  try {
    await client.sendRawTransaction({ serializedTransaction: raw });
  } catch (error) {
    if (!(error instanceof BaseError) || !/already (known|imported)|nonce too low|underpriced/i.test(error.message))
      throw error;
  }
}

async function receiptOf({ client }: Chain, hash: Hex) {
  try {
    return await client.getTransactionReceipt({ hash });
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return null;
    throw error;
  }
}

/** Whether a node did not answer, or would not now: the same question may be answered later. */
const isOutOfReach = (error: unknown): boolean =>
  !(error instanceof BaseError) ||
  error.walk(
    (cause) =>
      cause instanceof HttpRequestError || cause instanceof TimeoutError || cause instanceof LimitExceededRpcError,
  ) !== null;

/** Whether a call failed because the contract said no, or ran out of gas. */
export const isRevert = (error: unknown): boolean => {
  if (isOutOfReach(error) || !(error instanceof BaseError)) return false;
  const words = /revert|out of gas|outofgas|gas required exceeds/i;
  return (
    words.test(error.message) ||
    error.walk((cause) => cause instanceof ExecutionRevertedError || cause instanceof RawContractError) !== null
  );
};

/** The contract's own words for a revert, e.g. `BelowMinimum(1, 5000000)`. */
export function revertReason(error: unknown): string {
  const data = revertData(error);
  if (data) {
    try {
      const { errorName, args } = decodeErrorResult({ abi: creditEscrowAbi, data });
      return `${errorName}(${(args ?? []).join(", ")})`;
    } catch {
      // not one of ours: the node's words have to do
    }
  }
  return error instanceof CallExecutionError ? error.shortMessage : String(error);
}

function revertData(error: unknown): Hex | null {
  if (!(error instanceof BaseError)) return null;
  const raw = error.walk(
    (cause) => typeof cause === "object" && cause !== null && "data" in cause && cause.data !== undefined,
  );
  const data = raw && "data" in raw ? raw.data : null;
  if (typeof data === "string" && data.startsWith("0x")) return data as Hex;
  return typeof data === "object" && data !== null && "data" in data && typeof data.data === "string"
    ? (data.data as Hex)
    : null;
}
