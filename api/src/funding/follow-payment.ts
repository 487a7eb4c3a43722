import { nanoUsd } from "@infr/money";
import type { Sql, Tx } from "../db/types.ts";
import { grantLot, NotCoveredError } from "../flow/credit/grant-lot.ts";
import { setClaim, settleLots } from "../flow/credit/lot-store.ts";
import { newId } from "../ids.ts";
import type { CardProcessor, SeenPayment } from "./card-processor.ts";
import {
  bookPayment,
  centsBack,
  linkIntent,
  lockPayment,
  noteFingerprint,
  numberQuestion,
  type PaymentRow,
  type PaymentState,
  paymentOf,
  saveCard,
  setFacts,
  setLot,
} from "./cards-store.ts";
import type { Plan } from "./plan.ts";
import { setMade } from "./refunds-store.ts";

export const NANO_PER_CENT = 10_000_000n;
/** Why a payment failed that only the card's owner can confirm. */
export const NEEDS_OWNER = "The bank asks the card's owner to confirm this payment.";
/** What was paid for a period can be used for so long at least, however late we hear of it. */
const LEAST_MS = 86_400_000;

export type Cards = { sql: Sql; processor: CardProcessor; plans: Plan[]; pace: CardPace; now: () => Date };

/** What an account may pay by card in 24 hours, in all and how often. */
export type CardPace = { centsPerDay: bigint; paymentsPerDay: number };

/**
 * Asks the processor for a payment and makes ours what it says. Questions are numbered, and an answer counts only if no later
 * question was answered before: whatever changed after that has an event, and so a question, of its own. What is not ours
 * is left alone.
 * @returns the payment, if it is ours
 */
export async function followPayment(cards: Cards, intentId: string): Promise<PaymentRow | undefined> {
  const { sql, processor } = cards;
  const asked = (await numberQuestion(sql, intentId)) ?? (await findPayment(cards, intentId));
  if (!asked) return undefined;
  const seen = await processor.readPayment(intentId);
  return sql.begin((tx) => learn(tx, { ...asked, seen, now: cards.now() }));
}

/** A payment whose page was paid on has an intent that we have not heard of. */
async function findPayment({ sql, processor }: Cards, intentId: string): ReturnType<typeof numberQuestion> {
  const { paymentId } = await processor.readPayment(intentId);
  if (paymentId === null || !(await paymentOf(sql, { paymentId }))) return undefined;
  if (!(await linkIntent(sql, { paymentId, intentId })))
    throw new Error(`payment ${paymentId} has another intent than ${intentId}`);
  return numberQuestion(sql, intentId);
}

type Answer = { paymentId: string; question: number; seen: SeenPayment; now: Date };

async function learn(tx: Tx, { paymentId, question, seen, now }: Answer): Promise<PaymentRow> {
  const locked = await lockPayment(tx, paymentId);
  if (locked.learnt > question) return locked;
  const { receivedCents, refundedCents, disputedCents } = seen;
  const reason = seen.needsOwner ? NEEDS_OWNER : seen.reason;
  const state = stateOf(locked, seen);
  await setFacts(tx, { paymentId, question, state, receivedCents, refundedCents, disputedCents, reason });
  for (const refund of seen.refunds) await setMade(tx, refund);
  if (seen.fingerprint !== null && state === "paid")
    await noteFingerprint(tx, { accountId: locked.account_id, fingerprint: seen.fingerprint });
  if (seen.card && state === "paid")
    await saveCard(tx, { cardId: newId("card"), accountId: locked.account_id, card: seen.card });
  return bringUpToDate(tx, { paymentId, now });
}

/** On the processor's own page a payer may try again with another card. */
function stateOf({ session_id, state }: PaymentRow, { status }: SeenPayment): PaymentState {
  if (status === "canceled") return "failed";
  if (status !== "declined") return status;
  return session_id !== null && state !== "failed" ? "open" : "failed";
}

/**
 * Grants what a payment bought, takes back what went back, and books it: from what is known of it here, so it may be done
 * again at any time. Without cover the credit waits; what was paid is kept in mind.
 */
export async function bringUpToDate(tx: Tx, { paymentId, now }: { paymentId: string; now: Date }): Promise<PaymentRow> {
  const payment = await lockPayment(tx, paymentId);
  const lotId = payment.lot_id ?? (payment.received_cents > 0n ? await grantPaid(tx, payment, now) : null);
  if (lotId !== null) await claimBack(tx, { payment, lotId, now });
  await bookPayment(tx, paymentId);
  return lockPayment(tx, paymentId);
}

async function grantPaid(tx: Tx, payment: PaymentRow, now: Date): Promise<string | null> {
  const grant = {
    accountId: payment.account_id,
    kind: payment.purpose === "subscription" ? ("subscription" as const) : ("card" as const),
    cause: `card:${payment.payment_id}`,
    amount: nanoUsd(payment.credit_nano ?? payment.received_cents * NANO_PER_CENT),
    expiresAt: payment.credit_until && later(payment.credit_until, new Date(now.getTime() + LEAST_MS)),
  };
  try {
    const { lot_id: lotId } = await tx.savepoint((inner) => grantLot(inner, grant, now));
    await setLot(tx, { paymentId: payment.payment_id, lotId });
    return lotId;
  } catch (error) {
    if (error instanceof NotCoveredError) return null;
    throw error;
  }
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);

/** The same part of the credit as of the payment, rounded up. */
async function claimBack(
  tx: Tx,
  { payment, lotId, now }: { payment: PaymentRow; lotId: string; now: Date },
): Promise<void> {
  const { payment_id: paymentId, account_id: accountId, received_cents: received } = payment;
  const back = await centsBack(tx, paymentId);
  const credit = payment.credit_nano ?? received * NANO_PER_CENT;
  await settleLots(tx, { accountId, now });
  await setClaim(tx, {
    lotId,
    claim: payment.disputed_cents > 0n ? "disputed" : "refunded",
    claimedNano: (credit * back + received - 1n) / received,
  });
  await settleLots(tx, { accountId, now });
}
