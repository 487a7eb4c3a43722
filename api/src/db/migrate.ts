import { fileURLToPath } from "node:url";
import Postgrator from "postgrator";
import type { Sql } from "./types.ts";

const MIGRATION_LOCK = 4_927_001;

/** Brings the database to the newest schema. Safe to call from several processes at once: they take turns. */
export async function migrate(sql: Sql): Promise<void> {
  const connection = await sql.reserve();
  try {
    await connection`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await new Postgrator({
      driver: "pg",
      migrationPattern: fileURLToPath(new URL("migrations/*.sql", import.meta.url)),
      schemaTable: "schema_version",
      execQuery: async (query) => ({ rows: [...(await connection.unsafe(query))] }),
      execSqlScript: async (script) => {
        await connection.unsafe(`begin; ${script}; commit;`);
      },
    }).migrate();
  } finally {
    await connection`rollback`.catch(() => {});
    await connection`select pg_advisory_unlock(${MIGRATION_LOCK})`;
    connection.release();
  }
}
