import {
  type Address,
  type Hex,
  type PublicClient,
  parseTransaction,
  TransactionNotFoundError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from "viem";
import type { Sql } from "../db/types.ts";
import { blockHashAt } from "./blocks.ts";
import type { Chain } from "./open.ts";
import {
  type AttemptRow,
  finalizeMined,
  markMined,
  markState,
  newestMined,
  type TransactionRow,
} from "./outbox-store.ts";

/** What it takes to see what became of the transactions of one key. */
type Looking = { sql: Sql; chain: Chain; account: { address: Address } };

/**
 * Whether something else was mined under this nonce, for good: as of the safe block, by every endpoint that answers, each
 * asked by itself. Of one that lags, the count would say used and the receipts would say not mined.
 */
export async function wasReplaced(
  { chain, account }: Looking,
  { nonce, attempts }: { nonce: number; attempts: AttemptRow[] },
): Promise<boolean> {
  const answers = await Promise.allSettled(
    chain.endpoints.map(async (endpoint) => {
      const used = await endpoint.getTransactionCount({ address: account.address, blockTag: "safe" });
      if (used <= nonce) return false;
      for (const { hash } of attempts) if (await isKnownMined(endpoint, hash)) return false;
      return true;
    }),
  );
  const opinions = answers.filter((answer) => answer.status === "fulfilled").map(({ value }) => value);
  return opinions.length > 0 && opinions.every(Boolean);
}

async function isKnownMined(endpoint: PublicClient, hash: Hex): Promise<boolean> {
  if (await receiptOf(endpoint, hash)) return true;
  try {
    return (await endpoint.getTransaction({ hash })).blockNumber !== null;
  } catch (error) {
    if (error instanceof TransactionNotFoundError) return false;
    throw error;
  }
}

/**
 * Mined transactions: sent again if a reorganisation took them out of the chain, final when their block is. The newest
 * being where it was found is enough: everything before it is then, too. Only another block at its height proves a
 * reorganisation: a receipt may be lost, and a node may be behind.
 */
export async function confirmMined({ sql, chain, account }: Looking): Promise<void> {
  const sender = account.address.toLowerCase();
  for (;;) {
    const row = await newestMined(sql, sender);
    if (!row || row.mined_hash === null || row.block_number === null) return;
    const receipt = await receiptOf(chain.client, row.mined_hash);
    if (receipt?.blockHash === row.block_hash) break;
    if (receipt) await noteMined(sql, { row, nonce: Number(row.nonce), receipt });
    else {
      const canonical = await blockHashAt(chain.client, row.block_number);
      if (canonical === null || canonical === row.block_hash) break;
      await markState(sql, { transactionId: row.transaction_id, state: "sent" });
    }
  }
  const finalized = await chain.client.getBlock({ blockTag: "finalized" });
  await finalizeMined(sql, { sender, finalBlock: finalized.number });
}

/** Looks for a receipt of any version, and notes it. */
export async function isMined(
  { sql, chain }: Pick<Looking, "sql" | "chain">,
  { row, attempts }: { row: TransactionRow; attempts: AttemptRow[] },
): Promise<boolean> {
  for (const { hash, raw } of attempts) {
    const receipt = await receiptOf(chain.client, hash);
    if (!receipt) continue;
    await noteMined(sql, { row, nonce: parseTransaction(raw).nonce ?? 0, receipt });
    return true;
  }
  return false;
}

const noteMined = (
  sql: Sql,
  { row, nonce, receipt }: { row: TransactionRow; nonce: number; receipt: TransactionReceipt },
): Promise<void> =>
  markMined(sql, {
    transactionId: row.transaction_id,
    nonce,
    hash: receipt.transactionHash,
    blockNumber: receipt.blockNumber,
    blockHash: receipt.blockHash,
    error: receipt.status === "success" ? null : "reverted when it was mined",
  });

async function receiptOf(client: PublicClient, hash: Hex): Promise<TransactionReceipt | null> {
  try {
    return await client.getTransactionReceipt({ hash });
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return null;
    throw error;
  }
}
