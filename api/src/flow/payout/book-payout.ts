import { microToNano, microUsdc } from "@infr/money";
import { accountOf, type BookedEvent, type ChainEvent, causeOf, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import { entriesOf } from "../../ledger/store.ts";
import { savePayout } from "./store.ts";

/** Books that earnings left the contract. */
export async function bookPayout(tx: Tx, event: ChainEvent): Promise<void> {
  const accountId = await accountOf(tx, event);
  const amount = microUsdc(BigInt(column(event, "amount")));
  await savePayout(tx, {
    eventId: event.event_id,
    accountId,
    recipient: column(event, "recipient"),
    amountMicro: amount,
  });
  await bookEntries(tx, {
    cause: causeOf("payout", event),
    entries: [
      {
        debit: { book: "earnings", account: accountId },
        credit: { book: "escrow", account: "" },
        amount: microToNano(amount),
      },
    ],
  });
}

/** The payout was reorganised away: the earnings are back in the contract. */
export async function reversePayout(tx: Tx, event: BookedEvent): Promise<void> {
  const cause = causeOf("payout", { ...event, times_booked: event.times_booked - 1 });
  await bookEntries(tx, { cause: `reverse:${cause}`, entries: reversed(await entriesOf(tx, cause)) });
}
