import { nanoUsd } from "@infr/money";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../db/open.ts";
import type { Sql } from "../db/types.ts";
import { newId } from "../ids.ts";
import { readBalance } from "../ledger/balance.ts";
import { Batcher } from "../ledger/commit/batcher.ts";
import { renewLease } from "../ledger/commit/store.ts";
import { differences } from "../ledger/store.ts";
import { testDatabase } from "../testing/database.ts";
import { captureNano, coverLots, holdNano, openOwned } from "../testing/lots.ts";
import { type CardKind, startStripeCards, WEBHOOK_SECRET } from "../testing/stripe-cards-server.ts";
import { attendCards } from "./attend-cards.ts";
import { openCheckout, removeCard } from "./buy-credit.ts";
import { cardsOf, paymentOf } from "./cards-store.ts";
import type { Cards } from "./follow-payment.ts";
import { followSession } from "./hear-events.ts";
import { rechargeAccounts, setRecharge } from "./recharge.ts";
import { disableSetting, rechargesOf, settingOf } from "./recharge-store.ts";
import { openStripeCards } from "./stripe-cards.ts";

const CENT = 10_000_000n;
const USD = 100n * CENT;
const limits = { least: nanoUsd(5n * USD), most: nanoUsd(500n * USD) };
const logger = pino({ level: "silent" });
let sql: Sql;
let other: Sql;
let drop: () => Promise<void>;
let stripe: Awaited<ReturnType<typeof startStripeCards>>;
let cards: Cards;
let batcher: Batcher;
let operatorId: string;

beforeAll(async () => {
  let url: string;
  ({ sql, url, drop } = await testDatabase());
  other = openDatabase({ url, connections: 5 });
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
  await other.end();
  await drop();
});

const work = (with_: Cards = cards) => rechargeAccounts({ cards: with_, limits, logger });
const charges = () => stripe.asked.filter((route) => route === "POST /v1/payment_intents").length;
const funded = async (accountId: string) => (await readBalance(sql, accountId)).funded;
async function spend(accountId: string, nano: bigint): Promise<void> {
  const { requestId, granted } = await holdNano(batcher, { accountId, worst: nano });
  expect(granted).toBe(nano);
  await captureNano(batcher, { accountId, operatorId, requestId, nano });
}
/** Past the cooldown. */
const wait = (accountId: string) =>
  sql`update recharges set started_at = started_at - interval '1 day' where account_id = ${accountId}`;

/** An account with $10 and a saved card that answers in some way from now on. */
async function newPayer(kind: CardKind = "good") {
  const accountId = await openOwned(sql);
  const { payment } = await openCheckout(cards, { accountId, cents: 1_000n, save: true });
  const sessionId = (await paymentOf(sql, { paymentId: payment.payment_id }))?.session_id as string;
  stripe.pay(sessionId);
  await followSession(cards, sessionId);
  const [card] = await cardsOf(sql, accountId);
  const cardId = card?.card_id as string;
  if (kind !== "good")
    await sql`update saved_cards set method_id = ${stripe.newCard(kind).id} where card_id = ${cardId}`;
  const [{ user_id: userId }] = await sql<[{ user_id: string }]>`
    select user_id from account_members where account_id = ${accountId}`;
  return { accountId, cardId, userId };
}
const turnOn = ({ accountId, cardId, userId }: Awaited<ReturnType<typeof newPayer>>, ceiling = 100n) =>
  setRecharge(sql, {
    accountId,
    userId,
    least: limits.least,
    setting: {
      cardId,
      threshold: nanoUsd(5n * USD),
      target: nanoUsd(20n * USD),
      ceiling: nanoUsd(ceiling * USD),
      cooldownSeconds: 3_600,
    },
  });

