import { type BookedEvent, type ChainEvent, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { newId, PLATFORM_ACCOUNT } from "../../ids.ts";
import { openAccount, openPlatformAccount, unopenAccount } from "./store.ts";

const PLATFORM_NUMBER = "1";

/**
 * Books that the contract opened an account: its number is known from now on. Somebody may have opened it for an owner
 * who never signed in; the account is made then, and waits for its owner.
 */
export async function bookAccountOpened(tx: Tx, event: ChainEvent): Promise<void> {
  const chainAccount = column(event, "account");
  const opened = { eventId: event.event_id, chainAccount, owner: column(event, "owner"), ref: column(event, "ref") };
  if (chainAccount === PLATFORM_NUMBER) await openPlatformAccount(tx, { accountId: PLATFORM_ACCOUNT, ...opened });
  else await openAccount(tx, { newAccountId: newId("acct"), ...opened });
}

/** The opening was reorganised away: the number may go to somebody else now. */
export async function reverseAccountOpened(tx: Tx, event: BookedEvent): Promise<void> {
  await unopenAccount(tx, event.event_id);
}
