import type { Sql } from "../db/types.ts";
import { CHANNEL } from "./topics.ts";

/** Tells every server, without waiting for the disk: a notice that a crash takes is no loss. */
export async function tellChange(sql: Sql, { topic, accountIds }: { topic: string; accountIds: string[] }) {
  await sql`select set_config('synchronous_commit', 'off', true), tell_change(${topic}, ${accountIds}::text[])`;
}

/** Sends a word to everybody who listens, oneself among them. */
export async function tellEcho(sql: Sql): Promise<void> {
  await sql`select set_config('synchronous_commit', 'off', true), pg_notify(${CHANNEL}, 'echo')`;
}
