import { nanoUsd } from "@infr/money";
import type { Sql } from "../../db/types.ts";
import { bookEntries } from "../../ledger/entries.ts";
import { type OffRamp, type OffRampNews, OffRampRefusedError } from "./off-ramp.ts";
import {
  type BankRow,
  bankPayoutsSent,
  bankPayoutsToSend,
  noteTrouble,
  payoutOfExternal,
  recipientOf,
  saveRecipient,
  setBankEnd,
  setEnabled,
  setSentToBank,
  setTransferred,
} from "./off-ramp-store.ts";

const PAGE = 50;
const MICRO_PER_CENT = 10_000n;
const NANO_PER_CENT = 10_000_000n;

type Context = { sql: Sql; offRamp: OffRamp };

/**
 * Sends on to banks what the off-ramp has received for good, and asks how far it has come: its news may get lost. Each
 * step is noted before the next; done again after a crash, it finds what it has done. Fractions of a cent stay owed.
 */
export async function payBanks(context: Context): Promise<void> {
  const { sql, offRamp } = context;
  const page = { provider: offRamp.provider, limit: PAGE };
  for (const row of await bankPayoutsToSend(sql, page)) await attend(context, row, send);
  for (const row of await bankPayoutsSent(sql, page)) await attend(context, row, follow);
}

/** One that fails does not hold up the others. */
async function attend(
  context: Context,
  row: BankRow,
  step: (context: Context, row: BankRow) => Promise<void>,
): Promise<void> {
  const payoutId = row.payout_id;
  try {
    await step(context, row);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof OffRampRefusedError) await setBankEnd(context.sql, { payoutId, state: "failed", reason });
    else await noteTrouble(context.sql, { payoutId, reason });
  }
}

async function send({ sql, offRamp }: Context, row: BankRow): Promise<void> {
  const known = await recipientOf(sql, { accountId: row.account_id, provider: offRamp.provider });
  if (!known) throw new OffRampRefusedError("The recipient is not known to the off-ramp any more.");
  // Another process has sent it since this row was read, or the money went with another payout.
  if (row.transfer_id === null && known.owed_micro < row.amount_micro) return;
  const cents = row.amount_micro / MICRO_PER_CENT;
  const order = { payoutId: row.payout_id, recipientId: known.recipient_id, cents };
  if (row.transfer_id === null) {
    const transferId = await offRamp.transfer(order);
    await sql.begin((tx) => bookTransfer(tx, { row, transferId, cents }));
  }
  const externalId = await offRamp.payOut(order);
  await setSentToBank(sql, { payoutId: row.payout_id, externalId });
}

/** The dollars are the recipient's: nothing is owed for them any more. */
async function bookTransfer(
  tx: Parameters<typeof setTransferred>[0],
  { row, transferId, cents }: { row: BankRow; transferId: string; cents: bigint },
): Promise<void> {
  if (!(await setTransferred(tx, { payoutId: row.payout_id, transferId }))) return;
  await bookEntries(tx, {
    cause: `payout:bank:${row.payout_id}`,
    entries: [
      {
        debit: { book: "bank", account: row.account_id },
        credit: { book: "off_ramp", account: "" },
        amount: nanoUsd(cents * NANO_PER_CENT),
      },
    ],
  });
}

async function follow({ sql, offRamp }: Context, row: BankRow): Promise<void> {
  if (row.recipient_id === null || row.external_id === null) return;
  const found = await offRamp.readPayout({ recipientId: row.recipient_id, externalId: row.external_id });
  const payoutId = row.payout_id;
  if (found.status === "paid") await setBankEnd(sql, { payoutId, state: "completed", reason: null });
  if (found.status === "failed")
    await setBankEnd(sql, {
      payoutId,
      state: "failed",
      reason: `${found.reason} The money is in your balance at the off-ramp: correct your bank details there.`,
    });
}

/** News from the off-ramp. It is not believed: it says what to ask for, so a replay changes nothing. */
export async function hearNews(context: Context, news: OffRampNews): Promise<void> {
  const { sql, offRamp } = context;
  const { provider } = offRamp;
  if (news.about === "recipient") {
    const enabled = await offRamp.isEnabled(news.recipientId);
    await setEnabled(sql, { provider, recipientId: news.recipientId, enabled });
  }
  if (news.about === "payout") {
    const row = await payoutOfExternal(sql, { provider, ...news });
    if (row) await follow(context, row);
  }
}

/** Makes an account known to the off-ramp, or finds it known. @returns where its owner gives his bank details */
export async function openBank(
  { sql, offRamp }: Context,
  accountId: string,
): Promise<{ recipientId: string; enabled: boolean; url: string }> {
  const { provider } = offRamp;
  if (!(await recipientOf(sql, { accountId, provider })))
    await saveRecipient(sql, { accountId, provider, recipientId: await offRamp.openRecipient(accountId) });
  const known = await recipientOf(sql, { accountId, provider });
  if (!known) throw new Error(`the recipient of ${accountId} is gone`);
  const enabled = await offRamp.isEnabled(known.recipient_id);
  await setEnabled(sql, { provider, recipientId: known.recipient_id, enabled });
  return { recipientId: known.recipient_id, enabled, url: await offRamp.onboardingUrl(known.recipient_id) };
}
