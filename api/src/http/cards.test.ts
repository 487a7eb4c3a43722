import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { coverLots } from "../testing/lots.ts";
import { signed, startStripeCards, WEBHOOK_SECRET } from "../testing/stripe-cards-server.ts";

let stripe: Awaited<ReturnType<typeof startStripeCards>>;
let api: TestApi;
let user: TestUser;
let admin: TestUser;

beforeAll(async () => {
  stripe = await startStripeCards();
  const adminKey = generatePrivateKey();
  api = await startApi({
    STRIPE_SECRET_KEY: "sk_test",
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_API_URL: stripe.url,
    ADMIN_WALLETS: privateKeyToAddress(adminKey),
    PLANS: JSON.stringify([{ id: "plus", name: "Plus", stripePrice: "price_1", priceUsd: "20", creditUsd: "22" }]),
  });
  user = await newUser(api);
  admin = await newUser(api, adminKey);
  await coverLots(api.sql, 10n ** 12n);
});
afterAll(async () => {
  await api.stop();
  await stripe.stop();
});

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Reply<T> = { status: number; body: T };
async function call<T = Record<string, unknown>>(
  route: string,
  { as = user, payload, key }: { as?: TestUser; payload?: object; key?: string } = {},
): Promise<Reply<T>> {
  const [method, url = ""] = route.split(" ");
  const headers = { cookie: as.cookie, ...(key !== undefined && { "idempotency-key": key }) };
  const answer = await api.app.inject({ method: method as Method, url, headers, ...(payload && { payload }) });
  // A 204 has no body.
  return { status: answer.statusCode, body: (answer.body === "" ? {} : answer.json<T>()) as T };
}
const deliverAll = async () => {
  const statuses = new Set<number>();
  for (const event of stripe.events) {
    const { payload, headers } = signed(event);
    statuses.add((await api.app.inject({ method: "POST", url: "/api/webhooks/stripe", headers, payload })).statusCode);
  }
  return [...statuses];
};
const fundedOf = async () => (await call<{ funded: string }>("GET /api/balance")).body.funded;

test("credit by card, from the page to its refund", async () => {
  const bought = await call<{ url: string; payment: { id: string } }>("POST /api/cards/checkout", {
    payload: { amount: "25", save: true },
  });
  expect(bought.status).toBe(201);
  stripe.pay(bought.body.url.split("/").at(-1) as string);
  expect(await deliverAll()).toEqual([204]);
  expect(await fundedOf()).toBe("25");
  const { body: grants } = await call<{ grants: object[] }>("GET /api/grants");
  expect(grants.grants).toMatchObject([{ kind: "card", state: "live", amount: "25", left: "25", expiresAt: null }]);

  const { body: saved } = await call<{ cards: Array<{ id: string }> }>("GET /api/cards");
  expect(saved).toMatchObject({ offered: true, blocked: false, cards: [{ brand: "visa", last4: "4242" }] });
  const cardId = saved.cards[0]?.id as string;
  const again = { payload: { amount: "5", cardId }, key: "first-of-mine" };
  const ids = [];
  for (let n = 0; n < 2; n++) {
    const { status, body } = await call<{ payment: { id: string; state: string } }>("POST /api/cards/payments", again);
    expect([status, body.payment.state]).toEqual([201, "paid"]);
    ids.push(body.payment.id);
  }
  expect(new Set(ids).size).toBe(1);
  expect(await fundedOf()).toBe("30");

  const refund = await call(`POST /api/admin/card-payments/${bought.body.payment.id}/refund`, {
    as: admin,
    payload: { amount: "10.5" },
  });
  expect(refund).toMatchObject({ status: 201, body: { state: "made", amount: "10.5" } });
  expect(await deliverAll()).toEqual([204]);
  expect(await fundedOf()).toBe("19.5");
  const { body: payments } = await call<{ payments: object[] }>("GET /api/cards/payments");
  expect(payments.payments).toMatchObject([{ amount: "5" }, { amount: "25", refunded: "10.5", disputed: "0" }]);
});

test("plans and recharging, from the page to their end", async () => {
  expect((await call("GET /api/plans")).body).toEqual({
    plans: [{ id: "plus", name: "Plus", price: "20", credit: "22" }],
  });
  const begun = await call<{ url: string }>("POST /api/plans/plus/checkout");
  expect(begun.status).toBe(201);
  const until = new Date(Date.now() + 30 * 86_400_000);
  stripe.subscribe(begun.body.url.split("/").at(-1) as string, { cents: 2_000, until });
  expect(await deliverAll()).toEqual([204]);
  expect(await fundedOf()).toBe("41.5");
  const { body } = await call<{ subscriptions: Array<{ id: string }> }>("GET /api/subscriptions");
  const ended = await call(`PATCH /api/subscriptions/${body.subscriptions[0]?.id}`, {
    payload: { endsAtPeriodEnd: true },
  });
  expect(ended).toMatchObject({ status: 200, body: { planId: "plus", endsAtPeriodEnd: true } });

  const { body: saved } = await call<{ cards: Array<{ id: string }> }>("GET /api/cards");
  expect((await call("GET /api/recharge")).body).toMatchObject({ enabled: false, cardId: null, recharges: [] });
  const setting = { cardId: saved.cards[0]?.id as string, threshold: "5", target: "20", ceiling: "100" };
  expect(await call("PUT /api/recharge", { payload: setting })).toMatchObject({
    status: 200,
    body: { ...setting, enabled: true, cooldownSeconds: 3_600, usedThisMonth: "0" },
  });
  expect((await call("DELETE /api/recharge")).status).toBe(204);
  expect((await call("GET /api/recharge")).body).toMatchObject({
    enabled: false,
    disabledReason: "You turned it off.",
  });
  expect((await call(`DELETE /api/cards/${saved.cards[0]?.id}`)).status).toBe(204);
});

test("error: an amount outside the limits, or with parts of a cent", async () => {
  for (const amount of ["4.99", "500.01", "5.001"])
    expect((await call("POST /api/cards/checkout", { payload: { amount } })).status).toBe(400);
});
