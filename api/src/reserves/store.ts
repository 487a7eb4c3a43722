import type { SumNode } from "@infr/protocol";
import type { Queryable, Sql, Tx } from "../db/types.ts";

export type OwedRow = {
  account_id: string;
  ref: `0x${string}`;
  credit_nano: bigint;
  earnings_nano: bigint;
  vouchers_nano: bigint;
};

/** What accounts were owed in the contract after a block, as booked. */
export async function owedAt(sql: Queryable, block: bigint): Promise<OwedRow[]> {
  return sql<OwedRow[]>`
    select account_id, ref, credit_nano, earnings_nano, vouchers_nano from owed_at(${block}) order by account_id`;
}

export type DayRow = {
  day: string;
  block_number: bigint;
  block_hash: `0x${string}`;
  root: `0x${string}`;
  accounts: number;
  credit_micro: bigint;
  earnings_micro: bigint;
  vouchers_micro: bigint;
  /** Of the contract; null where the node had lost the block's state. */
  liabilities_micro: bigint | null;
  held_micro: bigint | null;
};

export async function dayRow(sql: Queryable, day: string): Promise<DayRow | undefined> {
  const [row] = await sql<DayRow[]>`
    select to_char(day, 'YYYY-MM-DD') as day, block_number, block_hash, root, accounts, credit_micro, earnings_micro,
      vouchers_micro, liabilities_micro, held_micro
    from reserve_days where day = ${day}`;
  return row;
}

/** @returns false if the day is there already: another worker was faster */
export async function insertDay(tx: Tx, row: DayRow): Promise<boolean> {
  const rows = await tx`
    insert into reserve_days (day, block_number, block_hash, root, accounts, credit_micro, earnings_micro, vouchers_micro,
      liabilities_micro, held_micro)
    values (${row.day}, ${row.block_number}, ${row.block_hash}, ${row.root}, ${row.accounts}, ${row.credit_micro},
      ${row.earnings_micro}, ${row.vouchers_micro}, ${row.liabilities_micro}, ${row.held_micro})
    on conflict do nothing returning day`;
  return rows.length === 1;
}

export type LeafRow = {
  account_id: string;
  ref: `0x${string}`;
  salt: string;
  place: number;
  credit_micro: bigint;
  earnings_micro: bigint;
  vouchers_micro: bigint;
};

const CHUNK = 10_000;

export async function insertLeaves(tx: Tx, { day, leaves }: { day: string; leaves: LeafRow[] }): Promise<void> {
  for (let from = 0; from < leaves.length; from += CHUNK) {
    const rows = leaves.slice(from, from + CHUNK);
    await tx`
      insert into reserve_leaves (day, account_id, ref, salt, place, credit_micro, earnings_micro, vouchers_micro)
      select ${day}::date, account_id, ref, decode(salt, 'hex'), place, credit, earnings, vouchers
      from unnest(
        ${rows.map((row) => row.account_id)}::text[], ${rows.map((row) => row.ref)}::text[], ${rows.map((row) => row.salt)}::text[],
        ${rows.map((row) => row.place)}::int[], ${rows.map((row) => row.credit_micro.toString())}::bigint[],
        ${rows.map((row) => row.earnings_micro.toString())}::bigint[], ${rows.map((row) => row.vouchers_micro.toString())}::bigint[]
      ) l(account_id, ref, salt, place, credit, earnings, vouchers)`;
  }
}

export async function insertNodes(
  tx: Tx,
  { day, level, nodes }: { day: string; level: number; nodes: SumNode[] },
): Promise<void> {
  for (let from = 0; from < nodes.length; from += CHUNK) {
    const rows = nodes.slice(from, from + CHUNK);
    await tx`
      insert into reserve_nodes (day, level, place, hash, credit_micro, earnings_micro, vouchers_micro)
      select ${day}::date, ${level}, ${from} + n - 1, hash, credit, earnings, vouchers
      from unnest(
        ${rows.map((row) => row.hash)}::text[], ${rows.map((row) => row.credit.toString())}::bigint[],
        ${rows.map((row) => row.earnings.toString())}::bigint[], ${rows.map((row) => row.vouchers.toString())}::bigint[]
      ) with ordinality l(hash, credit, earnings, vouchers, n)`;
  }
}

export type OwnLeafRow = Omit<LeafRow, "salt" | "account_id"> & { salt: Uint8Array };

export async function leafOf(
  sql: Sql,
  { day, accountId }: { day: string; accountId: string },
): Promise<OwnLeafRow | undefined> {
  const [row] = await sql<OwnLeafRow[]>`
    select ref, salt, place, credit_micro, earnings_micro, vouchers_micro from reserve_leaves
    where day = ${day} and account_id = ${accountId}`;
  return row;
}

export type NodeRow = {
  hash: `0x${string}`;
  credit_micro: bigint;
  earnings_micro: bigint;
  vouchers_micro: bigint;
};

/** Nodes of a day's tree at these places, from the leaves upwards. */
export async function nodesAt(
  sql: Sql,
  { day, places }: { day: string; places: Array<{ level: number; index: number }> },
): Promise<NodeRow[]> {
  return sql<NodeRow[]>`
    select hash, credit_micro, earnings_micro, vouchers_micro
    from unnest(${places.map(({ level }) => level)}::int[], ${places.map(({ index }) => index)}::int[]) p(level, place)
    join reserve_nodes n using (level, place)
    where n.day = ${day} order by level`;
}
