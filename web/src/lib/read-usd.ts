import { type NanoUsd, parseUsd } from "@infr/money";

/** A comma stands between thousands and nowhere else: who writes "2,50" for two and a half must not pay 250. */
const DOLLARS = /^\$?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d{1,9})?$/;

/** What was typed, "$1,234.50", as the API wants it: "1234.50". Null for what is no amount. */
export function plainUsd(text: string): string | null {
  const typed = text.trim();
  return DOLLARS.test(typed) ? typed.replaceAll(/[$,]/g, "") : null;
}

/** Reads dollars as people type them. Null for what is no amount. */
export function readUsd(text: string): NanoUsd | null {
  const plain = plainUsd(text);
  return plain === null ? null : parseUsd(plain);
}
