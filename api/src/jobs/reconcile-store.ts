import type { Sql } from "../db/types.ts";

/** Totals of the books, in nano-dollars, each with the sign that makes it positive. */
export type LedgerTotals = {
  /** USDC in the contract, as booked. */
  escrow: bigint;
  /** Owed to accounts. */
  credit: bigint;
  /** Owed to earners. */
  earnings: bigint;
  /** Metered from accounts and not settled. */
  usage: bigint;
  /** Metered for operators, gross, and not settled. */
  unsettled: bigint;
  /** Platform-funded credit. */
  funded: bigint;
  /** Owed by accounts. */
  debt: bigint;
  /** Set aside for running requests. */
  held: bigint;
};

export async function ledgerTotals(sql: Sql): Promise<LedgerTotals> {
  const [row] = await sql<[LedgerTotals]>`
    select
      coalesce(sum(amount_nano) filter (where book = 'escrow'), 0)::bigint as escrow,
      coalesce(sum(-amount_nano) filter (where book = 'credit'), 0)::bigint as credit,
      coalesce(sum(-amount_nano) filter (where book = 'earnings'), 0)::bigint as earnings,
      coalesce(sum(amount_nano) filter (where book = 'usage'), 0)::bigint as usage,
      coalesce(sum(-amount_nano) filter (where book = 'unsettled'), 0)::bigint as unsettled,
      coalesce(sum(-amount_nano) filter (where book = 'funded'), 0)::bigint as funded,
      coalesce(sum(amount_nano) filter (where book = 'debt'), 0)::bigint as debt,
      (select coalesce(sum(held_nano + funded_held_nano), 0)::bigint from balances) as held
    from entry_sides`;
  return row;
}

export type OnChainAccount = {
  account_id: string;
  chain_account: bigint;
  chain_nano: bigint;
  debt_nano: bigint;
  earnings_nano: bigint;
};

/** Accounts that the contract knows, with what the ledger says of them. */
export async function onChainAccounts(sql: Sql): Promise<OnChainAccount[]> {
  return sql<OnChainAccount[]>`
    select a.account_id, a.chain_account, b.chain_nano, b.debt_nano, coalesce(e.earnings, 0)::bigint as earnings_nano
    from accounts a
    join balances b using (account_id)
    left join (
      select account_id, sum(-amount_nano) as earnings from entry_sides where book = 'earnings' group by 1
    ) e using (account_id)
    where a.chain_account is not null
    order by a.chain_account`;
}
