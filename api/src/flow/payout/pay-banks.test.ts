import { nanoUsd } from "@infr/money";
import { Stripe } from "stripe";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../ids.ts";
import { bookEntries } from "../../ledger/entries.ts";
import { bookBalance, differences } from "../../ledger/store.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { startStripeServer } from "../../testing/stripe-server.ts";
import type { OffRamp } from "./off-ramp.ts";
import { openOffRamp } from "./open-off-ramp.ts";
import { payBanks } from "./pay-banks.ts";
import { pushPayouts } from "./push-payouts.ts";
import { requestPayout } from "./request-payout.ts";
import { payoutById } from "./store.ts";

const SECRET = "whsec_test";
const ADDRESS = `0x${"ab".repeat(20)}`;
const DOLLAR = 1_000_000_000n;
let stripe: Awaited<ReturnType<typeof startStripeServer>>;
let api: TestApi;
let offRamp: OffRamp;
let user: TestUser;

beforeAll(async () => {
  stripe = await startStripeServer();
  api = await startApi({
    OFF_RAMP_ADDRESS: ADDRESS,
    STRIPE_SECRET_KEY: "sk_test_x",
    STRIPE_CONNECT_WEBHOOK_SECRET: SECRET,
    STRIPE_API_URL: stripe.url,
  });
  const opened = openOffRamp(api.config);
  if (!opened) throw new Error("everything is set");
  offRamp = opened;
});
afterAll(async () => {
  await api.stop();
  await stripe.stop();
});

beforeEach(async () => {
  user = await newUser(api);
});

const owed = async () => -(await bookBalance(api.sql, { book: "bank", account: user.accountId }));
const bank = () => api.app.inject({ method: "POST", url: "/api/payouts/bank", headers: { cookie: user.cookie } });
const accountOfUser = async (): Promise<string> => {
  const [row] = await api.sql<Array<{ id: string }>>`
    select recipient_id as id from off_ramp_recipients where account_id = ${user.accountId}`;
  return row?.id ?? "";
};

/** The USDC of a payout has come to the off-ramp's address, as its event would book it; the owner's number is made up. */
async function receive(nano: bigint): Promise<void> {
  const entries = [
    {
      debit: { book: "off_ramp", account: "" },
      credit: { book: "bank", account: user.accountId },
      amount: nanoUsd(nano),
    },
  ] as const;
  await api.sql.begin((tx) => bookEntries(tx, { cause: `payout:test:${newId("tx")}`, entries: [...entries] }));
}

/** A request for a bank for which the off-ramp has the USDC, taken up. @returns its id */
async function owedRequest(nano: bigint): Promise<string> {
  await bank();
  await receive(nano);
  const payoutId = newId("payout");
  await api.sql`insert into payouts (payout_id, account_id, method) values (${payoutId}, ${user.accountId}, 'bank')`;
  await pushPayouts({ ...api, relayer: ADDRESS as `0x${string}`, screener: null });
  return payoutId;
}

const rowOf = (payoutId: string) => payoutById(api.sql, { payoutId, accountId: user.accountId });
const transfersOf = (payoutId: string) =>
  [...stripe.transfers.values()].filter((row) => row["transfer_group"] === payoutId);

async function news(type: string, object: object, { secret = SECRET, at = Math.floor(Date.now() / 1000) } = {}) {
  const payload = JSON.stringify({
    id: "evt_1",
    object: "event",
    type,
    account: await accountOfUser(),
    data: { object },
  });
  const header = new Stripe("sk_test_x").webhooks.generateTestHeaderString({ payload, secret, timestamp: at });
  return api.app.inject({
    method: "POST",
    url: "/api/webhooks/stripe-connect",
    headers: { "content-type": "application/json", "stripe-signature": header },
    payload,
  });
}

