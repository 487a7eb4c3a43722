import { microToNano, microUsdc } from "@infr/money";
import { accountOf, type BookedEvent, type ChainEvent, causeOf, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import type { Entry, Place } from "../../ledger/entry.ts";
import { entriesOf } from "../../ledger/store.ts";
import { setMoved, unsetMoved } from "./clearing-store.ts";
import { setClosed, unsetClosed } from "./gifts-store.ts";
import { tellClosed, tellMoved } from "./tell-moves.ts";

/**
 * The entries of credit that reaches an account from `source`, another ledger account: what of it repaid a debt went to
 * the platform, which had lent it.
 */
function arriving(event: ChainEvent, { source, account }: { source: Place; account: string }): Entry[] {
  const amount = microUsdc(BigInt(column(event, "amount")));
  const debtRepaid = microUsdc(BigInt(column(event, "debt_repaid")));
  const repaid = microToNano(debtRepaid);
  return [
    {
      debit: source,
      credit: { book: "credit", account },
      amount: microToNano(microUsdc(amount - debtRepaid)),
    },
    { debit: source, credit: { book: "credit", account: PLATFORM_ACCOUNT }, amount: repaid },
    { debit: { book: "debt_claim", account: PLATFORM_ACCOUNT }, credit: { book: "debt", account }, amount: repaid },
  ];
}

/** Credit went from one account to another. If it was asked for here, what was held for it is not any more. */
export async function bookTransfer(tx: Tx, event: ChainEvent): Promise<void> {
  const source = { book: "credit", account: await accountOf(tx, event) } as const;
  const account = await accountOf(tx, event, "to_ref");
  await bookEntries(tx, { cause: causeOf("credit", event), entries: arriving(event, { source, account }) });
  const by = { memo: column(event, "memo") };
  await tellMoved(tx, await setMoved(tx, { accountId: source.account, by, eventId: event.event_id }));
}

/** Credit went under a voucher's key. */
export async function bookVoucherCreated(tx: Tx, event: ChainEvent): Promise<void> {
  const account = await accountOf(tx, event);
  const amount = microToNano(microUsdc(BigInt(column(event, "amount"))));
  await bookEntries(tx, {
    cause: causeOf("credit", event),
    entries: [{ debit: { book: "credit", account }, credit: voucherOf(event), amount }],
  });
  const by = { voucherKey: column(event, "key") };
  await tellMoved(tx, await setMoved(tx, { accountId: account, by, eventId: event.event_id }));
}

/** A voucher was redeemed, or went back to its issuer. */
export async function bookVoucherClosed(tx: Tx, event: ChainEvent): Promise<void> {
  const account = await accountOf(tx, event);
  const entries = arriving(event, { source: voucherOf(event), account });
  await bookEntries(tx, { cause: causeOf("credit", event), entries });
  const isRedeemed = column(event, "redeemed") === "true";
  const closed = { voucherKey: column(event, "key"), accountId: account, isRedeemed, eventId: event.event_id };
  await tellClosed(tx, await setClosed(tx, closed));
}

const voucherOf = (event: ChainEvent): Place => ({ book: "vouchers", account: column(event, "key") });

/** Books earnings that their earner turned into credit of his own. */
export async function bookConversion(tx: Tx, event: ChainEvent): Promise<void> {
  const account = await accountOf(tx, event);
  const source = { book: "earnings", account } as const;
  await bookEntries(tx, { cause: causeOf("credit", event), entries: arriving(event, { source, account }) });
}

/** Books credit that left the contract: to its owner, because the platform had gone dark, or to the contract's successor. */
export async function bookExit(tx: Tx, event: ChainEvent): Promise<void> {
  const account = await accountOf(tx, event);
  const amount = microToNano(microUsdc(BigInt(column(event, "amount"))));
  await bookEntries(tx, {
    cause: causeOf("credit", event),
    entries: [{ debit: { book: "credit", account }, credit: { book: "escrow", account: "" }, amount }],
  });
}

/** What was booked of it was reorganised away. A move that may come again is held again. */
export async function reverseCredit(tx: Tx, event: BookedEvent): Promise<void> {
  const cause = causeOf("credit", { ...event, times_booked: event.times_booked - 1 });
  await bookEntries(tx, { cause: `reverse:${cause}`, entries: reversed(await entriesOf(tx, cause)) });
  await unsetClosed(tx, event.event_id);
  await unsetMoved(tx, event.event_id);
}
