import { expect } from "vitest";
import { changeSubscription, subscribe } from "../../api/src/funding/plans.ts";
import type { Row } from "../../api/src/testing/stripe-cards-server.ts";
import type { News } from "./news.ts";
import { type CreditUser, type CreditWorld, PLAN, tried } from "./world.ts";

const PERIOD_MS = 30 * 86_400_000;

/** Subscriptions: begun, renewed, ended; periods of which money goes back, by the platform's refund or a bank's dispute. */
export function subscriptionsIn({ sql, users, one, below, stripe, cards, cardOf }: CreditWorld, { hear }: News) {
  const begun: Array<{ id: string; user: CreditUser; periods: number }> = [];
  const invoices: Row[] = [];
  const period = (user: CreditUser, n: number) => ({
    cents: PLAN.cents,
    until: new Date(Date.now() + n * PERIOD_MS),
    fingerprint: cardOf(user),
  });

  /** On several pages at once: Stripe takes what is paid on each. */
  async function begin(): Promise<void> {
    const user = one(users);
    const open = () => tried(() => subscribe(cards, { accountId: user.accountId, planId: PLAN.id }));
    for (const page of await Promise.all([open(), open()])) {
      if (!page || below(3) === 0) continue;
      const { subscription, invoice } = stripe.subscribe(page.url.split("/").at(-1) ?? "", period(user, 1));
      begun.push({ id: subscription.id, user, periods: 1 });
      invoices.push(invoice);
    }
    await hear();
  }

  async function renew(): Promise<void> {
    if (begun.length === 0) return begin();
    const subscription = one(begun);
    subscription.periods += 1;
    invoices.push(stripe.renew(subscription.id, period(subscription.user, subscription.periods)));
    await hear();
  }

  async function end(): Promise<void> {
    if (begun.length === 0) return;
    const { id, user } = one(begun);
    const order = { accountId: user.accountId, subscriptionId: id, atPeriodEnd: below(2) === 0 };
    await Promise.all([tried(() => changeSubscription(cards, order)), hear()]);
    if (below(3) > 0) return;
    stripe.endSubscription(id);
    begun.splice(
      begun.findIndex((one) => one.id === id),
      1,
    );
    await hear();
  }

  /** Somebody gives a period back in the processor's dashboard, in parts. */
  async function giveBack(): Promise<void> {
    if (invoices.length === 0) return begin();
    const intent = stripe.find(intentOf(one(invoices)));
    const left = Number(intent["amount_received"]) - sumOf(stripe.of("refund", intent.id));
    if (left > 0) stripe.refund(intent.id, 1 + below(left));
    await hear();
  }

  /** Each period that was paid for has given its credit once, less the part that went back. */
  async function expectOneLotEach(): Promise<void> {
    const lots = await sql<Array<{ invoice_id: string; amount_nano: bigint; claimed_nano: bigint }>>`
      select p.invoice_id, l.amount_nano, l.claimed_nano from card_payments p join lots l using (lot_id)
      where p.purpose = 'subscription'`;
    expect(lots.map((lot) => lot.invoice_id).toSorted()).toEqual(invoices.map(({ id }) => id).toSorted());
    for (const { invoice_id: id, amount_nano: amount, claimed_nano: claimed } of lots) {
      const back = BigInt(sumOf(stripe.of("refund", intentOf(stripe.find(id)))));
      const cents = BigInt(PLAN.cents);
      expect({ amount, claimed }).toEqual({ amount: PLAN.credit, claimed: (PLAN.credit * back + cents - 1n) / cents });
    }
    const [all] = await sql<[{ n: number }]>`select count(*)::int as n from lots where kind = 'subscription'`;
    expect(all.n).toBe(lots.length);
    console.log(`periods paid for: ${lots.length}`);
  }

  return { begin, renew, end, giveBack, expectOneLotEach };
}

const sumOf = (rows: Row[]): number => rows.reduce((sum, row) => sum + Number(row["amount"]), 0);

function intentOf(invoice: Row): string {
  const { data } = invoice["payments"] as { data: Array<{ payment: { payment_intent: string } }> };
  return data[0]?.payment.payment_intent ?? "";
}