describe("payBanks", () => {
  test("default: transfers once, pays out, hears that it arrived, and owes only the fraction of a cent", async () => {
    const payoutId = await owedRequest(12n * DOLLAR + 345_678_000n);
    await Promise.all([payBanks({ ...api, offRamp }), payBanks({ ...api, offRamp }), payBanks({ ...api, offRamp })]);
    expect(transfersOf(payoutId)).toMatchObject([{ amount: "1234", destination: await accountOfUser() }]);
    const sent = await rowOf(payoutId);
    expect(sent).toMatchObject({ state: "sent", amount_micro: 12_345_678n });
    expect(await owed()).toBe(5_678_000n);
    const externalId = sent?.external_id ?? "";
    stripe.payouts.set(externalId, { ...stripe.payouts.get(externalId), id: externalId, status: "paid" });
    for (let replay = 0; replay < 3; replay++)
      expect((await news("payout.paid", { id: externalId })).statusCode).toBe(204);
    expect(await rowOf(payoutId)).toMatchObject({ state: "completed" });
    expect(await differences(api.sql)).toEqual([]);
  });

  test("behavior: whatever gets lost on the way to Stripe or back is paid once", async () => {
    for (const route of ["POST /v1/transfers", "POST /v1/payouts"]) {
      stripe.fail(route, "after", "after", "before", "no_balance");
      const payoutId = await owedRequest(20n * DOLLAR);
      for (let round = 0; round < 6; round++) await payBanks({ ...api, offRamp });
      expect(transfersOf(payoutId)).toHaveLength(1);
      expect([...stripe.payouts.values()].filter((row) => JSON.stringify(row).includes(payoutId))).toHaveLength(1);
      expect(await rowOf(payoutId)).toMatchObject({ state: "sent" });
      expect(await owed()).toBe(0n);
      stripe.fail(route);
      await api.sql`update payouts set state = 'completed' where payout_id = ${payoutId}`;
    }
  });

  test("behavior: a refusal fails it, the money stays owed, and the next request pays it", async () => {
    stripe.fail("POST /v1/transfers", "refuse");
    const payoutId = await owedRequest(15n * DOLLAR);
    await payBanks({ ...api, offRamp });
    expect(await rowOf(payoutId)).toMatchObject({ state: "failed", reason: "This account can not receive transfers." });
    expect(await owed()).toBe(15n * DOLLAR);
    const again = await owedRequest(0n);
    await payBanks({ ...api, offRamp });
    expect(await rowOf(again)).toMatchObject({ state: "sent", amount_micro: 15_000_000n });
  });

  test("behavior: a bank that sends the money back fails it, also when the news is lost", async () => {
    const payoutId = await owedRequest(10n * DOLLAR);
    await payBanks({ ...api, offRamp });
    const externalId = (await rowOf(payoutId))?.external_id ?? "";
    const failed = { id: externalId, status: "failed", failure_message: "The bank account has been closed." };
    stripe.payouts.set(externalId, { ...stripe.payouts.get(externalId), ...failed });
    await payBanks({ ...api, offRamp });
    expect(await rowOf(payoutId)).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("has been closed"),
    });
  });

  test("error: forged, foreign or old news changes nothing", async () => {
    const payoutId = await owedRequest(10n * DOLLAR);
    await payBanks({ ...api, offRamp });
    const id = (await rowOf(payoutId))?.external_id ?? "";
    expect((await news("payout.paid", { id }, { secret: "whsec_other" })).statusCode).toBe(400);
    expect((await news("payout.paid", { id }, { at: Math.floor(Date.now() / 1000) - 301 })).statusCode).toBe(400);
    expect((await news("payout.paid", { id })).statusCode).toBe(204); // Stripe itself says that it is pending
    expect(await rowOf(payoutId)).toMatchObject({ state: "sent" });
  });

  test("error: without bank details, and with another payout address, nothing is asked for", async () => {
    await api.sql`update accounts set chain_account = null where account_id = ${user.accountId}`;
    const context = { sql: api.sql, chain: api.chain, offRamp, screener: null };
    const request = () => requestPayout(context, { accountId: user.accountId, method: "bank" });
    await expect(request()).rejects.toMatchObject({ code: "payout_below_minimum" });
    expect((await bank()).json()).toMatchObject({ enabled: false, payoutTo: ADDRESS });
    const account = await accountOfUser();
    stripe.accounts.set(account, { id: account, payouts_enabled: true });
    await news("account.updated", { id: account });
    expect((await bank()).json()).toMatchObject({ enabled: true });
    expect([...stripe.accounts.values()].filter(({ id }) => id === account)).toHaveLength(1);
  });
});
