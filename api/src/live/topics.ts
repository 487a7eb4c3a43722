/** What can have changed, in the words of tables: see migration 0065. `*` is anything, after a gap. */
export type Topic =
  | "account"
  | "batches"
  | "deposits"
  | "earnings"
  | "lots"
  | "models"
  | "moves"
  | "payouts"
  | "reserves"
  | "transactions"
  | "usage"
  | "webhooks"
  | "*";

/** Stands for every account. */
export const EVERYBODY = "*";

/** The channel of PostgreSQL that all of it is told on. */
export const CHANNEL = "infr_changes";

/** What everybody may know of, also who is not signed in. */
export const PUBLIC_TOPICS: ReadonlySet<string> = new Set<Topic>(["models", "reserves", "*"]);
