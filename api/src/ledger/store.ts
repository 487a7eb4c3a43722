import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Queryable, Tx } from "../db/types.ts";
import type { Book, Entry } from "./entry.ts";

/** Locks balances in id order, so that two transactions which need several never wait for each other in a circle. */
export async function lockBalances(tx: Tx, accounts: string[]): Promise<void> {
  await tx`select from balances where account_id in ${tx(accounts)} order by account_id for update`;
}

/** @returns false if the cause is booked already */
export async function insertEntries(tx: Tx, { cause, entries }: { cause: string; entries: Entry[] }): Promise<boolean> {
  const [booked] = await tx`select from entries where cause = ${cause} limit 1`;
  if (booked) return false;
  await tx`
    insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
    select ${cause}, row_number() over (), e.*
    from unnest(
      ${entries.map((entry) => entry.debit.book)}::text[]::book[], ${entries.map((entry) => entry.debit.account)}::text[],
      ${entries.map((entry) => entry.credit.book)}::text[]::book[], ${entries.map((entry) => entry.credit.account)}::text[],
      ${entries.map((entry) => entry.amount.toString())}::bigint[]
    ) e`;
  return true;
}

type EntryRow = {
  debit_book: Book;
  debit_account: string;
  credit_book: Book;
  credit_account: string;
  amount_nano: bigint;
};

/** What a cause was booked as. */
export async function entriesOf(sql: Queryable, cause: string): Promise<Entry[]> {
  const rows = await sql<EntryRow[]>`
    select debit_book, debit_account, credit_book, credit_account, amount_nano
    from entries where cause = ${cause} order by line`;
  return rows.map((row) => ({
    debit: { book: row.debit_book, account: row.debit_account },
    credit: { book: row.credit_book, account: row.credit_account },
    amount: nanoUsd(row.amount_nano),
  }));
}

export type BalanceRow = {
  chain_nano: bigint;
  debt_nano: bigint;
  unsettled_nano: bigint;
  funded_nano: bigint;
  held_nano: bigint;
  funded_held_nano: bigint;
  settled_nano: bigint;
  written_off_nano: bigint;
};

export async function balanceRow(sql: Queryable, accountId: string): Promise<BalanceRow | undefined> {
  const [row] = await sql<BalanceRow[]>`
    select chain_nano, debt_nano, unsettled_nano, funded_nano, held_nano, funded_held_nano, settled_nano, written_off_nano
    from balances where account_id = ${accountId}`;
  return row;
}

/** Counts account-paid usage that has been settled (negative: taken back): it earns the overdraft allowance. */
export async function countSettled(tx: Tx, settled: Array<{ accountId: string; amount: NanoUsd }>): Promise<void> {
  await tx`
    update balances b set settled_nano = b.settled_nano + s.amount
    from unnest(${settled.map((s) => s.accountId)}::text[], ${settled.map((s) => s.amount.toString())}::bigint[]) s(account_id, amount)
    where b.account_id = s.account_id`;
}

/** A book's balance, debit positive; of one account or of all. */
export async function bookBalance(
  sql: Queryable,
  { book, account }: { book: Book; account?: string },
): Promise<NanoUsd> {
  const [row] = await sql<Array<{ total: bigint }>>`
    select coalesce(sum(amount_nano), 0)::bigint as total from entry_sides
    where book = ${book} ${account === undefined ? sql`` : sql`and account_id = ${account}`}`;
  return nanoUsd(row?.total ?? 0n);
}

/** Counters that differ from what the entries, holds and the usage log say; the books' total, which has to be zero. */
export async function differences(
  sql: Queryable,
): Promise<Array<{ what: string; counter: bigint; recomputed: bigint }>> {
  return [
    ...(await sql<Array<{ what: string; counter: bigint; recomputed: bigint }>>`
      with truth as (
        select b.account_id,
          coalesce(sum(-amount_nano) filter (where book = 'credit'), 0)::bigint as chain,
          coalesce(sum(amount_nano) filter (where book = 'debt'), 0)::bigint as debt,
          coalesce(sum(amount_nano) filter (where book = 'usage' and b.account_id <> 'acct_platform'), 0)::bigint as unsettled,
          coalesce(sum(-amount_nano) filter (where book = 'funded'), 0)::bigint as funded,
          coalesce(sum(amount_nano) filter (where book = 'written_off'), 0)::bigint as written_off
        from balances b left join entry_sides using (account_id) group by 1
      ), held as (
        select account_id, sum(paid_nano)::bigint as paid, sum(funded_nano)::bigint as funded from holds group by 1
      )
      select c.what || ' of ' || b.account_id as what, c.counter, c.recomputed
      from balances b join truth t using (account_id) left join held h using (account_id)
      cross join lateral (values
        ('chain', b.chain_nano, t.chain),
        ('debt', b.debt_nano, t.debt),
        ('unsettled', b.unsettled_nano, t.unsettled),
        ('funded', b.funded_nano, t.funded),
        ('written off', b.written_off_nano, t.written_off),
        ('held', b.held_nano, coalesce(h.paid, 0)),
        ('held of funded', b.funded_held_nano, coalesce(h.funded, 0))
      ) c(what, counter, recomputed)
      where c.counter <> c.recomputed`),
    ...(await sql<Array<{ what: string; counter: bigint; recomputed: bigint }>>`
      select 'captured of ' || u.request_id as what, u.cost_nano as counter, coalesce(e.amount, 0)::bigint as recomputed
      from usage u left join (
        select cause, sum(amount_nano) as amount from entries where credit_book = 'unsettled' and cause like 'capture:%' group by 1
      ) e on e.cause = 'capture:' || u.request_id
      where u.cost_nano <> coalesce(e.amount, 0)`),
    ...(await sql<Array<{ what: string; counter: bigint; recomputed: bigint }>>`
      select c.what || ' of the ' || l.period || ' limit ' || l.scope || ':' || l.subject_id as what, c.counter, c.recomputed
      from limit_truth l
      cross join lateral (values
        ('used', l.used_nano, l.true_used_nano),
        ('held', l.held_nano, l.true_held_nano)
      ) c(what, counter, recomputed)
      where c.counter <> c.recomputed`),
  ];
}

export type StatementRow = {
  cause: string;
  line: number;
  debit_book: Book;
  credit_book: Book;
  amount_nano: bigint;
  booked_at: Date;
};

/** The entries that touch an account, newest first; of one cause, if given. */
export async function statementOf(
  sql: Queryable,
  { accountId, cause, limit }: { accountId: string; cause: string | null; limit: number },
): Promise<StatementRow[]> {
  return sql<StatementRow[]>`
    select cause, line, debit_book, credit_book, amount_nano, booked_at from entries
    where (debit_account = ${accountId} or credit_account = ${accountId})
      ${cause === null ? sql`` : sql`and cause = ${cause}`}
    order by booked_at desc, cause, line
    limit ${limit}`;
}
