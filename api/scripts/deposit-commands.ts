import { creditEscrowAbi } from "@infr/contracts/abi";
import { formatUsdc, microUsdc } from "@infr/money";
import { encodeFunctionData } from "viem";
import type { Sql } from "../src/db/types.ts";
import { type SuspenseRow, suspense } from "../src/flow/deposit/plain/store.ts";
import { depositsToReview } from "../src/flow/deposit/store.ts";

const MOST = 1_000;
const REFUNDABLE_MS = 7 * 86_400_000;

/**
 * `pnpm ledger suspense`: plain transfers to the contract that are nobody's, and for those that have waited seven days
 * the call by which the governor queues their refund. It sends nothing. @returns the exit code
 */
export async function suspenseCommand(sql: Sql, now = new Date()): Promise<number> {
  const rows = await suspense(sql, { limit: MOST });
  for (const row of rows) {
    console.log(
      `${row.transaction_hash} ${formatUsdc(microUsdc(row.amount_micro))} USDC from ${row.sender}, ${row.sent_at.toISOString()}`,
    );
    if (now.getTime() - row.sent_at.getTime() >= REFUNDABLE_MS) console.log(`  refund: ${refundCall(row)}`);
  }
  console.log(rows.length === 0 ? "Nothing is in suspense." : `${rows.length} transfers are in suspense.`);
  return 0;
}

/** `queueRefund` of the whole amount to its sender; anybody may execute it seven days later. */
const refundCall = ({ sender, amount_micro: amount, block_hash: blockHash, log_index: logIndex }: SuspenseRow) =>
  encodeFunctionData({
    abi: creditEscrowAbi,
    functionName: "queueRefund",
    args: [{ to: sender, amount, blockHash, logIndex: BigInt(logIndex) }],
  });

/** `pnpm ledger reviews`: deposits that are larger than what passes without a look. @returns the exit code */
export async function reviewsCommand(sql: Sql): Promise<number> {
  const rows = await depositsToReview(sql, MOST);
  for (const row of rows) {
    const {
      event_id: id,
      account_id: account,
      amount_micro: amount,
      payer,
      rail,
      finality,
      reversed_at: reversed,
    } = row;
    const what = `${formatUsdc(microUsdc(amount))} USDC by ${rail} from ${payer} to ${account}`;
    console.log(`${id} ${what}, ${reversed === null ? finality : "reversed"}`);
  }
  console.log(rows.length === 0 ? "No deposit asks for a review." : `${rows.length} deposits ask for a review.`);
  return 0;
}
