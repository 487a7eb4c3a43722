import { nanoUsd } from "@infr/money";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { lotsOf, settleLots } from "../flow/credit/lot-store.ts";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { testDatabase } from "../testing/database.ts";
import { coverLots, openOwned } from "../testing/lots.ts";
import { signed, startStripeCards, WEBHOOK_SECRET } from "../testing/stripe-cards-server.ts";
import type { Cards } from "./follow-payment.ts";
import { hearEvent } from "./hear-events.ts";
import { changeSubscription, SubscribedError, subscribe } from "./plans.ts";
import { subscriptionsOf } from "./plans-store.ts";
import { openStripeCards } from "./stripe-cards.ts";

const USD = 1_000_000_000n;
const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Math.floor(Date.now() / 1_000) * 1_000 + days * DAY_MS);
let sql: Sql;
let drop: () => Promise<void>;
let stripe: Awaited<ReturnType<typeof startStripeCards>>;
let cards: Cards;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  stripe = await startStripeCards();
  const processor = openStripeCards({
    secretKey: "sk_test",
    webhookSecret: WEBHOOK_SECRET,
    returnUrl: "http://localhost/deposit",
    apiUrl: new URL(stripe.url),
  });
  const plan = { id: "plus", name: "Plus", priceId: "price_1", price: nanoUsd(20n * USD), credit: nanoUsd(22n * USD) };
  cards = { sql, processor, plans: [plan], pace: { centsPerDay: 100_000n, paymentsPerDay: 50 }, now: () => new Date() };
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
const funded = async (accountId: string) => (await readBalance(sql, accountId)).funded;

async function begin(accountId: string, until: Date) {
  const { url } = await subscribe(cards, { accountId, planId: "plus" });
  const { subscription, invoice } = stripe.subscribe(url.split("/").at(-1) as string, { cents: 2_000, until });
  return { subscriptionId: subscription.id, invoice };
}

describe("a subscription", () => {
  test("default: each invoice that is paid gives its credit once, until the end of its period", async () => {
    const accountId = await openOwned(sql);
    const from = stripe.events.length;
    const until = inDays(30);
    const { subscriptionId } = await begin(accountId, until);
    const first = newEvents(from);
    await Promise.all([...first, ...first.toReversed(), ...first].map(deliver));
    expect(await lotsOf(sql, { accountId, limit: 10 })).toMatchObject([
      { kind: "subscription", amount_nano: 22n * USD, expires_at: until },
    ]);
    expect(await subscriptionsOf(sql, accountId)).toMatchObject([
      { status: "active", plan_id: "plus", period_end: until },
    ]);
    await expect(subscribe(cards, { accountId, planId: "plus" })).rejects.toThrow(SubscribedError);

    stripe.renew(subscriptionId, { cents: 2_000, until: inDays(60) });
    for (const event of [...newEvents(from), ...newEvents(from)]) await deliver(event);
    expect(await funded(accountId)).toBe(44n * USD);
    await sql.begin((tx) => settleLots(tx, { accountId, now: inDays(31) }));
    expect(await funded(accountId)).toBe(22n * USD);
  });

  test("behavior: ended, it keeps what it gave; another can begin when it is over", async () => {
    const accountId = await openOwned(sql);
    const from = stripe.events.length;
    const { subscriptionId } = await begin(accountId, inDays(30));
    for (const event of newEvents(from)) await deliver(event);
    const order = { accountId, subscriptionId, atPeriodEnd: true };
    expect(await changeSubscription(cards, order)).toMatchObject({ ends_at_period_end: true, status: "active" });
    expect(await changeSubscription(cards, { ...order, atPeriodEnd: false })).toMatchObject({
      ends_at_period_end: false,
    });
    const stranger = await openOwned(sql);
    await expect(changeSubscription(cards, { ...order, accountId: stranger })).rejects.toMatchObject({
      code: "not_found",
    });
    stripe.endSubscription(subscriptionId);
    await Promise.all(newEvents(from).toReversed().map(deliver));
    expect(await subscriptionsOf(sql, accountId)).toMatchObject([{ status: "ended" }]);
    expect(await funded(accountId)).toBe(22n * USD);
    await expect(changeSubscription(cards, order)).rejects.toMatchObject({ code: "card_payment" });
    await subscribe(cards, { accountId, planId: "plus" });
  });

  test("behavior: a dispute of its payment takes its credit back, also if it is heard of first", async () => {
    const accountId = await openOwned(sql);
    const from = stripe.events.length;
    const { invoice } = await begin(accountId, inDays(30));
    const payments = invoice["payments"] as { data: Array<{ payment: { payment_intent: string } }> };
    stripe.dispute(payments.data[0]?.payment.payment_intent as string, 1_000);
    await Promise.all(newEvents(from).toReversed().map(deliver));
    expect(await funded(accountId)).toBe(11n * USD);
  });

  test("error: an invoice of nobody, of somebody else's customer, or for nothing gives nothing", async () => {
    const [accountId, victim] = [await openOwned(sql), await openOwned(sql)];
    const from = stripe.events.length;
    const { invoice, subscriptionId } = await begin(accountId, inDays(30));
    const parent = invoice["parent"] as { subscription_details: { metadata: Record<string, string> } };
    parent.subscription_details.metadata = { account_id: victim, plan_id: "plus" };
    for (const event of newEvents(from)) await deliver(event);
    expect([await funded(accountId), await funded(victim)]).toEqual([0n, 0n]);
    const free = stripe.renew(subscriptionId, { cents: 2_000, until: inDays(60) });
    Object.assign(free, { amount_paid: 0 });
    for (const event of newEvents(from)) await deliver(event);
    expect(await funded(accountId)).toBe(0n);
  });

  test("error: a plan that is not there", async () => {
    const accountId = await openOwned(sql);
    await expect(subscribe(cards, { accountId, planId: "none" })).rejects.toMatchObject({ code: "not_found" });
  });
});

test("the books are exact after all of it", async () => {
  expect(await differences(sql)).toEqual([]);
});
