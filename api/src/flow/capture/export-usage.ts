import { formatUsd, nanoUsd } from "@infr/money";
import type { Queryable } from "../../db/types.ts";
import { type UsageFilter, type UsageRow, usagePage } from "./store.ts";

const PAGE = 1_000;
/** What one file has at most; a longer log is exported month by month. */
export const MAX_EXPORTED = 1_000_000;

export type ExportFormat = "csv" | "jsonl";

/** A column: its name, and its value in a row. Amounts are decimal US dollars, exact. */
const COLUMNS: Array<[name: string, value: (row: UsageRow) => string | number | null]> = [
  ["id", (row) => row.request_id],
  ["time", (row) => row.started_at.toISOString()],
  ["model", (row) => row.model],
  ["status", (row) => row.status],
  ["prompt_tokens", (row) => row.prompt_tokens],
  ["cached_tokens", (row) => row.cached_tokens],
  ["completion_tokens", (row) => row.completion_tokens],
  ["reasoning_tokens", (row) => row.reasoning_tokens],
  ["units", (row) => Number(row.units)],
  ["cost_usd", (row) => formatUsd(nanoUsd(row.cost_nano))],
  ["latency_ms", (row) => row.latency_ms],
  ["usage_source", (row) => row.usage_source],
  ["key_id", (row) => row.key_id],
  ["node_id", (row) => row.node_id],
  ["node_name", (row) => row.node_name],
  ["batch", (row) => (row.batch_seq === null ? null : Number(row.batch_seq))],
];

/**
 * An account's log as CSV (RFC 4180) or JSON Lines, newest first, page by page as it is read: a long one is never in memory.
 * At most {@link MAX_EXPORTED} rows.
 */
export async function* exportUsage(
  sql: Queryable,
  { accountId, filter, format }: { accountId: string; filter: UsageFilter; format: ExportFormat },
): AsyncGenerator<string> {
  if (format === "csv") yield `${COLUMNS.map(([name]) => name).join(",")}\r\n`;
  const write = format === "csv" ? csvLine : jsonLine;
  let before: { startedAt: Date; requestId: string } | null = null;
  for (let written = 0; written < MAX_EXPORTED; written += PAGE) {
    const rows: UsageRow[] = await usagePage(sql, { accountId, filter, before, limit: PAGE });
    yield rows.map(write).join("");
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    before = { startedAt: last.started_at, requestId: last.request_id };
  }
}

const jsonLine = (row: UsageRow): string =>
  `${JSON.stringify(Object.fromEntries(COLUMNS.map(([name, value]) => [name, value(row)])))}\n`;

const csvLine = (row: UsageRow): string =>
  `${COLUMNS.map(([, value]) => csvText(String(value(row) ?? ""))).join(",")}\r\n`;

/** Quoted where it has to be. A spreadsheet takes what begins with these signs for a formula: it gets a quote before. */
function csvText(value: string): string {
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
