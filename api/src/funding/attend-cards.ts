import type { Logger } from "pino";
import { chargeCard } from "./buy-credit.ts";
import {
  noteChecked,
  openEvents,
  type PaymentRow,
  setFailed,
  unfinishedPayments,
  unheardPayments,
} from "./cards-store.ts";
import { bringUpToDate, type Cards, followPayment } from "./follow-payment.ts";
import { followSession, hearEvent } from "./hear-events.ts";
import { makeRefund } from "./refund-payment.ts";
import { refundsToMake } from "./refunds-store.ts";

const PAGE = 50;
/** Whoever began it has this long to end it. */
const GRACE_MS = 30_000;
/** Events get lost: the processor is asked itself. */
const UNHEARD_MS = 300_000;
/** The processor knows for a day what it was asked under a key. */
const CHARGE_AGAIN_MS = 12 * 3_600_000;

/**
 * What is left to do of card payments: events that failed, payments that nobody has heard of, credit that waited for
 * cover, refunds that were not made, books that are behind. One that fails does not hold up the others.
 */
export async function attendCards(cards: Cards, logger: Pick<Logger, "error">): Promise<void> {
  const { sql, processor } = cards;
  const attend = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      logger.error({ err: error, what }, "a card payment needs another try");
    }
  };
  const page = { limit: PAGE, olderThanMs: GRACE_MS };
  for (const event of await openEvents(sql, { provider: processor.provider, ...page }))
    await attend(event.eventId, () => hearEvent(cards, event));
  for (const payment of await unheardPayments(sql, { olderThanMs: UNHEARD_MS, limit: PAGE })) {
    await noteChecked(sql, payment.payment_id);
    await attend(payment.payment_id, () => askFor(cards, payment));
  }
  for (const refundId of await refundsToMake(sql, page)) await attend(refundId, () => makeRefund(cards, refundId));
  for (const paymentId of await unfinishedPayments(sql, PAGE))
    await attend(paymentId, () => sql.begin((tx) => bringUpToDate(tx, { paymentId, now: cards.now() })));
}

async function askFor(cards: Cards, payment: PaymentRow): Promise<void> {
  const { payment_id: paymentId, intent_id: intentId, session_id: sessionId } = payment;
  if (sessionId !== null) await followSession(cards, sessionId);
  else if (intentId !== null) await followPayment(cards, intentId);
  else if (payment.method_id === null) await setFailed(cards.sql, { paymentId, reason: "Its page was never opened." });
  else if (cards.now().getTime() - payment.created_at.getTime() < CHARGE_AGAIN_MS) await chargeCard(cards, payment);
  else await setFailed(cards.sql, { paymentId, reason: "The card processor did not answer." });
}
