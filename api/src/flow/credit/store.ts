import type { Tx } from "../../db/types.ts";

export type AccountFact = "owner" | "day_limit" | "payout_to" | "suspended_until";

/** Notes what an event said of an account. Should the event be reversed, the one before it counts again by itself. */
export async function saveChange(
  tx: Tx,
  change: { eventId: string; accountId: string; what: AccountFact; value: string },
): Promise<void> {
  await tx`
    insert into account_changes (event_id, account_id, what, value)
    values (${change.eventId}, ${change.accountId}, ${change.what}, ${change.value})
    on conflict (event_id) do update set account_id = excluded.account_id, value = excluded.value`;
}

/** An account's day limit as the newest event that stands says, in µUSDC; null if none ever changed it. */
export async function dayLimitOf(tx: Tx, eventId: string): Promise<{ accountId: string; perDay: bigint | null }> {
  const [row] = await tx<[{ account_id: string; per_day: bigint | null }]>`
    select c.account_id, f.value::bigint as per_day
    from account_changes c left join account_facts f on f.account_id = c.account_id and f.what = 'day_limit'
    where c.event_id = ${eventId}`;
  return { accountId: row.account_id, perDay: row.per_day };
}
