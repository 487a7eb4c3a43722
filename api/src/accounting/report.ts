import { formatUsd, nanoUsd } from "@infr/money";
import type { AccountsReport } from "./accounts.ts";
import type { TrialBalance } from "./trial-balance.ts";

export const FORMATS = ["text", "csv", "json"] as const;
export type Format = (typeof FORMATS)[number];

/** A table whose amounts are nano-dollars. */
type Table = { head: string[]; rows: Array<Array<string | bigint>> };

export function formatTrialBalance({ rows, total }: TrialBalance, format: Format): string {
  const listed = rows.map((row) => [row.book, row.holder, row.opening, row.debits, row.credits, row.closing]);
  return formatTable(
    {
      head: ["book", "holder", "opening", "debits", "credits", "closing"],
      rows: [...listed, ["total", "", total.opening, total.debits, total.credits, total.closing]],
    },
    format,
  );
}

export function formatAccounts({ opening, closing, results }: AccountsReport, format: Format): string {
  const names = Object.keys(closing) as Array<keyof typeof closing>;
  const positions = names.map((name) => [name, opening[name], closing[name] - opening[name], closing[name]]);
  const flows = Object.entries(results).map(([name, amount]) => [name, "", amount, ""]);
  return formatTable({ head: ["account", "opening", "period", "closing"], rows: [...positions, ...flows] }, format);
}

/** Exact dollars in every format; CSV is RFC 4180, no cell of which can need quotes. */
function formatTable({ head, rows }: Table, format: Format): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === "bigint" ? formatUsd(nanoUsd(cell)) : cell)));
  if (format === "json") {
    const objects = cells.map((row) => Object.fromEntries(row.map((cell, index) => [head[index], cell])));
    return JSON.stringify(objects, null, 2);
  }
  if (format === "csv") return [head, ...cells].map((row) => row.join(",")).join("\r\n");
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, column) =>
          typeof rows[0]?.[column] === "bigint" ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
