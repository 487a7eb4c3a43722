import { createDatabase } from "../../../test/database.ts";
import { migrate } from "../db/migrate.ts";
import { openDatabase } from "../db/open.ts";
import type { Sql } from "../db/types.ts";

/** A database of this test file's own, with the newest schema. `drop` it in `afterAll`. */
export async function testDatabase(): Promise<{ sql: Sql; url: string; drop: () => Promise<void> }> {
  const database = await createDatabase({
    migrate: async (url) => {
      const sql = openDatabase({ url, connections: 2 });
      await migrate(sql);
      await sql.end();
    },
  });
  const sql = openDatabase({ url: database.url, connections: 10 });
  return {
    sql,
    url: database.url,
    drop: async () => {
      await sql.end({ timeout: 1 });
      await database.drop();
    },
  };
}
