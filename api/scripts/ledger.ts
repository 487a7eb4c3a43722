import { existsSync, readFileSync } from "node:fs";
import { openDatabase } from "../src/db/open.ts";
import { checkLedger } from "../src/ledger/check-ledger.ts";

const DEV_FILE = ".infr/dev.json";

const HELP = `pnpm ledger check

Recomputes every balance, counter and limit from entries, holds and the usage log, and prints what differs. It reads one
snapshot of the database, locks nothing and changes nothing. Exit code 0 if nothing differs, 1 if something does.

  DATABASE_URL   the database to check; that of the running stack (pnpm dev) where it is not set`;

/** @returns null where neither the environment nor a running stack names a database */
function databaseUrl(): string | null {
  const given = process.env["DATABASE_URL"];
  if (given) return given;
  if (!existsSync(DEV_FILE)) return null;
  return (JSON.parse(readFileSync(DEV_FILE, "utf8")) as { databaseUrl: string }).databaseUrl;
}

// pnpm hands a separating "--" on.
const words = process.argv.slice(2).filter((word) => word !== "--");
const url = databaseUrl();
if (words.includes("--help")) {
  console.log(HELP);
} else if (words.join(" ") !== "check") {
  console.error(HELP);
  process.exitCode = 2;
} else if (url === null) {
  console.error("Which database? Set DATABASE_URL, or start the stack with `pnpm dev` in another terminal first.");
  process.exitCode = 2;
} else {
  const sql = openDatabase({ url, connections: 1 });
  try {
    const found = await checkLedger({ sql, say: console.log });
    process.exitCode = found.length === 0 ? 0 : 1;
  } finally {
    await sql.end();
  }
}
