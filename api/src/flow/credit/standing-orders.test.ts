import { parseUsd } from "@infr/money";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../ids.ts";
import { readBalance } from "../../ledger/balance.ts";
import { differences } from "../../ledger/store.ts";
import { credit, newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { call, carryOut } from "../../testing/moves.ts";
import { bookOpenings, fundPlatform, openCustodial, openOnChain } from "../../testing/on-chain.ts";
import { type EmailUser, newEmailUser } from "../../testing/people.ts";
import { runStandingOrders } from "./standing-orders.ts";

const WORKERS = 6;
let api: TestApi;
let getter: TestUser;
let from: bigint;
let people = 0;

beforeAll(async () => {
  api = await startApi({ EMAIL_CODES_PER_HOUR_PER_ADDRESS: "100000" });
  await fundPlatform(api);
  getter = await funded(5n);
  from = await api.chain.client.getBlockNumber();
});
afterAll(() => api.stop());
afterEach(async () => {
  await api.sql`update standing_orders set state = 'ended' where state <> 'ended'`;
  expect(await differences(api.sql)).toEqual([]);
});

async function funded(dollars: bigint): Promise<TestUser> {
  const user = await newUser(api);
  await openOnChain(api, user, dollars * 1_000_000n);
  await credit(api.sql, user.accountId, dollars * 1_000_000_000n);
  return user;
}

/** Somebody without a wallet, with $10. */
async function withoutWallet(): Promise<EmailUser> {
  const user = await newEmailUser(api, `standing${(people += 1)}@example.com`);
  await openCustodial(api, user, 10_000_000n);
  await credit(api.sql, user.accountId, 10_000_000_000n);
  return user;
}

type Who = Pick<TestUser, "cookie" | "accountId">;
type Standing = { id: string; state: string; runs: number; nextAt: string; failure: string | null };

const spendable = async ({ accountId }: Who) => (await readBalance(api.sql, accountId)).spendable;
const order = async (user: Who, wanted: object = {}) => {
  const payload = { to: { account: getter.accountId }, amount: "3", every: "week", ...wanted };
  const { status, body } = await call(api, user, { url: "/api/standing-orders", payload });
  return { status, body: body as unknown as Standing & { code: string } };
};
const read = async (user: Who, id: string) => {
  const { body } = await call(api, user, { method: "GET", url: "/api/standing-orders" });
  return (body as unknown as { orders: Standing[] }).orders.find((one) => one.id === id);
};
const change = (user: Who, id: string, state: string) =>
  api.app.inject({
    method: "PATCH",
    url: `/api/standing-orders/${id}`,
    headers: { cookie: user.cookie },
    payload: { state },
  });
const run = () => {
  const { sharing, voucherSecret, custodianAddress: custodian } = api.config;
  const relayer = privateKeyToAccount(RICH_KEY).address;
  const outside = { screener: null, directories: null };
  return runStandingOrders({ ...api, ...outside, relayer, sharing, voucherSecret, custodian });
};
/** As if so much time had gone by since it was made. */
const pass = (id: string, time: string) =>
  api.sql`
  alter table standing_orders disable trigger standing_orders_step;
  update standing_orders set starts_at = starts_at - '${api.sql.unsafe(time)}'::interval, next_at = next_at - '${api.sql.unsafe(time)}'::interval
    where order_id = '${api.sql.unsafe(id)}';
  alter table standing_orders enable trigger standing_orders_step`.simple();
const mailsOf = async (id: string) =>
  (
    await api.sql<Array<{ template: string }>>`
    select template from mails where cause like ${`standing:${id}:%`} order by created_at`
  ).map(({ template }) => template);

describe("a standing order", () => {
  test(`behavior: ${WORKERS} workers at once carry out one run, and none before the next is due`, async () => {
    const giver = await withoutWallet();
    const before = await spendable(getter);
    const { status, body } = await order(giver);
    expect({ status, body }).toMatchObject({ status: 201, body: { state: "active", runs: 0 } });
    for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: WORKERS }, run));
    await carryOut(api, from);
    expect(await spendable(getter)).toBe(before + parseUsd("3"));
    expect(await spendable(giver)).toBe(parseUsd("7"));
    expect(await read(giver, body.id)).toMatchObject({ runs: 1, failure: null });
  });

  test("behavior: asked for again and at once with one key it is one order; another one needs another key", async () => {
    const giver = await withoutWallet();
    const [key, other] = [newId("transfer"), newId("transfer")];
    const asked = (wanted: object, with_: string) =>
      call(api, giver, {
        url: "/api/standing-orders",
        payload: { to: { account: getter.accountId }, amount: "1", every: "day", ...wanted },
        key: with_,
      });
    const answers = await Promise.all(Array.from({ length: WORKERS }, () => asked({}, key)));
    expect(answers.map(({ status }) => status)).toEqual(Array(WORKERS).fill(201));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await asked({ amount: "2" }, key)).toMatchObject({ status: 409, body: { code: "idempotency_key_reused" } });
    expect((await asked({}, other)).body.id).not.toBe(answers[0]?.body.id);
    const [{ n }] = await api.sql<[{ n: number }]>`
      select count(*)::int as n from standing_orders where account_id = ${giver.accountId}`;
    expect(n).toBe(2);
  });

  test("behavior: after weeks without a worker it runs once, and then on its old day", async () => {
    const giver = await withoutWallet();
    const { body } = await order(giver);
    await run();
    await pass(body.id, "24 days");
    await Promise.all(Array.from({ length: WORKERS }, run));
    await run();
    await carryOut(api, from);
    expect(await spendable(giver)).toBe(parseUsd("4"));
    const next = new Date((await read(giver, body.id))?.nextAt ?? 0).getTime();
    const days = (next - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(3.9);
    expect(days).toBeLessThan(4.1);
  });

  test("behavior: a crash between the transfer and its note makes no second transfer", async () => {
    const giver = await withoutWallet();
    const { body } = await order(giver);
    await run();
    await api.sql`alter table standing_orders disable trigger standing_orders_step`;
    await api.sql`update standing_orders set runs = 0, next_at = now() where order_id = ${body.id}`;
    await api.sql`alter table standing_orders enable trigger standing_orders_step`;
    await run();
    await carryOut(api, from);
    expect(await spendable(giver)).toBe(parseUsd("7"));
    expect(await read(giver, body.id)).toMatchObject({ runs: 1 });
  });

  test("behavior: ended in the moment in which it is due, nothing is sent", async () => {
    const giver = await withoutWallet();
    const { body } = await order(giver);
    await api.sql.begin(async (tx) => {
      await tx`update standing_orders set state = 'ended' where order_id = ${body.id}`;
      await run();
    });
    await run();
    expect(await read(giver, body.id)).toMatchObject({ state: "ended", runs: 0 });
    expect(await spendable(giver)).toBe(parseUsd("10"));
    expect(await api.sql`select from moves where account_id = ${giver.accountId}`).toHaveLength(0);
  });

  test("behavior: paused it does nothing, what fell into the pause is not made up for, ended it stays so", async () => {
    const giver = await withoutWallet();
    const { body } = await order(giver);
    expect((await change(giver, body.id, "paused")).statusCode).toBe(200);
    await run();
    await pass(body.id, "8 days");
    expect((await change(giver, body.id, "active")).statusCode).toBe(200);
    await run();
    expect(await read(giver, body.id)).toMatchObject({ state: "active", runs: 0 });
    expect((await change(giver, body.id, "ended")).statusCode).toBe(200);
    expect((await change(giver, body.id, "active")).json()).toMatchObject({ code: "order_over" });
    await pass(body.id, "8 days");
    await run();
    expect(await spendable(giver)).toBe(parseUsd("10"));
    expect((await change(getter, body.id, "paused")).statusCode).toBe(404);
  });

  test("behavior: a failure moves nothing and is told once, until it has worked again", async () => {
    const giver = await withoutWallet();
    const { body } = await order(giver, { amount: "20" });
    await run();
    await pass(body.id, "7 days");
    await run();
    expect(await mailsOf(body.id)).toEqual(["standing_order_failed"]);
    expect((await read(giver, body.id))?.failure).toContain("Deposit");
    await credit(api.sql, giver.accountId, 0n + 20_000_000_000n);
    await pass(body.id, "7 days");
    await run();
    expect(await read(giver, body.id)).toMatchObject({ runs: 3, failure: null });
    const [move] = await api.sql<[{ move_id: string }]>`
      select last_move as move_id from standing_orders where order_id = ${body.id}`;
    await api.sql`select end_move(${move.move_id}, 'failed', 'test')`;
    await api.sql`update accounts set frozen_reason = 'a dispute' where account_id = ${giver.accountId}`;
    await pass(body.id, "7 days");
    await run();
    expect(await mailsOf(body.id)).toEqual(["standing_order_failed", "standing_order_failed"]);
  });

  test("behavior: whoever has a wallet is asked to sign, once for each run; unsigned, nothing moves", async () => {
    const giver = await funded(10n);
    await api.sql`
      insert into emails (email_id, user_id, address)
      select 'email_' || user_id, user_id, user_id || '@example.com' from account_members where account_id = ${giver.accountId}`;
    const { body } = await order(giver);
    await Promise.all([run(), run()]);
    await run();
    expect(await mailsOf(body.id)).toEqual(["standing_order_to_sign"]);
    expect(await spendable(giver)).toBe(parseUsd("10"));
    const waiting =
      await api.sql`select from moves where account_id = ${giver.accountId} and state = 'awaiting_signature'`;
    expect(waiting).toHaveLength(1);
  });

  test("behavior: without a wallet there is nothing to sign, also while the recipient's account is being opened", async () => {
    const giver = await withoutWallet();
    const { body } = await order(giver, { to: { wallet: privateKeyToAccount(generatePrivateKey()).address } });
    await run();
    expect(await read(giver, body.id)).toMatchObject({ runs: 1, failure: null });
    expect(await mailsOf(body.id)).toEqual([]);
    await carryOut(api, from);
    await bookOpenings(api);
    await carryOut(api, from);
    expect(await spendable(giver)).toBe(parseUsd("7"));
  });

  test("behavior: months keep their day, also the 31st", async () => {
    const next = async (starts: string, after: string) => {
      const [row] = await api.sql<[{ at: Date }]>`select next_run(${starts}, 'month', ${after}) as at`;
      return row.at.toISOString().slice(0, 10);
    };
    expect(await next("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z")).toBe("2026-02-28");
    expect(await next("2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z")).toBe("2026-03-31");
    expect(await next("2026-01-31T10:00:00Z", "2027-05-15T00:00:00Z")).toBe("2027-05-31");
    expect(await next("2026-01-31T10:00:00Z", "2026-01-01T00:00:00Z")).toBe("2026-01-31");
  });

  test("behavior: however many have ended, those that have not come first", async () => {
    const user = await funded(5n);
    const ids: string[] = [];
    for (const amount of ["1", "2", "3"]) ids.push((await order(user, { amount })).body.id);
    await change(user, ids[1] ?? "", "paused");
    await change(user, ids[2] ?? "", "ended");
    const list = async (limit: number) => {
      const { body } = await call(api, user, { method: "GET", url: `/api/standing-orders?limit=${limit}` });
      return (body as unknown as { orders: Standing[] }).orders.map(({ id }) => id);
    };
    expect(await list(2)).toEqual([ids[1], ids[0]]);
    expect(await list(3)).toEqual([ids[1], ids[0], ids[2]]);
  });

  test("error: nobody, oneself, nothing, too precise, the past before the start", async () => {
    const giver = await withoutWallet();
    const refusals: Array<[object, number]> = [
      [{ to: { account: "acct_unknown" } }, 422],
      [{ to: { account: giver.accountId } }, 422],
      [{ to: { email: giver.email } }, 422],
      [{ to: {} }, 400],
      [{ amount: "0" }, 400],
      [{ amount: "0.0000001" }, 400],
      [{ endsAt: "2020-01-01T00:00:00Z" }, 400],
      [{ startsAt: "2999-01-01T00:00:00Z" }, 400],
    ];
    for (const [wanted, status] of refusals) expect((await order(giver, wanted)).status).toBe(status);
  });
});
