import { type Hex, keccak256, parseTransaction } from "viem";
import type { Sql } from "../db/types.ts";
import { type Fees, firstFees, raisedFees } from "./fees.ts";
import { gasFor, gasLimitOf } from "./gas.ts";
import type { Chain } from "./open.ts";
import { confirmMined, isMined, wasReplaced } from "./outbox-mined.ts";
import {
  type AttemptRow,
  attemptsOf,
  countFailure,
  markState,
  newestKnownBlock,
  nextJournalNonce,
  noteError,
  openTransactions,
  requeue,
  saveAttempt,
  type TransactionRow,
  takeBackReverted,
} from "./outbox-store.ts";
import { EndpointLagsError, isOutOfReach, isRevert, refusalOf, revertReason } from "./rpc-errors.ts";
import type { Signer } from "./signers/signer.ts";

const MAX_OPEN = 64;
/** How often and for how long a transaction may fail for reasons that are not its own before it is given up unsent. */
const MAX_FAILURES = 50;
const PATIENCE_SECONDS = 600;
const LOCK_CLASS = 4_927_002;

/** Sends what is queued for one key. */
export type Sender = {
  sql: Sql;
  chain: Chain;
  account: Signer;
  /** Age of the last version at which a transaction that nobody mines is replaced by a dearer one. */
  bumpAfterMs: number;
  /** Most that is paid for a unit of gas, in wei: what costs more waits. */
  maxFeePerGas: bigint;
};

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
      const open = await openTransactions(sender.sql, { sender: address, limit: MAX_OPEN });
      const used = await countUsed(sender);
      await takeBackReverted(sender.sql, { sender: address, used });
      for (const row of open) await attend(sender, { row, used });
    } finally {
      await connection`select pg_advisory_unlock(${LOCK_CLASS}, hashtext(${address}))`;
    }
  } finally {
    connection.release();
  }
}

/** A transaction, and the number of nonces that the chain had seen of its sender when the round began. */
type Task = { row: TransactionRow; used: number };

async function attend(sender: Sender, task: Task): Promise<void> {
  try {
    await (task.row.state === "queued" ? sendFirst(sender, task) : lookAfter(sender, task));
  } catch (error) {
    if (isOutOfReach(error)) throw error;
    await countFailure(sender.sql, {
      transactionId: task.row.transaction_id,
      error: revertReason(error),
      most: MAX_FAILURES,
      patienceSeconds: PATIENCE_SECONDS,
    });
  }
}

const countUsed = ({ chain, account }: Sender): Promise<number> =>
  chain.client.getTransactionCount({ address: account.address });

/** The newest block. @throws EndpointLagsError if we know a newer one: there, what was settled since is not yet */
async function freshHead({ sql, chain }: Sender): Promise<bigint> {
  const [head, known] = await Promise.all([chain.client.getBlockNumber({ cacheTime: 0 }), newestKnownBlock(sql)]);
  if (head < known) throw new EndpointLagsError({ head, known });
  return head;
}

const callOf = ({ account }: Sender, { row, head }: { row: TransactionRow; head: bigint }) =>
  ({
    account: account.address,
    to: row.target,
    data: row.data,
    gas: gasLimitOf(row.kind),
    blockNumber: head,
  }) as const;

/** Tries the call against the chain as it is now; what would revert is never sent and never pays gas. */
async function sendFirst(sender: Sender, { row }: Task): Promise<void> {
  const { chain, account, sql } = sender;
  // One that was taken back into the queue may have been mined after all.
  if (await isMined(sender, { row, attempts: await attemptsOf(sql, row.transaction_id) })) return;
  const head = await freshHead(sender);
  try {
    await chain.client.call(callOf(sender, { row, head }));
  } catch (error) {
    if (!isRevert(error)) throw error;
    await markState(sql, { transactionId: row.transaction_id, state: "failed", error: revertReason(error) });
    return;
  }
  const fees = firstFees(await marketFees(chain), sender.maxFeePerGas);
  if (fees === null) {
    await noteError(sql, { transactionId: row.transaction_id, error: "gas costs more than MAX_FEE_GWEI: it waits" });
    return;
  }
  const gas = await estimateGas(sender, { row, head });
  if (gas === null) return; // the next round finds out that it reverts
  const journaled = await nextJournalNonce(sql, account.address.toLowerCase());
  await signAndSend(sender, { row, nonce: Math.max(await countUsed(sender), journaled), gas, fees });
}

