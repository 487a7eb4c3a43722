import { formatUsd, type NanoUsd, nanoUsd } from "@infr/money";
import type { Sql, Tx } from "../db/types.ts";
import { queueEvent } from "./queue-event.ts";
import { queueMail } from "./queue-mail.ts";
import { queuePush } from "./queue-push.ts";
import { armWarnings, type CrossingRow, lockWarnings, takeCrossings } from "./warnings-store.ts";

const AT_ONCE = 200;

/** When people are warned. */
export type WarningPolicy = {
  /** What is left at which they are; 0 is when nothing is. */
  thresholds: NanoUsd[];
  /** From here on down, by a desktop notification too. */
  pushAt: NanoUsd;
};

/**
 * Tells owners whose credit has fallen below a threshold: once for each time it falls, and again only after it was at or
 * above it in between. Looks at balances as they are, outside of what requests wait for; what is held for running requests
 * counts as still there, because most of it comes back.
 */
export async function warnBalances(sql: Sql, policy: WarningPolicy): Promise<void> {
  for (;;) {
    // One transaction: a warning is either told and noted, or neither.
    const found = await sql.begin(async (tx) => {
      // Somebody else looks already: both together could tell the same person of two thresholds at once.
      if (!(await lockWarnings(tx))) return 0;
      const crossings = await takeCrossings(tx, { limit: AT_ONCE });
      for (const crossing of lowestOfEach(crossings)) await tell(tx, { crossing, policy });
      return crossings.length;
    });
    if (found < AT_ONCE) break;
  }
  await armWarnings(sql, policy.thresholds);
}

/** Who falls through several thresholds at once is told of the lowest. */
function lowestOfEach(crossings: CrossingRow[]): CrossingRow[] {
  const lowest = new Map<string, CrossingRow>();
  for (const crossing of crossings) {
    const known = lowest.get(crossing.account_id);
    if (!known || crossing.threshold_nano < known.threshold_nano) lowest.set(crossing.account_id, crossing);
  }
  return [...lowest.values()];
}

async function tell(tx: Tx, { crossing, policy }: { crossing: CrossingRow; policy: WarningPolicy }): Promise<void> {
  const { account_id: accountId, threshold_nano: threshold, crossings } = crossing;
  const cause = `balance:${accountId}:${threshold}:${crossings}`;
  const data = { balance: formatUsd(nanoUsd(crossing.left_nano)), threshold: formatUsd(nanoUsd(threshold)) };
  await queueMail(tx, { cause, to: { accountId }, template: "balance_low", data });
  await queueEvent(tx, { cause, accountId, type: "balance.low", data });
  if (threshold <= policy.pushAt) await queuePush(tx, { cause, accountId, ...pushOf(data) });
}

const pushOf = ({ balance, threshold }: { balance: string; threshold: string }) => ({
  title: threshold === "0" ? "Your credit is used up" : "Your credit runs low",
  body: threshold === "0" ? "Requests are refused until you add some." : `$${balance} are left.`,
  path: "/deposit",
});
