import { nanoUsd } from "@infr/money";
import fc from "fast-check";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { NotCoveredError } from "../flow/credit/grant-lot.ts";
import { lotOf } from "../flow/credit/lot-store.ts";
import { settleAllLots } from "../flow/credit/settle-lots.ts";
import { newId } from "../ids.ts";
import { readBalance } from "../ledger/balance.ts";
import { Batcher } from "../ledger/commit/batcher.ts";
import { renewLease } from "../ledger/commit/store.ts";
import { bookBalance, differences } from "../ledger/store.ts";
import { testDatabase } from "../testing/database.ts";
import { captureNano, coverLots, holdNano, openOwned } from "../testing/lots.ts";
import { signed, startStripeCards, WEBHOOK_SECRET } from "../testing/stripe-cards-server.ts";
import { attendCards } from "./attend-cards.ts";
import { CardPaceError, CardsBlockedError, openCheckout, payWithCard, removeCard } from "./buy-credit.ts";
import { ForgedEventError } from "./card-processor.ts";
import { cardsOf, countWaiting, type PaymentRow, paymentOf } from "./cards-store.ts";
import type { Cards } from "./follow-payment.ts";
import { hearEvent } from "./hear-events.ts";
import { RefundTooLargeError, refundPayment } from "./refund-payment.ts";
import { openStripeCards } from "./stripe-cards.ts";

const NANO_PER_CENT = 10_000_000n;
const silent = pino({ level: "silent" });
let sql: Sql;
let drop: () => Promise<void>;
let stripe: Awaited<ReturnType<typeof startStripeCards>>;
let cards: Cards;
let batcher: Batcher;
let operatorId: string;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  stripe = await startStripeCards();
  const processor = openStripeCards({
    secretKey: "sk_test",
    webhookSecret: WEBHOOK_SECRET,
    returnUrl: "http://localhost/deposit",
    apiUrl: new URL(stripe.url),
  });
  cards = { sql, processor, plans: [], pace: { centsPerDay: 100_000n, paymentsPerDay: 50 }, now: () => new Date() };
  const instanceId = newId("inst");
  await renewLease(sql, { instanceId, leaseMs: 3_600_000, first: true });
  batcher = new Batcher({ sql, instanceId });
  operatorId = await openOwned(sql);
  await coverLots(sql, 10n ** 15n);
});
afterAll(async () => {
  await stripe.stop();
  await drop();
});

type StripeEvent = (typeof stripe.events)[number];
const deliver = (event: StripeEvent): Promise<void> => {
  const { payload, headers } = signed(event);
  return hearEvent(cards, cards.processor.readEvent(Buffer.from(payload), headers["stripe-signature"]));
};
const newEvents = (from: number) => stripe.events.slice(from);
const rowOf = async (paymentId: string) => (await paymentOf(sql, { paymentId })) as PaymentRow;
const funded = async (accountId: string) => (await readBalance(sql, accountId)).funded;
const booksOf = async () => ({
  card: await bookBalance(sql, { book: "card" }),
  sales: await bookBalance(sql, { book: "card_sales" }),
  losses: await bookBalance(sql, { book: "card_losses" }),
});
async function spend(accountId: string, nano: bigint): Promise<void> {
  const { requestId, granted } = await holdNano(batcher, { accountId, worst: nano });
  expect(granted).toBe(nano);
  await captureNano(batcher, { accountId, operatorId, requestId, nano });
}

/** A payment on a page, heard of. */
async function buy(accountId: string, { cents = 1_000n, save = false } = {}) {
  const from = stripe.events.length;
  const { payment } = await openCheckout(cards, { accountId, cents, save });
  const { session_id: sessionId } = await rowOf(payment.payment_id);
  const { id: intentId } = stripe.pay(sessionId as string);
  for (const event of newEvents(from)) await deliver(event);
  return { paymentId: payment.payment_id, intentId, sessionId: sessionId as string };
}

