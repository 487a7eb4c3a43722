import { formatUsd, parseUsd } from "@infr/money";
import { displayUsd } from "../../lib/format.ts";
import { readUsd } from "../../lib/read-usd.ts";

const NANO_PER_CENT = 10_000_000n;

export type CardAmount = { amount: string; error: null } | { amount: null; error: string };

/** Reads what was typed: whole cents, within what one payment by card can come to. */
export function readCardAmount(text: string, { least, most }: { least: string; most: string }): CardAmount {
  const amount = readUsd(text);
  if (amount === null) return refused("Write an amount such as 25 or 12.50.");
  if (amount < parseUsd(least) || amount > parseUsd(most))
    return refused(`Between ${displayUsd(least)} and ${displayUsd(most)}.`);
  if (amount % NANO_PER_CENT !== 0n) return refused("Whole cents only.");
  return { amount: formatUsd(amount), error: null };
}

const refused = (error: string): CardAmount => ({ amount: null, error });
