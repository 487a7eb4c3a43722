import type { CardNews } from "./card-processor.ts";
import { linkIntent, paymentOf, setFailed, setHandled, storeEvent } from "./cards-store.ts";
import { type Cards, followPayment } from "./follow-payment.ts";

import { followInvoice, followSubscription } from "./plans.ts";

/**
 * Stores an event, once, and does what it leads to. It is not believed: the processor is asked for what it is about, so
 * order and repetition make no difference. What fails stays open, and is tried again by the processor and by the worker.
 */
export async function hearEvent(cards: Cards, event: CardNews): Promise<void> {
  const { sql, processor } = cards;
  if (await storeEvent(sql, processor.provider, event)) return;
  await handleEvent(cards, event);
  await setHandled(sql, processor.provider, event.eventId);
}

async function handleEvent(cards: Cards, { about, subjectId }: CardNews): Promise<void> {
  if (subjectId === null) return;
  if (about === "payment") await followPayment(cards, subjectId);
  if (about === "session") await followSession(cards, subjectId);
  if (about === "invoice") await followInvoice(cards, subjectId);
  if (about === "subscription") await followSubscription(cards, subjectId);
}

/** Where a page for a payment has come to: to a payment of the processor's, or to its end without one. */
export async function followSession(cards: Cards, sessionId: string): Promise<void> {
  const { paymentId, intentId, isOver } = await cards.processor.readSession(sessionId);
  if (paymentId === null || !(await paymentOf(cards.sql, { paymentId }))) return;
  if (intentId !== null) {
    await linkIntent(cards.sql, { paymentId, intentId });
    await followPayment(cards, intentId);
  }
  if (isOver) await setFailed(cards.sql, { paymentId, reason: "The page for this payment has expired." });
}
