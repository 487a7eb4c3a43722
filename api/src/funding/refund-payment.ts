import { formatUsd, nanoUsd } from "@infr/money";
import { InfrError, NotFoundError } from "../errors.ts";
import { noteAct, settleLots } from "../flow/credit/lot-store.ts";
import { newId } from "../ids.ts";
import { unanswered } from "./buy-credit.ts";
import { CardRefusedError } from "./card-processor.ts";
import { lockPayment, paymentOf } from "./cards-store.ts";
import { bringUpToDate, type Cards, followPayment, NANO_PER_CENT } from "./follow-payment.ts";
import { freeOfLot, insertRefund, type RefundRow, refundOf, setMade, setRefused } from "./refunds-store.ts";

/** More than what is left of what the payment bought: HTTP 409. */
export class RefundTooLargeError extends InfrError {
  readonly code = "refund_too_large";
  readonly status = 409;
  constructor(cents: bigint) {
    super(
      `$${formatUsd(nanoUsd(cents * NANO_PER_CENT))} of this payment can be refunded: the rest is spent, held by running requests, or went back already.`,
    );
  }
}

/**
 * Takes credit back that is not spent, then has the processor refund as much. All of it, if no amount is given.
 * @throws NotFoundError, RefundTooLargeError, UnavailableError if it is not known whether it was made: the worker finds out
 */
export async function refundPayment(
  cards: Cards,
  { paymentId, cents, userId }: { paymentId: string; cents: bigint | null; userId: string },
): Promise<RefundRow> {
  const { sql } = cards;
  const now = cards.now();
  const refundId = newId("refund");
  await sql.begin(async (tx) => {
    if (!(await paymentOf(tx, { paymentId }))) throw new NotFoundError("payment");
    const payment = await lockPayment(tx, paymentId);
    if (payment.lot_id === null) throw new RefundTooLargeError(0n);
    await settleLots(tx, { accountId: payment.account_id, now });
    const credit = payment.credit_nano ?? payment.received_cents * NANO_PER_CENT;
    const most = ((await freeOfLot(tx, payment.lot_id)) * payment.received_cents) / credit;
    if (most === 0n || (cents ?? most) > most) throw new RefundTooLargeError(most);
    await insertRefund(tx, { refundId, paymentId, cents: cents ?? most, userId });
    const details = { paymentId, cents: String(cents ?? most) };
    await noteAct(tx, { userId, act: "refund", subjectId: refundId, details });
    await bringUpToDate(tx, { paymentId, now });
  });
  return makeRefund(cards, refundId);
}

/** Has the processor make a refund that was asked for: again if need be, it is done once. */
export async function makeRefund(cards: Cards, refundId: string): Promise<RefundRow> {
  const { sql, processor } = cards;
  const refund = await refundOf(sql, refundId);
  if (!refund) throw new NotFoundError("refund");
  const { payment_id: paymentId, intent_id: intentId, cents } = refund;
  if (refund.state !== "asked" || intentId === null) return refund;
  try {
    const externalId = await processor.refund({ refundId, intentId, cents });
    await followPayment(cards, intentId);
    await sql.begin((tx) => setMade(tx, { refundId, externalId }));
  } catch (error) {
    if (!(error instanceof CardRefusedError)) throw unanswered(error);
    await sql.begin(async (tx) => {
      await lockPayment(tx, paymentId);
      await setRefused(tx, { refundId, reason: error.message });
      await bringUpToDate(tx, { paymentId, now: cards.now() });
    });
  }
  return (await refundOf(sql, refundId)) ?? refund;
}
