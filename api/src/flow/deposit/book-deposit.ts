import { formatUsd, microToNano, microUsdc } from "@infr/money";
import { accountOf, type BookedEvent, type ChainEvent, causeOf, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import type { Entry } from "../../ledger/entry.ts";
import { entriesOf } from "../../ledger/store.ts";
import { queueEvent } from "../../notify/queue-event.ts";
import { markReversed } from "./addresses/store.ts";
import { accountOfDeposit, givenOnTrust, saveDeposit, screeningOfPayer } from "./store.ts";
import { onTrust, type Trust } from "./trust.ts";

/** Names of the contract's rails, by their number in `Deposited`. */
const RAILS = ["deposit", "depositFor", "permit", "authorization", "payer", "address", "attributed"];

/**
 * Books a deposit from its event, and from nothing else: what repays debt goes to the platform, which had lent it. As long
 * as the block may go, only so much of it is spendable as is given on trust; the rest is pending.
 */
export async function bookDeposit(
  tx: Tx,
  event: ChainEvent,
  { safeBlock, trust }: { safeBlock: bigint; trust: Trust },
): Promise<void> {
  const accountId = await accountOf(tx, event);
  const amount = microUsdc(BigInt(column(event, "amount")));
  const debtRepaid = microUsdc(BigInt(column(event, "debt_repaid")));
  const payer = column(event, "payer");
  const rail = RAILS[Number(column(event, "rail"))] ?? `rail ${column(event, "rail")}`;
  const credit = microUsdc(amount - debtRepaid);
  const isSafe = event.block_number <= safeBlock || accountId === PLATFORM_ACCOUNT;
  const screening = trust.screens && accountId !== PLATFORM_ACCOUNT ? await screeningOfPayer(tx, payer) : null;
  const isClear = screening === null || screening === "clear";
  const usable = !isClear
    ? microUsdc(0n)
    : isSafe
      ? credit
      : onTrust(credit, { trust, given: await givenOnTrust(tx, { accountId, eventId: event.event_id }) });
  const pending = microUsdc(credit - usable);
  await saveDeposit(tx, {
    eventId: event.event_id,
    accountId,
    payer,
    rail,
    amountMicro: amount,
    debtRepaidMicro: debtRepaid,
    memo: column(event, "memo"),
    pendingMicro: pending,
    needsReview: amount > trust.reviewMicro,
    screening,
  });
  const repaid = microToNano(debtRepaid);
  const escrow = { book: "escrow", account: "" } as const;
  const entries: Entry[] = [
    { debit: escrow, credit: { book: "credit", account: accountId }, amount: microToNano(usable) },
    { debit: escrow, credit: { book: "pending", account: accountId }, amount: microToNano(pending) },
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

/** The deposit's block was reorganised away: what it had booked is booked back, and what was swept may lie there again. */
export async function reverseDeposit(tx: Tx, event: BookedEvent): Promise<void> {
  const booked = { ...event, times_booked: event.times_booked - 1 };
  const cause = causeOf("deposit", booked);
  for (const done of [causeOf("confirm", booked), cause])
    await bookEntries(tx, { cause: `reverse:${done}`, entries: reversed(await entriesOf(tx, done)) });
  const data = { depositId: event.event_id, transactionHash: event.transaction_hash };
  const accountId = await accountOfDeposit(tx, event.event_id);
  if (accountId === null) return;
  await markReversed(tx, accountId);
  await queueEvent(tx, { cause, accountId, type: "deposit.reversed", data });
}
