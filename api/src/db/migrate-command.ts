import { readConfig } from "../config.ts";
import { migrate } from "./migrate.ts";
import { openDatabase } from "./open.ts";

const sql = openDatabase({ url: readConfig(process.env).databaseUrl, connections: 1 });
try {
  await migrate(sql);
  console.log("The database has the newest schema.");
} finally {
  await sql.end();
}
