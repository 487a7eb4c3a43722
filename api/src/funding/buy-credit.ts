import type { NanoUsd } from "@infr/money";
import { formatUsd } from "@infr/money";
import postgres from "postgres";
import type { Tx } from "../db/types.ts";
import { InfrError, InvalidInputError, NotFoundError, UnavailableError } from "../errors.ts";
import { fundingRoom, NotCoveredError } from "../flow/credit/grant-lot.ts";
import { newId } from "../ids.ts";
import { lockBalances } from "../ledger/store.ts";
import { CardRefusedError } from "./card-processor.ts";
import {
  cardsOf,
  customerOf,
  insertPayment,
  isBlocked,
  linkIntent,
  type PaymentRow,
  paidToday,
  saveCustomer,
  setCardRemoved,
  setFailed,
  setSession,
} from "./cards-store.ts";
import { type CardPace, type Cards, followPayment, NANO_PER_CENT } from "./follow-payment.ts";

/** The account has a card payment in dispute, or lost one, or is frozen: HTTP 403. */
export class CardsBlockedError extends InfrError {
  readonly code = "cards_blocked";
  readonly status = 403;
  constructor() {
    super(
      "A card payment of this account was disputed, or the account is frozen: it can't pay by card. Write to us about it.",
    );
  }
}

/** More by card than an account may pay in 24 hours: HTTP 429. */
export class CardPaceError extends InfrError {
  readonly code = "card_pace";
  readonly status = 429;
  override readonly retryable = true;
  override readonly retryAfterSeconds = 3_600;
  constructor({ centsPerDay, paymentsPerDay }: CardPace) {
    super(
      `An account can pay $${centsPerDay / 100n} by card in 24 hours, in at most ${paymentsPerDay} tries. Wait, pay less, or add USDC.`,
    );
  }
}

/** Payments by card are not offered here, or this one was refused: HTTP 422. */
export class CardPaymentError extends InfrError {
  readonly code = "card_payment";
  readonly status = 422;
}

export type CardLimits = { least: NanoUsd; most: NanoUsd };

/** Whole cents between the limits. @throws InvalidInputError */
export function centsOf(amount: NanoUsd, { least, most }: CardLimits): bigint {
  if (amount < least || amount > most)
    throw new InvalidInputError(`A card payment is between $${formatUsd(least)} and $${formatUsd(most)}.`, "amount");
  if (amount % NANO_PER_CENT !== 0n) throw new InvalidInputError("A card payment is in whole cents.", "amount");
  return amount / NANO_PER_CENT;
}

/**
 * A page of the processor's on which an account pays; the credit follows when the processor says that it was paid.
 * @throws CardsBlockedError, NotCoveredError, CardPaymentError
 */
export async function openCheckout(
  cards: Cards,
  { accountId, cents, save }: { accountId: string; cents: bigint; save: boolean },
): Promise<{ payment: PaymentRow; url: string }> {
  const { sql, processor } = cards;
  await checkBuyer(cards, { accountId, cents });
  const customerId = await openCustomer(cards, accountId);
  const payment = await makePayment(cards, { accountId, cents, purpose: "purchase" });
  const paymentId = payment.payment_id;
  const { sessionId, url } = await refusable(() => processor.openCheckout({ paymentId, customerId, cents, save }));
  await setSession(sql, { paymentId, sessionId });
  return { payment, url };
}

/**
 * Charges a saved card while its owner is there. The same request key charges once.
 * @returns with it the payer's browser goes on, where his bank asks him to
 * @throws CardsBlockedError, NotCoveredError, CardPaymentError, NotFoundError
 */
export async function payWithCard(
  cards: Cards,
  { accountId, cents, cardId, requestKey }: { accountId: string; cents: bigint; cardId: string; requestKey: string },
): Promise<{ payment: PaymentRow; clientSecret: string | null }> {
  const [card] = await cardsOf(cards.sql, accountId, cardId);
  if (!card) throw new NotFoundError("card");
  await checkBuyer(cards, { accountId, cents });
  const methodId = card.method_id;
  const payment = await makePayment(cards, { accountId, cents, purpose: "purchase", methodId, requestKey });
  if (payment.asked_cents !== cents || payment.method_id !== methodId)
    throw new InvalidInputError("This Idempotency-Key was used for another payment. Use a new one.", "idempotency-key");
  return chargeCard(cards, payment);
}

