import postgres from "postgres";
import type { Chain } from "./chain.ts";

/** What a schema has indexed for good. */
export interface Checkpoint {
  timestamp: bigint;
  number: bigint;
}

/** Ponder writes a checkpoint as one number: 10 digits of time, 16 of the chain's id, 16 of the block, 33 more. */
export function parseCheckpoint(text: string): Checkpoint {
  return { timestamp: BigInt(text.slice(0, 10)), number: BigInt(text.slice(26, 42)) };
}

/**
 * True if the chain no longer has the block that the schema took for final, as when a local chain came back from a state
 * file older than a crash. Ponder can't go back behind that block.
 */
export async function isSetBack({ number, timestamp }: Checkpoint, chain: Chain): Promise<boolean> {
  if (number === 0n) return false;
  if (number > chain.head) return true;
  const found = await chain.timestampAt(number);
  return found !== null && found !== timestamp;
}

/**
 * Drops the schema if the chain was set back, so that indexing starts over. Rows that vanish and come again are no
 * news to the ledger, which asks the chain before it reverses anything.
 */
export async function dropIfSetBack(target: { databaseUrl: string; schema: string }, chain: Chain): Promise<boolean> {
  const sql = postgres(target.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const [table] = await sql`
      select 1
      from information_schema.tables
      where table_schema = ${target.schema} and table_name = '_ponder_checkpoint'`;
    if (!table) return false;
    const [row] = await sql<{ finalized: string }[]>`
      select finalized_checkpoint as finalized
      from ${sql(target.schema)}._ponder_checkpoint
      limit 1`;
    if (!row || !(await isSetBack(parseCheckpoint(row.finalized), chain))) return false;
    await sql`drop schema ${sql(target.schema)} cascade`;
    return true;
  } finally {
    await sql.end();
  }
}
