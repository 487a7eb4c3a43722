import { formatUsd, type NanoUsd } from "@infr/money";
import type { Statement } from "./statement.ts";

/**
 * A statement as CSV (RFC 4180): opening balance, every entry, usage by model, closing balance. The amounts between the ends
 * add up to the closing one.
 */
export function statementCsv(statement: Statement): string {
  const { from, until, opening, closing, entries, usage } = statement;
  const rows: Array<[time: Date, kind: string, reference: string, requests: string, amount: NanoUsd]> = [
    [from, "opening_balance", statement.number, "", opening],
    ...entries.map(({ time, kind, cause, amount }): (typeof rows)[number] => [time, kind, cause, "", amount]),
    ...usage.byModel.map(({ id, requests, cost }): (typeof rows)[number] => [
      until,
      "usage",
      id ?? "",
      String(requests),
      -cost as NanoUsd,
    ]),
    [until, "closing_balance", statement.number, "", closing],
  ];
  const lines = rows.map(([time, kind, reference, requests, amount]) =>
    [time.toISOString(), kind, text(reference), requests, formatUsd(amount)].join(","),
  );
  return `${["time,kind,reference,requests,amount_usd", ...lines].join("\r\n")}\r\n`;
}

/** Quoted where it has to be. A spreadsheet takes what begins with these signs for a formula: it gets a quote before. */
function text(value: string): string {
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
