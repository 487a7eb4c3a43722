import { type MicroUsdc, microToNano, microUsdc } from "@infr/money";
import { accountOf, type BookedEvent, type ChainEvent, causeOf, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import type { Entry } from "../../ledger/entry.ts";
import { entriesOf } from "../../ledger/store.ts";
import { insertSeen, payoutOfTransaction, setPaid, setSkipped, unsetPaid } from "./store.ts";

/**
 * Books that earnings left the contract, and brings the payout that asked for it forward; without one, its owner
 * withdrew by himself or somebody pushed it. What went to the off-ramp's address is owed on to the earner's bank.
 */
export async function bookPayout(
  tx: Tx,
  event: ChainEvent,
  { offRampAddress }: { offRampAddress: string | null },
): Promise<void> {
  const accountId = await accountOf(tx, event);
  const amountMicro = microUsdc(BigInt(column(event, "amount")));
  const recipient = column(event, "recipient");
  const paid = { eventId: event.event_id, amountMicro, recipient };
  const asked = await payoutOfTransaction(tx, { accountId, hash: event.transaction_hash });
  if (asked) await setPaid(tx, { payoutId: asked.payout_id, ...paid });
  else await insertSeen(tx, { payoutId: newId("payout"), accountId, at: event.happened_at, ...paid });
  const entries = payoutEntries(accountId, { amountMicro, toOffRamp: recipient === offRampAddress });
  await bookEntries(tx, { cause: causeOf("payout", event), entries });
}

function payoutEntries(account: string, paid: { amountMicro: MicroUsdc; toOffRamp: boolean }): Entry[] {
  const amount = microToNano(paid.amountMicro);
  const left: Entry = { debit: { book: "earnings", account }, credit: { book: "escrow", account: "" }, amount };
  if (!paid.toOffRamp) return [left];
  return [left, { debit: { book: "off_ramp", account: "" }, credit: { book: "bank", account }, amount }];
}

/** The payout was reorganised away: the earnings are back in the contract. */
export async function reversePayout(tx: Tx, event: BookedEvent): Promise<void> {
  const cause = causeOf("payout", { ...event, times_booked: event.times_booked - 1 });
  await bookEntries(tx, { cause: `reverse:${cause}`, entries: reversed(await entriesOf(tx, cause)) });
  await unsetPaid(tx, event.event_id);
}

/** By the contract's `SkipReason`. */
const REASONS = [
  "Less than $10 was available when the payout was made.",
  "The owner's wallet has to be verified before more is paid within 30 days.",
  "USDC refused the transfer: the payout address may be blocked by its issuer. Set another payout address.",
  "The contract does not know this earner.",
  "Payouts to this earner are suspended.",
];

/** The contract left an earner out of a push: his payout has failed, his earnings are where they were. */
export async function bookSkipped(tx: Tx, event: ChainEvent): Promise<void> {
  if (!event.data["ref"]) return; // somebody named an earner that does not exist
  const accountId = await accountOf(tx, event);
  const asked = await payoutOfTransaction(tx, { accountId, hash: event.transaction_hash });
  if (!asked) return;
  const number = column(event, "reason");
  const reason = `${REASONS[Number(number)] ?? `The contract skipped it (${number}).`} Your earnings are kept.`;
  await setSkipped(tx, { payoutId: asked.payout_id, eventId: event.event_id, reason });
}

/** The push was reorganised away: the payout it had failed is on its way again. */
export async function reverseSkipped(tx: Tx, event: BookedEvent): Promise<void> {
  await unsetPaid(tx, event.event_id);
}
