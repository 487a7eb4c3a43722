import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Queryable, Tx } from "../db/types.ts";
import { CHECKS, type Difference } from "./checks-store.ts";
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
export async function differences(sql: Queryable): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const { find } of CHECKS) found.push(...(await find(sql)));
  return found;
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
