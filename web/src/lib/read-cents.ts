import { formatUsd, parseUsd } from "@infr/money";
import { displayUsd } from "./format.ts";
import { readUsd } from "./read-usd.ts";

const NANO_PER_CENT = 10_000_000n;

export type Cents = { amount: string; error: null } | { amount: null; error: string };

/** Reads what was typed: whole cents, no less and no more than what is taken. */
export function readCents(text: string, { least, most }: { least: string; most: string }): Cents {
  const amount = readUsd(text);
  if (amount === null) return refused("Write an amount such as 25 or 12.50.");
  if (amount < parseUsd(least) || amount > parseUsd(most))
    return refused(`Between ${displayUsd(least)} and ${displayUsd(most)}.`);
  if (amount % NANO_PER_CENT !== 0n) return refused("Whole cents only.");
  return { amount: formatUsd(amount), error: null };
}

const refused = (error: string): Cents => ({ amount: null, error });