/**
 * A transaction that was sent: mined under one of its hashes, or sent again, byte by byte. The one whose turn it is, if a
 * node does not take it for its fees or nobody mined it for a while, is replaced by a dearer version; those behind it wait.
 */
async function lookAfter(sender: Sender, { row, used }: Task): Promise<void> {
  const attempts = await attemptsOf(sender.sql, row.transaction_id);
  if (await isMined(sender, { row, attempts })) return;
  const [latest] = attempts;
  if (!latest) throw new Error(`${row.transaction_id} was sent without a journal`);
  const nonce = Number(row.nonce);
  if (used > nonce) {
    if (await wasReplaced(sender, { nonce, attempts }))
      await requeue(sender.sql, { transactionId: row.transaction_id, nonce });
    return;
  }
  const isTaken = await broadcast(sender.chain, latest.raw);
  if (used === nonce && (!isTaken || latest.age_ms > sender.bumpAfterMs)) await replace(sender, { row, nonce, latest });
}

/** If it would revert by now it is sent all the same, with the gas it had: its nonce holds up those behind it. */
async function replace(
  sender: Sender,
  { row, nonce, latest }: { row: TransactionRow; nonce: number; latest: AttemptRow },
): Promise<void> {
  const { gas: gasBefore = 0n, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parseTransaction(latest.raw);
  const fees = raisedFees({
    before: { maxFeePerGas, maxPriorityFeePerGas },
    market: await marketFees(sender.chain),
    ceiling: sender.maxFeePerGas,
  });
  if (fees === null) {
    await noteError(sender.sql, {
      transactionId: row.transaction_id,
      error: "nobody mines it for MAX_FEE_GWEI: it waits",
    });
    return;
  }
  const gas = (await estimateGas(sender, { row, head: await freshHead(sender) })) ?? gasBefore;
  await signAndSend(sender, { row, nonce, gas, fees });
}

/** @returns null if the call reverts */
async function estimateGas(sender: Sender, at: { row: TransactionRow; head: bigint }): Promise<bigint | null> {
  try {
    // Not "pending": there an earlier version of this transaction has run already, and running again is cheaper.
    return gasFor(await sender.chain.client.estimateGas(callOf(sender, at)));
  } catch (error) {
    if (isRevert(error)) return null;
    throw error;
  }
}

async function marketFees({ client }: Chain): Promise<Fees> {
  const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
  return { maxFeePerGas, maxPriorityFeePerGas };
}

type Version = { row: TransactionRow; nonce: number; gas: bigint; fees: Fees };

async function signAndSend({ sql, chain, account }: Sender, { row, nonce, gas, fees }: Version): Promise<void> {
  const raw = await account.signTransaction({
    chainId: chain.chainId,
    type: "eip1559",
    to: row.target,
    data: row.data,
    nonce,
    gas,
    ...fees,
  });
  const version = { transactionId: row.transaction_id, nonce, hash: keccak256(raw), raw };
  if (await saveAttempt(sql, { ...version, maxFeePerGas: fees.maxFeePerGas })) await broadcast(chain, raw);
}

/**
 * Sends bytes. That a node knows them already, or has mined them, is no failure; the next round looks at the receipt.
 * @returns false if they pay too little to be kept
 */
async function broadcast({ client }: Chain, raw: Hex): Promise<boolean> {
  try {
    await client.sendRawTransaction({ serializedTransaction: raw });
    return true;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === "other") throw error;
    return refusal === "known";
  }
}
