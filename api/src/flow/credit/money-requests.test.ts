import { parseUsd } from "@infr/money";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../ids.ts";
import { readBalance } from "../../ledger/balance.ts";
import { differences } from "../../ledger/store.ts";
import { credit, newUser, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { type Answer, call, carryOut, prepare, signOrder, transfer } from "../../testing/moves.ts";
import { fundPlatform, openOnChain } from "../../testing/on-chain.ts";
import { endMove } from "./clearing-store.ts";

const PAYERS = 8;
let api: TestApi;
let asker: TestUser;
let from: bigint;

beforeAll(async () => {
  api = await startApi();
  await fundPlatform(api);
  asker = await funded(5n);
  from = await api.chain.client.getBlockNumber();
});
afterAll(() => api.stop());
afterEach(async () => {
  expect(await differences(api.sql)).toEqual([]);
});

async function funded(dollars: bigint): Promise<TestUser> {
  const user = await newUser(api);
  await openOnChain(api, user, dollars * 1_000_000n);
  await credit(api.sql, user.accountId, dollars * 1_000_000_000n);
  return user;
}

const spendable = async ({ accountId }: TestUser) => (await readBalance(api.sql, accountId)).spendable;
const ask = async (payload: object = {}) => {
  const { status, body } = await call(api, asker, { url: "/api/requests", payload: { amount: "3", ...payload } });
  expect(status).toBe(201);
  return body.id;
};
const look = (id: string) => call(api, { cookie: "" }, { method: "GET", url: `/api/requests/${id}` });
const cancel = (user: TestUser, id: string) => call(api, user, { url: `/api/requests/${id}/cancel` });
const over = { status: 409, body: { code: "request_over" } };

describe("a request for money", () => {
  test("default: whoever has the link sees who asks for what, and pays it with a transfer", async () => {
    const id = await ask({ message: "pizza" });
    const { address } = (
      await api.sql<[{ address: string }]>`
      select address from wallets join account_members using (user_id) where account_id = ${asker.accountId}`
    )[0];
    expect(await look(id)).toMatchObject({ body: { state: "open", amount: "3", message: "pizza", from: address } });
    const payer = await funded(10n);
    const before = await spendable(asker);
    const dry = {
      url: "/api/transfers",
      payload: { to: { request: id }, amount: "3", dryRun: true },
      key: newId("ask"),
    };
    expect((await call(api, payer, dry)).status).toBe(200);
    expect(await transfer(api, payer, { to: { request: id }, amount: "3" })).toMatchObject({ status: 200 });
    expect(await look(id)).toMatchObject({ body: { state: "pending" } });
    await carryOut(api, from);
    expect(await look(id)).toMatchObject({ body: { state: "paid" } });
    expect(await spendable(asker)).toBe(before + parseUsd("3"));
    expect(await prepare(api, await funded(10n), { to: { request: id }, amount: "3" })).toMatchObject(over);
    expect(await cancel(asker, id)).toMatchObject(over);
  });

  test(`behavior: of ${PAYERS} who pay it at once, one does, and the others keep their money`, async () => {
    const id = await ask();
    const before = await spendable(asker);
    const payers: TestUser[] = [];
    for (let n = 0; n < PAYERS; n += 1) payers.push(await funded(5n)); // one after the other: one sender opens their accounts
    const prepared: Answer[] = [];
    for (const payer of payers) prepared.push((await prepare(api, payer, { to: { request: id }, amount: "3" })).body);
    const answers = await Promise.all(
      payers.map(async (payer, n) => {
        const signature = await signOrder(payer.privateKey, prepared[n]?.order ?? null);
        return call(api, payer, { url: `/api/transfers/${prepared[n]?.id}/signature`, payload: { signature } });
      }),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === "request_over")).toHaveLength(PAYERS - 1);
    await carryOut(api, from);
    expect(await spendable(asker)).toBe(before + parseUsd("3"));
    const left = await Promise.all(payers.map(spendable));
    expect(left.reduce((sum, one) => sum + one, 0n)).toBe(parseUsd(String(PAYERS * 5 - 3)));
  });

  test("behavior: a payment that does not come leaves it to be paid by somebody else", async () => {
    const id = await ask();
    const payer = await funded(10n);
    const { body } = await transfer(api, payer, { to: { request: id }, amount: "3" });
    await endMove(api.sql, { moveId: body.id, state: "failed", reason: "test" });
    expect(await look(id)).toMatchObject({ body: { state: "open" } });
    expect(await transfer(api, await funded(10n), { to: { request: id }, amount: "3" })).toMatchObject({ status: 200 });
    await carryOut(api, from);
    expect(await look(id)).toMatchObject({ body: { state: "paid" } });
  });

  test("behavior: cancelled and paid at once, one of the two holds", async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await ask();
      const payer = await funded(5n);
      const { body } = await prepare(api, payer, { to: { request: id }, amount: "3" });
      const signature = await signOrder(payer.privateKey, body.order);
      const [cancelled, paid] = await Promise.all([
        cancel(asker, id),
        call(api, payer, { url: `/api/transfers/${body.id}/signature`, payload: { signature } }),
      ]);
      expect([cancelled.status, paid.status].toSorted((a, b) => a - b)).toEqual([200, 409]);
      expect(await spendable(payer)).toBe(parseUsd(paid.status === 200 ? "2" : "5"));
      await carryOut(api, from);
    }
  });

  test("error: another amount, one's own, expired, cancelled, unknown, and bad input", async () => {
    const id = await ask();
    const payer = await funded(10n);
    const pay = (to: object, amount: string, who = payer) => prepare(api, who, { to, amount });
    expect(await pay({ request: id }, "2")).toMatchObject({ status: 400, body: { code: "invalid_input" } });
    expect(await pay({ request: id }, "3", asker)).toMatchObject({ status: 422, body: { code: "own_account" } });
    expect(await pay({ request: "ask_unknown" }, "3")).toMatchObject({
      status: 422,
      body: { code: "unknown_recipient" },
    });
    expect(await cancel(payer, id)).toMatchObject({ status: 404 });
    await api.sql`update money_requests set expires_at = now() where request_id = ${id}`;
    expect(await pay({ request: id }, "3")).toMatchObject(over);
    expect(await look(id)).toMatchObject({ body: { state: "expired" } });
    const another = await ask();
    expect(await cancel(asker, another)).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect(await pay({ request: another }, "3")).toMatchObject(over);
    for (const amount of ["0", "-1", "0.0000001", "much"])
      expect((await call(api, asker, { url: "/api/requests", payload: { amount } })).status).toBe(400);
    await api.sql`update accounts set frozen_reason = 'a dispute' where account_id = ${asker.accountId}`;
    const third = await ask();
    expect(await pay({ request: third }, "3")).toMatchObject({ status: 422, body: { code: "recipient_frozen" } });
    await api.sql`update accounts set frozen_reason = null where account_id = ${asker.accountId}`;
    expect(await spendable(payer)).toBe(parseUsd("10"));
  });
});
