import { microToNano, microUsdc } from "@infr/money";
import { causeOf } from "../../chain/events-store.ts";
import type { Sql } from "../../db/types.ts";
import { bookEntries } from "../../ledger/entries.ts";
import { lockPending, noteConfirmed, pendingSafe } from "./store.ts";

/** Makes spendable what was kept back of deposits until their blocks were safe. */
export async function confirmDeposits(sql: Sql): Promise<void> {
  for (const eventId of await pendingSafe(sql)) {
    await sql.begin(async (tx) => {
      const deposit = await lockPending(tx, eventId);
      if (!deposit) return;
      const { account_id: account, pending_micro: pending, times_booked: times } = deposit;
      await bookEntries(tx, {
        // It was counted when it was booked; the first time has no number.
        cause: causeOf("confirm", { event_id: eventId, times_booked: times - 1 }),
        entries: [
          {
            debit: { book: "pending", account },
            credit: { book: "credit", account },
            amount: microToNano(microUsdc(pending)),
          },
        ],
      });
      await noteConfirmed(tx, eventId);
    });
  }
}