describe("rechargeAccounts", () => {
  test("mistake 13: a saved card is charged for nobody who has not turned it on, or has turned it off", async () => {
    const payer = await newPayer();
    await spend(payer.accountId, 10n * USD);
    const before = charges();
    await work();
    await turnOn(payer);
    await disableSetting(sql, { accountId: payer.accountId, reason: "You turned it off." });
    await work();
    await turnOn(payer);
    await removeCard(cards, payer);
    await work();
    expect(charges()).toBe(before);
    expect(await funded(payer.accountId)).toBe(0n);
    expect(await rechargesOf(sql, payer.accountId)).toEqual([]);
  });

  test("default: below the threshold, up to the target; running requests have spent nothing yet", async () => {
    const payer = await newPayer();
    const { accountId } = payer;
    await turnOn(payer);
    await spend(accountId, 5n * USD);
    const { requestId } = await holdNano(batcher, { accountId, worst: 5n * USD });
    await work();
    expect(await rechargesOf(sql, accountId)).toEqual([]);
    await captureNano(batcher, { accountId, operatorId, requestId, nano: 1n });
    await work();
    expect(await rechargesOf(sql, accountId)).toMatchObject([{ state: "paid", amount_nano: 1_501n * CENT }]);
    expect(await funded(accountId)).toBe(5n * USD - 1n + 1_501n * CENT);
  });

  test("behavior: twenty rounds at once, of two workers with databases of their own, charge once", async () => {
    const payer = await newPayer();
    await turnOn(payer);
    await spend(payer.accountId, 8n * USD);
    const before = charges();
    const second = { ...cards, sql: other };
    await Promise.all(Array.from({ length: 20 }, (_, n) => work(n % 2 === 0 ? cards : second)));
    expect(charges()).toBe(before + 1);
    expect(await funded(payer.accountId)).toBe(20n * USD);
    expect(await rechargesOf(sql, payer.accountId)).toHaveLength(1);
    const twoPending = sql.begin(async (tx) => {
      for (const id of [newId("pay"), newId("pay")]) {
        await tx`insert into card_payments (payment_id, account_id, purpose, asked_cents)
          values (${id}, ${payer.accountId}, 'recharge', 500)`;
        await tx`insert into recharges (recharge_id, account_id, payment_id, amount_nano, started_at)
          values (${id}, ${payer.accountId}, ${id}, 1, now())`;
      }
    });
    await expect(twoPending).rejects.toMatchObject({ constraint_name: "recharges_one_pending" });
  });

  test("behavior: not again in the cooldown, and never above the month's ceiling", async () => {
    const payer = await newPayer();
    const { accountId } = payer;
    await turnOn(payer, 25n);
    await spend(accountId, 10n * USD);
    await work();
    await spend(accountId, 20n * USD);
    await work();
    expect(await funded(accountId)).toBe(0n);
    await wait(accountId);
    await work();
    expect(await funded(accountId)).toBe(5n * USD);
    await spend(accountId, 5n * USD);
    await wait(accountId);
    await work();
    expect(await funded(accountId)).toBe(0n);
    expect(await settingOf(sql, accountId)).toMatchObject({ used_nano: 25n * USD, disabled_reason: null });
    // A higher ceiling counts what was recharged already.
    await turnOn(payer, 32n);
    await work();
    expect(await funded(accountId)).toBe(7n * USD);
  });

  test("behavior: an answer that got lost charges once; the recharge is under way until it is known", async () => {
    const payer = await newPayer();
    const { accountId } = payer;
    await turnOn(payer);
    await spend(accountId, 10n * USD);
    const before = charges();
    stripe.fail("POST /v1/payment_intents", "after", "after");
    await work();
    expect(await rechargesOf(sql, accountId)).toMatchObject([{ state: "pending" }]);
    await wait(accountId);
    await work();
    await sql`update card_payments set checked_at = now() - interval '1 hour' where account_id = ${accountId}`;
    await attendCards(cards, logger);
    await work();
    expect(charges()).toBe(before + 1);
    expect(await rechargesOf(sql, accountId)).toMatchObject([{ state: "paid" }]);
    expect(await funded(accountId)).toBe(20n * USD);
  });

  test.each([["asks", /confirm/] as const, ["declines", /declined/] as const])(
    "error: a card that %s turns recharging off until its owner turns it on again",
    async (kind, reason) => {
      const payer = await newPayer(kind);
      const { accountId, userId } = payer;
      await sql`insert into emails (email_id, user_id, address) values (${newId("email")}, ${userId}, ${`${userId}@example.com`})`;
      await turnOn(payer);
      await spend(accountId, 10n * USD);
      const before = charges();
      await work();
      await wait(accountId);
      await work();
      expect(charges()).toBe(before + 1);
      expect(await rechargesOf(sql, accountId)).toMatchObject([{ state: "failed" }]);
      const setting = await settingOf(sql, accountId);
      expect(setting?.disabled_reason).toMatch(reason);
      const mails = await sql`select template from mails where address = ${`${payer.userId}@example.com`}`;
      expect(mails).toEqual([{ template: "recharge_off" }]);
      expect(setting?.used_nano).toBe(0n);
      await sql`update saved_cards set method_id = ${stripe.newCard("good").id} where card_id = ${payer.cardId}`;
      await turnOn(payer);
      await work();
      expect(await funded(accountId)).toBe(20n * USD);
    },
  );

  test("error: a target or ceiling that can't be met, and somebody else's card", async () => {
    const [payer, stranger] = [await newPayer(), await newPayer()];
    await expect(turnOn(payer, 4n)).rejects.toMatchObject({ param: "ceiling" });
    await expect(turnOn({ ...payer, cardId: stranger.cardId })).rejects.toMatchObject({ code: "not_found" });
  });
});

test("the books are exact after all of it", async () => {
  expect(await differences(sql)).toEqual([]);
});
