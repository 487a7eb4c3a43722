import postgres from "postgres";
import type { Sql } from "./types.ts";

/**
 * What the server does about a client that has vanished without a word (its machine, or the network between): it would
 * keep the client's locks for hours, and nobody else could send or build meanwhile. Milliseconds, where not seconds.
 */
const GONE = {
  tcp_keepalives_idle: 10, // seconds
  tcp_keepalives_interval: 5, // seconds
  tcp_keepalives_count: 3,
  tcp_user_timeout: 30_000,
  client_connection_check_interval: 10_000,
  idle_in_transaction_session_timeout: 60_000,
};

/**
 * Pause in seconds before a connection is opened again, after so many in a row that failed, counted over the whole pool: the
 * driver's own would be up to 20 s after two seconds without a server, for each connection.
 */
const backoff = (failures: number): number => Math.min(0.05 * 2 ** failures, 1) * (0.5 + Math.random() / 2);

/** Opens a pool. `bigint` columns are read as `bigint`; sums are numeric in Postgres and have to be cast. */
export function openDatabase({ url, connections }: { url: string; connections: number }): Sql {
  return postgres(url, {
    max: connections,
    types: { bigint: postgres.BigInt },
    onnotice: () => {},
    backoff,
    connection: { application_name: "infr", TimeZone: "UTC", ...GONE },
  });
}
