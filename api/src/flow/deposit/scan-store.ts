import type { Queryable, Tx } from "../../db/types.ts";

export type ScanRow = { next_block: bigint; last_hash: string | null };

/** How far logs were looked through; undefined before the first time. */
export async function scanOf(sql: Queryable, name: string): Promise<ScanRow | undefined> {
  const [row] = await sql<ScanRow[]>`select next_block, last_hash from log_scans where name = ${name}`;
  return row;
}

export async function saveScan(tx: Tx, { name, ...scan }: ScanRow & { name: string }): Promise<void> {
  await tx`
    insert into log_scans (name, next_block, last_hash) values (${name}, ${scan.next_block}, ${scan.last_hash})
    on conflict (name) do update set next_block = excluded.next_block, last_hash = excluded.last_hash`;
}

/** The block of the first event that was booked; null before. */
export async function firstBlock(sql: Queryable): Promise<bigint | null> {
  const [row] = await sql<[{ first: bigint | null }]>`select min(block_number) as first from chain_events`;
  return row.first;
}
