import postgres from "postgres";

/**
 * Makes this process the one that fills a schema, waiting for another to end. The lock hangs on a connection, so it ends
 * with the process, however that ends.
 */
export async function lockSchema(databaseUrl: string, schema: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, max_lifetime: null, onclose: endWithoutLock, onnotice: () => {} });
  const [row] = await sql<{ taken: boolean }[]>`select pg_try_advisory_lock(hashtext(${schema})) as taken`;
  if (!row?.taken) {
    console.log(`Another indexer fills ${schema}: waiting for it to end.`);
    await sql`select pg_advisory_lock(hashtext(${schema}))`;
  }
  await releaseStaleLock(sql, schema);
}

/** Ponder's own lock outlives its process by 20 seconds, also after an orderly end. Whoever holds ours may end it. */
async function releaseStaleLock(sql: postgres.Sql, schema: string): Promise<void> {
  const [table] = await sql`
    select 1
    from information_schema.tables
    where table_schema = ${schema} and table_name = '_ponder_meta'`;
  if (!table) return;
  await sql`
    update ${sql(schema)}._ponder_meta
    set value = jsonb_set(value, '{is_locked}', '0')
    where key = 'app'`;
}

function endWithoutLock(): void {
  console.error("The connection that holds the indexer's lock is gone: another indexer may have taken over.");
  process.exit(1);
}