describe("a payment on a page", () => {
  test("default: credit follows when the processor says that it was paid, not before", async () => {
    const accountId = await openOwned(sql);
    const from = stripe.events.length;
    const { payment, url } = await openCheckout(cards, { accountId, cents: 1_000n, save: false });
    expect(url).toMatch(/^https:\/\/checkout\.stripe\.com\//);
    const { session_id: sessionId } = await rowOf(payment.payment_id);
    stripe.pay(sessionId as string, "declines");
    for (const event of newEvents(from)) await deliver(event);
    expect(await rowOf(payment.payment_id)).toMatchObject({ state: "open", lot_id: null });
    stripe.pay(sessionId as string);
    for (const event of newEvents(from)) await deliver(event);
    const row = await rowOf(payment.payment_id);
    expect(row).toMatchObject({ state: "paid", received_cents: 1_000n });
    expect(await lotOf(sql, row.lot_id as string)).toMatchObject({ kind: "card", expires_at: null });
    expect(await funded(accountId)).toBe(1_000n * NANO_PER_CENT);
    expect(await cardsOf(sql, accountId)).toEqual([]);
  });

  test("behavior: an event that lies about a payment that was never made gives nothing", async () => {
    const accountId = await openOwned(sql);
    const { payment } = await openCheckout(cards, { accountId, cents: 1_000n, save: false });
    const { session_id: sessionId } = await rowOf(payment.payment_id);
    stripe.pay(sessionId as string, "declines");
    const [event] = stripe.events.slice(-1);
    const lie = structuredClone(event) as StripeEvent & { data: { object: Record<string, unknown> } };
    Object.assign(lie, { id: "evt_lie", type: "payment_intent.succeeded" });
    Object.assign(lie.data.object, { status: "succeeded", amount_received: 1_000 });
    await deliver(lie);
    expect(await funded(accountId)).toBe(0n);
  });

  test("error: events that are unsigned, changed, signed by somebody else, or older than five minutes", () => {
    const event = { id: "evt_1", object: "event", type: "payment_intent.succeeded", data: { object: {} } };
    const read = ({ payload, headers }: ReturnType<typeof signed>, body = payload) =>
      cards.processor.readEvent(Buffer.from(body), headers["stripe-signature"]);
    expect(read(signed(event)).eventId).toBe("evt_1");
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000);
    expect(read(signed(event, WEBHOOK_SECRET, ago(290))).eventId).toBe("evt_1");
    expect(() => read(signed(event, WEBHOOK_SECRET, ago(310)))).toThrow(ForgedEventError);
    expect(() => read(signed(event, "whsec_other"))).toThrow(ForgedEventError);
    expect(() => read(signed(event), `${signed(event).payload} `)).toThrow(ForgedEventError);
    expect(() => cards.processor.readEvent(Buffer.from("{}"), "v1=0")).toThrow(ForgedEventError);
  });

  test("behavior: the worker finds what no event told: payments, and pages that nobody used", async () => {
    const [payer, idler] = [await openOwned(sql), await openOwned(sql)];
    const paid = await openCheckout(cards, { accountId: payer, cents: 700n, save: false });
    const left = await openCheckout(cards, { accountId: idler, cents: 700n, save: false });
    stripe.pay((await rowOf(paid.payment.payment_id)).session_id as string);
    stripe.expire((await rowOf(left.payment.payment_id)).session_id as string);
    await sql`update card_payments set checked_at = now() - interval '1 hour' where state = 'open'`;
    await attendCards(cards, silent);
    expect(await funded(payer)).toBe(700n * NANO_PER_CENT);
    expect(await rowOf(left.payment.payment_id)).toMatchObject({ state: "failed" });
  });

  test("behavior: without cover nothing is sold; what was paid already waits for it, and is granted once", async () => {
    const accountId = await openOwned(sql);
    const from = stripe.events.length;
    const { payment } = await openCheckout(cards, { accountId, cents: 1_000n, save: false });
    const { session_id: sessionId } = await rowOf(payment.payment_id);
    const [{ room }] = await sql<[{ room: bigint }]>`select funding_room() as room`;
    await coverLots(sql, -room + 1n);
    await expect(openCheckout(cards, { accountId, cents: 1_000n, save: false })).rejects.toThrow(NotCoveredError);
    stripe.pay(sessionId as string);
    await Promise.all(newEvents(from).map(deliver));
    expect(await rowOf(payment.payment_id)).toMatchObject({ state: "paid", lot_id: null });
    expect([await funded(accountId), await countWaiting(sql)]).toEqual([0n, 1]);
    await coverLots(sql, 10n ** 15n);
    await Promise.all([attendCards(cards, silent), attendCards(cards, silent)]);
    expect([await funded(accountId), await countWaiting(sql)]).toEqual([1_000n * NANO_PER_CENT, 0]);
  });
});

