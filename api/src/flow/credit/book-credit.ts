import { microToNano, microUsdc } from "@infr/money";
import { accountOf, type BookedEvent, type ChainEvent, causeOf, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import { entriesOf } from "../../ledger/store.ts";

/** Books earnings that their earner turned into credit of his own; what repaid a debt went to the platform. */
export async function bookConversion(tx: Tx, event: ChainEvent): Promise<void> {
  const account = await accountOf(tx, event);
  const amount = microUsdc(BigInt(column(event, "amount")));
  const debtRepaid = microUsdc(BigInt(column(event, "debt_repaid")));
  const earnings = { book: "earnings", account } as const;
  const repaid = microToNano(debtRepaid);
  await bookEntries(tx, {
    cause: causeOf("credit", event),
    entries: [
      { debit: earnings, credit: { book: "credit", account }, amount: microToNano(microUsdc(amount - debtRepaid)) },
      { debit: earnings, credit: { book: "credit", account: PLATFORM_ACCOUNT }, amount: repaid },
      { debit: { book: "debt_claim", account: PLATFORM_ACCOUNT }, credit: { book: "debt", account }, amount: repaid },
    ],
  });
}

/** Books credit that its owner took out, because the platform had gone dark. */
export async function bookExit(tx: Tx, event: ChainEvent): Promise<void> {
  const account = await accountOf(tx, event);
  const amount = microToNano(microUsdc(BigInt(column(event, "amount"))));
  await bookEntries(tx, {
    cause: causeOf("credit", event),
    entries: [{ debit: { book: "credit", account }, credit: { book: "escrow", account: "" }, amount }],
  });
}

/** What was booked of it was reorganised away. */
export async function reverseCredit(tx: Tx, event: BookedEvent): Promise<void> {
  const cause = causeOf("credit", { ...event, times_booked: event.times_booked - 1 });
  await bookEntries(tx, { cause: `reverse:${cause}`, entries: reversed(await entriesOf(tx, cause)) });
}
