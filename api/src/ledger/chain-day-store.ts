import type { NanoUsd } from "@infr/money";
import type { Sql, Tx } from "../db/types.ts";
import { lockBalances } from "./store.ts";

export type StaleDayLimit = { account_id: string; chain_account: bigint; known_at: string | null };

/**
 * Accounts whose day limit in the contract has to be asked for again: never asked, or asked `freshSeconds` ago and in use
 * since, or an hour ago. Longest ago first.
 */
export async function staleDayLimits(
  sql: Sql,
  { freshSeconds, limit }: { freshSeconds: number; limit: number },
): Promise<StaleDayLimit[]> {
  // As text: a JavaScript date has no microseconds.
  return sql<StaleDayLimit[]>`
    select a.account_id, a.chain_account, l.period_start::text as known_at
    from accounts a
    join balances b using (account_id)
    left join limits l on l.account_id = a.account_id and l.scope = 'chain_day'
    where a.chain_account is not null and a.kind <> 'platform' and (
      l.period_start is null or l.period_start < now() - interval '1 hour' or (
        l.period_start < now() - make_interval(secs => ${freshSeconds}::int)
        and (b.unsettled_nano > 0 or b.held_nano > 0 or l.used_nano > 0)
      )
    )
    order by l.period_start nulls first
    limit ${limit}`;
}

/** Notes what the contract says of an account's day limit, unless a settlement was booked since it was asked. */
export async function saveDayLimit(
  sql: Sql,
  { accountId, amount, used, knownAt }: { accountId: string; amount: NanoUsd; used: NanoUsd; knownAt: string | null },
): Promise<void> {
  await sql`select set_chain_day(${accountId}, ${amount}, ${used}, ${knownAt}::text::timestamptz)`;
}

/** Lines that the contract has settled (below zero: taken back) count against its day limit from now on. */
export async function fillDayLimits(tx: Tx, lines: Array<{ accountId: string; amount: NanoUsd }>): Promise<void> {
  if (lines.length === 0) return;
  await lockBalances(
    tx,
    lines.map(({ accountId }) => accountId),
  );
  await tx`
    select fill_chain_day(account_id, amount)
    from unnest(${lines.map((line) => line.accountId)}::text[], ${lines.map((line) => line.amount.toString())}::bigint[])
      s(account_id, amount)`;
}

/** The contract's day limit is another: what was used drained at the old pace until now, as it does there. */
export async function changeDayLimit(
  tx: Tx,
  { accountId, amount }: { accountId: string; amount: NanoUsd },
): Promise<void> {
  await lockBalances(tx, [accountId]);
  await tx`
    update limits l set used_nano = chain_day_used(l), amount_nano = ${amount}, period_start = clock_timestamp()
    where account_id = ${accountId} and scope = 'chain_day'`;
}
