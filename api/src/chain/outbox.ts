import { creditEscrowAbi } from "@infr/contracts/abi";
import {
  BaseError,
  CallExecutionError,
  decodeErrorResult,
  ExecutionRevertedError,
  type Hex,
  keccak256,
  type LocalAccount,
  RawContractError,
  TransactionReceiptNotFoundError,
} from "viem";
import type { Sql } from "../db/types.ts";
import type { Chain } from "./open.ts";
import {
  attemptsOf,
  markMined,
  markState,
  nextJournalNonce,
  openTransactions,
  saveAttempt,
  type TransactionRow,
} from "./outbox-store.ts";

const MAX_OPEN = 64;
const GAS_MARGIN = { numerator: 13n, denominator: 10n };
/** Nodes take a replacement that pays at least a tenth more. */
const FEE_BUMP = { numerator: 5n, denominator: 4n };
const LOCK_CLASS = 4_927_002;

/** Sends what is queued for one key. */
export type Sender = { sql: Sql; chain: Chain; account: LocalAccount; bumpAfterMs: number };

/**
 * One round for one key: looks after what was sent, then sends what is queued. Only one process at a time does this
 * for a key; another one's round returns at once.
 */
export async function sendTransactions(sender: Sender): Promise<void> {
  const connection = await sender.sql.reserve();
  const address = sender.account.address.toLowerCase();
  try {
    const [lock] = await connection<[{ taken: boolean }]>`
      select pg_try_advisory_lock(${LOCK_CLASS}, hashtext(${address})) as taken`;
    if (!lock.taken) return;
    try {
      for (const row of await openTransactions(sender.sql, { sender: address, limit: MAX_OPEN })) {
        if (row.state === "queued") await sendFirst(sender, row);
        else if (row.state === "sent") await lookAfter(sender, row);
        else await confirm(sender, row);
      }
    } finally {
      await connection`select pg_advisory_unlock(${LOCK_CLASS}, hashtext(${address}))`;
    }
  } finally {
    connection.release();
  }
}

/** Tries the call against the chain as it is now; what would revert is never sent and never pays gas. */
async function sendFirst(sender: Sender, row: TransactionRow): Promise<void> {
  const { chain, account, sql } = sender;
  try {
    await chain.client.call({ account: account.address, to: row.target, data: row.data, blockTag: "latest" });
  } catch (error) {
    if (!isRevert(error)) throw error;
    await markState(sql, { transactionId: row.transaction_id, state: "failed", error: revertReason(error) });
    return;
  }
  const [used, journaled] = await Promise.all([
    chain.client.getTransactionCount({ address: account.address }),
    nextJournalNonce(sql, account.address.toLowerCase()),
  ]);
  await signAndSend(sender, { row, nonce: Math.max(used, journaled), atLeast: 0n });
}

/** A transaction that was sent: mined under one of its hashes, or sent again, dearer after a while. */
async function lookAfter(sender: Sender, row: TransactionRow): Promise<void> {
  const attempts = await attemptsOf(sender.sql, row.transaction_id);
  for (const { hash } of attempts) {
    const receipt = await receiptOf(sender.chain, hash);
    if (!receipt) continue;
    await markMined(sender.sql, {
      transactionId: row.transaction_id,
      hash,
      blockNumber: receipt.blockNumber,
      blockHash: receipt.blockHash,
      error: receipt.status === "success" ? null : "reverted when it was mined",
    });
    return;
  }
  const [latest] = attempts;
  if (!latest) throw new Error(`${row.transaction_id} was sent without a journal`);
  await broadcast(sender.chain, latest.raw);
  if (Date.now() - latest.signed_at.getTime() > sender.bumpAfterMs) {
    const atLeast = (BigInt(latest.max_fee_per_gas) * FEE_BUMP.numerator) / FEE_BUMP.denominator;
    await signAndSend(sender, { row, nonce: Number(row.nonce), atLeast });
  }
}

/** A mined transaction: final when its block is; sent again if a reorganisation took it out of the chain. */
async function confirm(sender: Sender, row: TransactionRow): Promise<void> {
  const { chain, sql } = sender;
  const receipt = row.mined_hash === null ? null : await receiptOf(chain, row.mined_hash);
  if (!receipt) {
    await markState(sql, { transactionId: row.transaction_id, state: "sent" });
    return;
  }
  const finalized = await chain.client.getBlock({ blockTag: "finalized" });
  if (receipt.blockNumber <= finalized.number)
    await markState(sql, { transactionId: row.transaction_id, state: "final" });
}

async function signAndSend(
  { sql, chain, account }: Sender,
  { row, nonce, atLeast }: { row: TransactionRow; nonce: number; atLeast: bigint },
): Promise<void> {
  // Not "pending": there an earlier version of this transaction has run already, and running again is cheaper.
  const call = { account: account.address, to: row.target, data: row.data, blockTag: "latest" } as const;
  const [gas, fees] = await Promise.all([
    chain.client.estimateGas(call).catch((error: unknown) => {
      if (isRevert(error)) return 0n;
      throw error;
    }),
    chain.client.estimateFeesPerGas(),
  ]);
  if (gas === 0n) return; // it would revert by now: the next round asks again whether an earlier version was mined
  const maxFeePerGas = fees.maxFeePerGas > atLeast ? fees.maxFeePerGas : atLeast;
  const maxPriorityFeePerGas = atLeast > 0n ? atLeast / 10n + fees.maxPriorityFeePerGas : fees.maxPriorityFeePerGas;
  const raw = await account.signTransaction({
    chainId: chain.chainId,
    type: "eip1559",
    to: row.target,
    data: row.data,
    nonce,
    gas: (gas * GAS_MARGIN.numerator) / GAS_MARGIN.denominator,
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

/** Whether a call failed because the contract said no, rather than because a node did not answer. */
export const isRevert = (error: unknown): boolean =>
  error instanceof BaseError &&
  error.walk((cause) => cause instanceof ExecutionRevertedError || cause instanceof RawContractError) !== null;

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
