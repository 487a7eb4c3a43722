import { formatUsd, microToNano, microUsdc } from "@infr/money";
import { accountOf, type BookedEvent, type ChainEvent, causeOf, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import type { Entry } from "../../ledger/entry.ts";
import { entriesOf } from "../../ledger/store.ts";
import { queueEvent } from "../../notify/queue-event.ts";
import { accountOfDeposit, saveDeposit } from "./store.ts";

/** Names of the contract's rails, by their number in `Deposited`. */
const RAILS = ["deposit", "depositFor", "permit", "authorization", "payer", "address", "attributed"];

/** Books a deposit from its event, and from nothing else: what repays debt goes to the platform, which had lent it. */
export async function bookDeposit(tx: Tx, event: ChainEvent): Promise<void> {
  const accountId = await accountOf(tx, event);
  const amount = microUsdc(BigInt(column(event, "amount")));
  const debtRepaid = microUsdc(BigInt(column(event, "debt_repaid")));
  const payer = column(event, "payer");
  const rail = RAILS[Number(column(event, "rail"))] ?? `rail ${column(event, "rail")}`;
  await saveDeposit(tx, {
    eventId: event.event_id,
    accountId,
    payer,
    rail,
    amountMicro: amount,
    debtRepaidMicro: debtRepaid,
    memo: column(event, "memo"),
  });
  const credited = microToNano(microUsdc(amount - debtRepaid));
  const repaid = microToNano(debtRepaid);
  const escrow = { book: "escrow", account: "" } as const;
  const entries: Entry[] = [
    { debit: escrow, credit: { book: "credit", account: accountId }, amount: credited },
    { debit: escrow, credit: { book: "credit", account: PLATFORM_ACCOUNT }, amount: repaid },
    {
      debit: { book: "debt_claim", account: PLATFORM_ACCOUNT },
      credit: { book: "debt", account: accountId },
      amount: repaid,
    },
  ];
  const cause = causeOf("deposit", event);
  await bookEntries(tx, { cause, entries });
  const { event_id: depositId, transaction_hash: transactionHash } = event;
  const data = {
    depositId,
    amount: formatUsd(microToNano(amount)),
    debtRepaid: formatUsd(repaid),
    rail,
    payer,
    transactionHash,
  };
  await queueEvent(tx, { cause, accountId, type: "deposit.credited", data });
}

/** The deposit's block was reorganised away: what it had booked is booked back. */
export async function reverseDeposit(tx: Tx, event: BookedEvent): Promise<void> {
  const cause = causeOf("deposit", { ...event, times_booked: event.times_booked - 1 });
  await bookEntries(tx, { cause: `reverse:${cause}`, entries: reversed(await entriesOf(tx, cause)) });
  const data = { depositId: event.event_id, transactionHash: event.transaction_hash };
  const accountId = await accountOfDeposit(tx, event.event_id);
  if (accountId !== null) await queueEvent(tx, { cause, accountId, type: "deposit.reversed", data });
}