describe("a saved card", () => {
  test("default: charged while its owner is there, once per request, also at the same moment", async () => {
    const accountId = await openOwned(sql);
    await buy(accountId, { save: true });
    const [card] = await cardsOf(sql, accountId);
    expect(card).toMatchObject({ brand: "visa", last4: "4242" });
    const cardId = card?.card_id as string;
    const order = { accountId, cents: 500n, cardId, requestKey: newId("req") };
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => payWithCard(cards, order)));
    expect(new Set(outcomes.map(({ payment }) => payment.payment_id)).size).toBe(1);
    expect(await funded(accountId)).toBe(1_500n * NANO_PER_CENT);
    await expect(payWithCard(cards, { ...order, cents: 600n })).rejects.toMatchObject({ code: "invalid_input" });
    await removeCard(cards, { accountId, cardId });
    await expect(payWithCard(cards, { ...order, requestKey: newId("req") })).rejects.toMatchObject({
      code: "not_found",
    });
    const other = await openOwned(sql);
    await expect(payWithCard(cards, { ...order, accountId: other })).rejects.toMatchObject({ code: "not_found" });
  });

  test("behavior: an answer that got lost charges nothing twice; a card that asks its owner waits for him", async () => {
    const accountId = await openOwned(sql);
    await buy(accountId, { save: true });
    const [card] = await cardsOf(sql, accountId);
    const order = { accountId, cents: 500n, cardId: card?.card_id as string };
    const charges = () => stripe.asked.filter((route) => route === "POST /v1/payment_intents").length;
    const before = charges();
    stripe.fail("POST /v1/payment_intents", "after");
    await payWithCard(cards, { ...order, requestKey: newId("req") });
    expect(charges()).toBe(before + 1);
    expect(await funded(accountId)).toBe(1_500n * NANO_PER_CENT);

    const asking = stripe.newCard("asks");
    await sql`update saved_cards set method_id = ${asking.id} where card_id = ${order.cardId}`;
    const { payment, clientSecret } = await payWithCard(cards, { ...order, requestKey: newId("req") });
    expect([payment.state, clientSecret]).toEqual(["action", expect.stringMatching(/^secret_/)]);
    const from = stripe.events.length;
    stripe.confirm(payment.intent_id as string);
    for (const event of newEvents(from)) await deliver(event);
    expect(await funded(accountId)).toBe(2_000n * NANO_PER_CENT);

    const declining = stripe.newCard("declines");
    await sql`update saved_cards set method_id = ${declining.id} where card_id = ${order.cardId}`;
    const declined = await payWithCard(cards, { ...order, requestKey: newId("req") });
    expect(declined.payment).toMatchObject({ state: "failed", reason: "Your card was declined." });
  });
});

