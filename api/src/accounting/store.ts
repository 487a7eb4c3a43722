import type { Queryable } from "../db/types.ts";

/** From its first moment until the first that is no more in it. */
export type Period = { from: Date; until: Date };

export type Holder = "contract" | "platform" | "accounts";

export type TrialBalanceRow = {
  book: string;
  holder: Holder;
  /** Nano-dollars, debit positive. */
  opening: bigint;
  /** Sums of the period, both positive. */
  debits: bigint;
  credits: bigint;
  closing: bigint;
};

/** Every book before, in and after a period, by whose it is, in the order of the chart of accounts. */
export async function trialBalanceRows(sql: Queryable, { from, until }: Period): Promise<TrialBalanceRow[]> {
  return sql<TrialBalanceRow[]>`
    select book, case account_id when '' then 'contract' when 'acct_platform' then 'platform' else 'accounts' end as holder,
      coalesce(sum(amount_nano) filter (where booked_at < ${from}), 0)::bigint as opening,
      coalesce(sum(amount_nano) filter (where booked_at >= ${from} and amount_nano > 0), 0)::bigint as debits,
      coalesce(sum(-amount_nano) filter (where booked_at >= ${from} and amount_nano < 0), 0)::bigint as credits,
      sum(amount_nano)::bigint as closing
    from entry_sides where booked_at < ${until}
    group by 1, 2
    order by 1, 2`;
}

export type FlowRow = {
  /** First word of what was booked: capture, settle, deposit, … */
  step: string;
  is_reversal: boolean;
  book: string;
  holder: Holder;
  /** Nano-dollars, debit positive. */
  amount: bigint;
};

/** What was booked in a period, by what it was booked for. */
export async function flowRows(sql: Queryable, { from, until }: Period): Promise<FlowRow[]> {
  return sql<FlowRow[]>`
    select substring(cause from '^(?:reverse:)?([a-z]+)') as step, cause like 'reverse:%' as is_reversal, book,
      case account_id when '' then 'contract' when 'acct_platform' then 'platform' else 'accounts' end as holder,
      sum(amount_nano)::bigint as amount
    from entry_sides where booked_at >= ${from} and booked_at < ${until}
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4`;
}
