import postgres from "postgres";
import type { Sql } from "./types.ts";

/** Opens a pool. `bigint` columns are read as `bigint`; sums are numeric in Postgres and have to be cast. */
export function openDatabase({ url, connections }: { url: string; connections: number }): Sql {
  return postgres(url, {
    max: connections,
    types: { bigint: postgres.BigInt },
    onnotice: () => {},
    connection: { application_name: "infr", TimeZone: "UTC" },
  });
}