describe("the pace of card payments", () => {
  test("error: CardPaceError for more than a day's dollars or tries, also of many at once", async () => {
    const slow = { ...cards, pace: { centsPerDay: 2_500n, paymentsPerDay: 50 } };
    const accountId = await openOwned(sql);
    const open = (on: Cards, of = accountId) => openCheckout(on, { accountId: of, cents: 1_000n, save: false });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => open(slow)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    const refused = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    for (const reason of refused) expect(reason).toBeInstanceOf(CardPaceError);
    await sql`update card_payments set created_at = created_at - interval '1 day' where account_id = ${accountId}`;
    await open(slow);
    const other = await openOwned(sql);
    const rare = { ...cards, pace: { centsPerDay: 100_000n, paymentsPerDay: 3 } };
    const tries = await Promise.allSettled(Array.from({ length: 6 }, () => open(rare, other)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  });
});

describe("money that goes back", () => {
  test("behavior: a dispute takes what is left at once, the rest is booked as a loss, and no card is taken any more", async () => {
    const accountId = await openOwned(sql);
    const { paymentId, intentId } = await buy(accountId);
    await spend(accountId, 300n * NANO_PER_CENT);
    const running = await holdNano(batcher, { accountId, worst: 100n * NANO_PER_CENT });
    const before = await booksOf();
    const from = stripe.events.length;
    const { id } = stripe.dispute(intentId, 1_000);
    for (const event of newEvents(from)) await deliver(event);
    expect((await holdNano(batcher, { accountId, worst: 1n })).granted).toBe(0n);
    await captureNano(batcher, { accountId, operatorId, requestId: running.requestId, nano: 60n * NANO_PER_CENT });
    await settleAllLots(sql, cards.now);
    await attendCards(cards, silent);
    const { lot_id: lotId } = await rowOf(paymentId);
    expect(await lotOf(sql, lotId as string)).toMatchObject({
      state: "disputed",
      used_nano: 360n * NANO_PER_CENT,
      taken_nano: 640n * NANO_PER_CENT,
    });
    const after = await booksOf();
    expect(after.card - before.card).toBe(-1_000n * NANO_PER_CENT);
    expect(after.losses - before.losses).toBe(360n * NANO_PER_CENT);
    const again = { accountId, cents: 1_000n, save: false };
    await expect(openCheckout(cards, again)).rejects.toThrow(CardsBlockedError);
    const past = sql`insert into card_payments (payment_id, account_id, purpose, asked_cents)
      values ('pay_past', ${accountId}, 'purchase', 500)`;
    await expect(past).rejects.toMatchObject({ constraint_name: "blocked_accounts_buy_nothing" });

    stripe.closeDispute(id, "won");
    for (const event of newEvents(from)) await deliver(event);
    expect(await funded(accountId)).toBe(640n * NANO_PER_CENT);
    expect(await booksOf()).toEqual(before);
    await openCheckout(cards, again);
  });

  test("behavior: a refund by hand takes credit first, only what is free, once under any concurrency", async () => {
    const accountId = await openOwned(sql);
    const { paymentId } = await buy(accountId);
    await spend(accountId, 300n * NANO_PER_CENT);
    const [{ user_id: userId }] = await sql<[{ user_id: string }]>`
      select user_id from account_members where account_id = ${accountId}`;
    const ask = (cents: bigint | null) => refundPayment(cards, { paymentId, cents, userId });
    await expect(ask(701n)).rejects.toThrow(RefundTooLargeError);
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => ask(200n)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(await funded(accountId)).toBe(100n * NANO_PER_CENT);
    expect(await rowOf(paymentId)).toMatchObject({ refunded_cents: 600n });

    stripe.fail("POST /v1/refunds", "before", "before");
    await expect(ask(null)).rejects.toMatchObject({ code: "unavailable", retryable: true });
    expect(await funded(accountId)).toBe(0n);
    expect(await rowOf(paymentId)).toMatchObject({ refunded_cents: 600n });
    await sql`update card_refunds set created_at = now() - interval '1 minute' where state = 'asked'`;
    await attendCards(cards, silent);
    expect(await rowOf(paymentId)).toMatchObject({ refunded_cents: 700n });
    expect(await sql`select from card_refunds where payment_id = ${paymentId} and state = 'made'`).toHaveLength(4);
    expect(await sql`select from admin_acts where act = 'refund' and user_id = ${userId}`).toHaveLength(4);
  });

  test("error: what the processor refuses to refund is the account's again", async () => {
    const accountId = await openOwned(sql);
    const { paymentId, intentId } = await buy(accountId);
    const [{ user_id: userId }] = await sql<[{ user_id: string }]>`
      select user_id from account_members where account_id = ${accountId}`;
    stripe.refund(intentId, 600); // nobody has heard of it yet
    expect(await refundPayment(cards, { paymentId, cents: 500n, userId })).toMatchObject({ state: "refused" });
    await attendCards(cards, silent);
    const [event] = stripe.events.slice(-1);
    await deliver(event as StripeEvent);
    expect(await funded(accountId)).toBe(400n * NANO_PER_CENT);
  });
});

type Happening = { what: "refund" | "dispute" | "won" | "lost"; cents: number };
const happenings = fc.array(
  fc.record({
    what: fc.constantFrom("refund" as const, "dispute" as const, "won" as const, "lost" as const),
    cents: fc.integer({ min: 1, max: 600 }),
  }),
  { maxLength: 5 },
);

test("property: any order and repetition of the events, at once or between what happens, ends in the same state", async () => {
  const property = fc.asyncProperty(
    happenings,
    fc.boolean(),
    fc.infiniteStream(fc.nat(1_000)),
    async (list: Happening[], isInterleaved, numbers) => {
      const next = () => numbers.next().value as number;
      const shuffled = (events: StripeEvent[]) =>
        [...events, ...events.filter(() => next() % 3 === 0)]
          .map((event) => ({ event, at: next() }))
          .sort((a, b) => a.at - b.at)
          .map(({ event }) => event);
      const accountId = await openOwned(sql);
      const { card, losses } = await booksOf();
      const from = stripe.events.length;
      const { payment } = await openCheckout(cards, { accountId, cents: 1_000n, save: next() % 2 === 0 });
      const paymentId = payment.payment_id;
      const sessionId = (await rowOf(paymentId)).session_id as string;
      if (next() % 2 === 0) stripe.pay(sessionId, "declines");
      const { id: intentId } = stripe.pay(sessionId);
      let [refunded, disputed] = [0, 0];
      const disputes: Array<{ id: string; cents: number }> = [];
      for (const { what, cents } of list) {
        if (isInterleaved && next() % 2 === 0) for (const event of shuffled(newEvents(from))) await deliver(event);
        if (what === "refund" && refunded + cents <= 1_000) {
          stripe.refund(intentId, cents);
          refunded += cents;
        }
        if (what === "dispute" && disputes.length === 0) {
          disputes.push({ id: stripe.dispute(intentId, cents).id, cents });
          disputed = cents;
        }
        const [open] = disputes;
        if ((what === "won" || what === "lost") && open) {
          stripe.closeDispute(open.id, what);
          disputed = what === "won" ? 0 : open.cents;
        }
      }
      await Promise.all(shuffled(newEvents(from)).map(deliver));
      const back = BigInt(Math.min(1_000, refunded + disputed));
      const row = await rowOf(paymentId);
      expect(row).toMatchObject({
        state: "paid",
        received_cents: 1_000n,
        refunded_cents: BigInt(refunded),
        disputed_cents: BigInt(disputed),
      });
      expect(await lotOf(sql, row.lot_id as string)).toMatchObject({
        amount_nano: 1_000n * NANO_PER_CENT,
        taken_nano: back * NANO_PER_CENT,
        used_nano: 0n,
        state: back < 1_000n ? "live" : disputed > 0 ? "disputed" : "refunded",
      });
      expect(await funded(accountId)).toBe(nanoUsd((1_000n - back) * NANO_PER_CENT));
      const books = await booksOf();
      expect([books.card - card, books.losses - losses]).toEqual([(1_000n - back) * NANO_PER_CENT, 0n]);
      const stored = await sql`
        select from payment_events where event_id in ${sql(newEvents(from).map(({ id }) => id))} and handled_at is not null`;
      expect(stored).toHaveLength(newEvents(from).length);
    },
  );
  await fc.assert(property, { numRuns: 30 });
  expect(await differences(sql)).toEqual([]);
});
