import { microToNano, microUsdc } from "@infr/money";
import { accountOf, type BookedEvent, type ChainEvent, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { changeDayLimit } from "../../ledger/chain-day-store.ts";
import { tellNewOwner } from "./owner-changes.ts";
import { type AccountFact, dayLimitOf, saveChange } from "./store.ts";

/** What an event changes about an account, and the column that says to what. */
const CHANGES: Partial<Record<ChainEvent["kind"], { what: AccountFact; from: string }>> = {
  owner_changed: { what: "owner", from: "owner" },
  day_limit_set: { what: "day_limit", from: "per_day" },
  payout_to_set: { what: "payout_to", from: "recipient" },
  suspended: { what: "suspended_until", from: "until" },
};

/** Notes a change of an account that moves no money. A new day limit counts for holds at once. */
export async function bookChange(tx: Tx, event: ChainEvent): Promise<void> {
  const change = CHANGES[event.kind];
  if (!change) throw new Error(`${event.kind} changes nothing`);
  const accountId = await accountOf(tx, event);
  await saveChange(tx, { eventId: event.event_id, accountId, what: change.what, value: column(event, change.from) });
  if (change.what === "owner") await tellNewOwner(tx, { accountId, wallet: column(event, change.from) });
  if (change.what === "day_limit") await followDayLimit(tx, event.event_id);
}

/** The change was reorganised away: the one before it counts. */
export async function reverseChange(tx: Tx, event: BookedEvent): Promise<void> {
  if (event.kind === "day_limit_set") await followDayLimit(tx, event.event_id);
}

/** Where no event ever said anything the limit is the default, and the mirror of the contract knows it. */
async function followDayLimit(tx: Tx, eventId: string): Promise<void> {
  const { accountId, perDay } = await dayLimitOf(tx, eventId);
  if (perDay !== null) await changeDayLimit(tx, { accountId, amount: microToNano(microUsdc(perDay)) });
}