/**
 * Charges the card of a payment that is written down: again if need be, the processor does it once.
 * @throws CardPaymentError if the processor won't
 */
export async function chargeCard(
  cards: Cards,
  payment: PaymentRow,
): Promise<{ payment: PaymentRow; clientSecret: string | null }> {
  const { sql, processor } = cards;
  const { payment_id: paymentId, account_id: accountId, asked_cents: cents, method_id: methodId } = payment;
  // The processor forgets after a day what it has done before: what is known of it is not asked for again.
  if (payment.intent_id !== null) {
    const known = (await followPayment(cards, payment.intent_id)) ?? payment;
    return { payment: known, clientSecret: null };
  }
  const customerId = await customerOf(sql, accountId);
  if (methodId === null || customerId === undefined) throw new Error(`payment ${paymentId} has no card`);
  const isOwnerThere = payment.purpose === "purchase";
  try {
    const seen = await processor.charge({ paymentId, customerId, methodId, cents, isOwnerThere });
    await linkIntent(sql, { paymentId, intentId: seen.intentId });
    const after = (await followPayment(cards, seen.intentId)) ?? payment;
    return { payment: after, clientSecret: after.state === "action" ? seen.clientSecret : null };
  } catch (error) {
    if (!(error instanceof CardRefusedError)) throw unanswered(error);
    await setFailed(sql, { paymentId, reason: error.message });
    throw new CardPaymentError(`The card was not charged: ${error.message} Try another one.`, { cause: error });
  }
}

/** Who may buy how much by card now. @throws CardsBlockedError, NotCoveredError */
async function checkBuyer({ sql }: Cards, { accountId, cents }: { accountId: string; cents: bigint }): Promise<void> {
  if (await isBlocked(sql, accountId)) throw new CardsBlockedError();
  if ((await fundingRoom(sql)) < cents * NANO_PER_CENT) throw new NotCoveredError();
}

/** The account as the processor knows it. */
export async function openCustomer({ sql, processor }: Cards, accountId: string): Promise<string> {
  const known = await customerOf(sql, accountId);
  if (known !== undefined) return known;
  await saveCustomer(sql, { accountId, customerId: await processor.openCustomer(accountId) });
  const customerId = await customerOf(sql, accountId);
  if (customerId === undefined) throw new Error(`the customer of ${accountId} is gone`);
  return customerId;
}

/** Forgets a saved card here and at the processor. @throws NotFoundError */
export async function removeCard(
  { sql, processor }: Cards,
  { accountId, cardId }: { accountId: string; cardId: string },
): Promise<void> {
  const [card] = await cardsOf(sql, accountId, cardId);
  if (!card) throw new NotFoundError("card");
  await setCardRemoved(sql, cardId);
  try {
    await processor.forgetCard(card.method_id);
  } catch (error) {
    if (!(error instanceof CardRefusedError)) throw error; // forgotten there already
  }
}

async function makePayment(
  { sql, pace }: Cards,
  payment: {
    accountId: string;
    cents: bigint;
    purpose: PaymentRow["purpose"];
    methodId?: string;
    requestKey?: string;
  },
): Promise<PaymentRow> {
  try {
    return await sql.begin(async (tx) => {
      const paymentId = newId("pay");
      const made = await insertPayment(tx, { paymentId, ...payment });
      // One that was made before under the same key is no new one.
      if (made.payment_id === paymentId) await checkPace(tx, { accountId: payment.accountId, pace });
      return made;
    });
  } catch (error) {
    if (error instanceof postgres.PostgresError && error.constraint_name === "blocked_accounts_buy_nothing")
      throw new CardsBlockedError();
    throw error;
  }
}

/** Counted under the account's lock, this payment among them: of many at once none gets past it. @throws CardPaceError */
async function checkPace(tx: Tx, { accountId, pace }: { accountId: string; pace: CardPace }): Promise<void> {
  await lockBalances(tx, [accountId]);
  const { cents, payments } = await paidToday(tx, accountId);
  if (cents > pace.centsPerDay || payments > pace.paymentsPerDay) throw new CardPaceError(pace);
}

async function refusable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CardRefusedError)
      throw new CardPaymentError(`The payment was refused: ${error.message}`, { cause: error });
    throw unanswered(error);
  }
}

/** Whether it was done is not known: the same request again finds out. */
export const unanswered = (error: unknown): unknown =>
  error instanceof InfrError ? error : new UnavailableError("The card processor", error);
