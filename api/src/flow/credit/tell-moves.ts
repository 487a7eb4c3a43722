import { formatUsd, microToNano, microUsdc } from "@infr/money";
import type { Tx } from "../../db/types.ts";
import { PLATFORM_ACCOUNT } from "../../ids.ts";
import { queueMail } from "../../notify/queue-mail.ts";
import { movesById, senderName, userOfEmail } from "./claims-store.ts";
import type { MoveRow } from "./moves-store.ts";

/** Both sides are told of a transfer when its event is booked, or who is to sign in for it; once, whatever happens later. */
export async function tellMoved(tx: Tx, moveIds: string[]): Promise<void> {
  for (const row of await movesById(tx, moveIds)) {
    // Card credit that becomes the account's own was his before.
    if (row.account_id === PLATFORM_ACCOUNT) continue;
    if (row.kind === "transfer") await tellArrived(tx, row, row.recipient_id);
    // Who is known gets it at once, and is told then.
    if (row.kind === "claim" && !(await userOfEmail(tx, row.lock_email ?? ""))) await tellWaiting(tx, row);
  }
}

/** The same when what was under a voucher's key has gone to its recipient, or back. */
export async function tellClosed(tx: Tx, moveIds: string[]): Promise<void> {
  for (const row of await movesById(tx, moveIds)) {
    if (row.kind !== "claim") continue;
    if (row.state === "redeemed") await tellArrived(tx, row, row.redeemer_id);
    else await tellReturned(tx, row);
  }
}

async function tellArrived(tx: Tx, row: MoveRow, accountId: string | null): Promise<void> {
  const { move_id: moveId, note } = row;
  const amount = amountOf(row);
  if (accountId !== null)
    await queueMail(tx, {
      cause: `received:${moveId}`,
      to: { accountId },
      template: "transfer_received",
      data: { amount, note, from: await fromOf(tx, row) },
    });
  await queueMail(tx, {
    cause: `sent:${moveId}`,
    to: { userId: row.user_id },
    template: "transfer_sent",
    data: { amount, to: row.named ?? "" },
  });
}

async function tellWaiting(tx: Tx, row: MoveRow): Promise<void> {
  await queueMail(tx, {
    cause: `claim:${row.move_id}`,
    to: { email: row.named ?? "" },
    template: "credit_waiting",
    data: {
      amount: amountOf(row),
      note: row.note,
      from: await fromOf(tx, row),
      id: row.move_id,
      until: new Date(Number(row.expiry) * 1_000).toISOString().slice(0, 10),
    },
  });
}

async function tellReturned(tx: Tx, row: MoveRow): Promise<void> {
  await queueMail(tx, {
    cause: `returned:${row.move_id}`,
    to: { userId: row.user_id },
    template: "transfer_returned",
    data: { amount: amountOf(row), to: row.named ?? "" },
  });
}

const amountOf = ({ amount_micro: amount }: MoveRow): string => formatUsd(microToNano(microUsdc(amount)));
const fromOf = (tx: Tx, { account_id: accountId, user_id: userId }: MoveRow) => senderName(tx, { accountId, userId });
