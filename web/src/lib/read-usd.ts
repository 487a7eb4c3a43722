import { InvalidAmountError, type NanoUsd, parseUsd } from "@infr/money";

/** Reads dollars as people type them: "$1,234.50". Null for what is none, or below zero. */
export function readUsd(text: string): NanoUsd | null {
  try {
    const amount = parseUsd(text.trim().replace(/^\$/, "").replaceAll(",", ""));
    return amount < 0n ? null : amount;
  } catch (error) {
    if (error instanceof InvalidAmountError) return null;
    throw error;
  }
}
