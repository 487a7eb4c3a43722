import type { Hex } from "viem";
import type { Chain } from "../../../chain/open.ts";
import type { Sql } from "../../../db/types.ts";
import { transferEvent } from "../addresses/watch-addresses.ts";
import { runAlone } from "../run-alone.ts";
import { firstBlock, saveScan, scanOf } from "../scan-store.ts";
import { findPlain, logKeyOf } from "./find-plain.ts";
import { type PlainTransfer, savePlainTransfers } from "./store.ts";

const LOCK = 4_927_011;
const SCAN = "plain transfers";
/** Blocks in one question: nodes refuse longer ones. */
const WINDOW = 2_000n;

type Context = { sql: Sql; chain: Chain };

/**
 * One round of looking for USDC that came to the contract outside of its rails. Safe blocks only: what is found here
 * leads to a credit that no reorganisation takes back.
 */
export const scanPlainTransfers = ({ sql, chain }: Context): Promise<void> =>
  runAlone(sql, LOCK, async () => {
    const { client } = chain;
    // The first booked event is that of the contract's own account, from the block that made the contract.
    const from = (await scanOf(sql, SCAN))?.next_block ?? (await firstBlock(sql));
    if (from === null) return;
    const { number: safe } = await client.getBlock({ blockTag: "safe" });
    if (safe < from) return;
    const to = safe - from >= WINDOW ? from + WINDOW - 1n : safe;
    const logs = await client.getLogs({
      address: chain.usdc,
      event: transferEvent,
      args: { to: chain.escrow },
      fromBlock: from,
      toBlock: to,
    });
    const found: PlainTransfer[] = [];
    for (const hash of new Set(logs.map(({ transactionHash }) => transactionHash)))
      found.push(...(await readTransaction(chain, hash)));
    await sql.begin(async (tx) => {
      await savePlainTransfers(tx, found);
      await saveScan(tx, { name: SCAN, next_block: to + 1n, last_hash: null });
    });
  });

async function readTransaction(chain: Chain, hash: Hex): Promise<PlainTransfer[]> {
  const [transaction, receipt] = await Promise.all([
    chain.client.getTransaction({ hash }),
    chain.client.getTransactionReceipt({ hash }),
  ]);
  const found = findPlain(chain, { transaction, receipt });
  if (found.length === 0) return [];
  const { timestamp } = await chain.client.getBlock({ blockHash: receipt.blockHash });
  return found.map(({ logIndex, sender, amountMicro, memoAccount }) => ({
    log_key: logKeyOf({ blockHash: receipt.blockHash, logIndex }),
    block_number: receipt.blockNumber,
    block_hash: receipt.blockHash,
    log_index: logIndex,
    transaction_hash: hash,
    sent_at: new Date(Number(timestamp) * 1_000),
    sender,
    amount_micro: amountMicro,
    memo_account: memoAccount === null ? null : BigInt(memoAccount),
  }));
}
