import type { Tx } from "../db/types.ts";
import type { Entry } from "./entry.ts";
import { insertEntries, lockBalances } from "./store.ts";

/**
 * Books a movement once: `cause` names what happened. Locks the balances it touches in id order first, as the group
 * commit does, so that neither waits for the other in a circle.
 * @returns false if this cause was booked before: nothing is written then
 */
export async function bookEntries(tx: Tx, { cause, entries }: { cause: string; entries: Entry[] }): Promise<boolean> {
  const moving = entries.filter((entry) => entry.amount !== 0n);
  if (moving.length === 0) return true;
  await lockBalances(tx, [...new Set(moving.flatMap(({ debit, credit }) => [debit.account, credit.account]))]);
  return insertEntries(tx, { cause, entries: moving });
}

/** The same entries with their sides swapped: what a reversal books. */
export const reversed = (entries: Entry[]): Entry[] =>
  entries.map(({ debit, credit, amount }) => ({ debit: credit, credit: debit, amount }));
