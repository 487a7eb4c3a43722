import { nanoUsd, parseUsd } from "@infr/money";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { newId } from "../ids.ts";
import { bookEntries } from "../ledger/entries.ts";
import { testDatabase } from "../testing/database.ts";
import { warnBalances } from "./warn-balances.ts";

const POLICY = { thresholds: ["5", "1", "0"].map(parseUsd), pushAt: parseUsd("1") };
let sql: Sql;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
});
afterAll(() => drop());

async function newAccount(): Promise<string> {
  const [accountId, userId] = [newId("acct"), newId("user")];
  const ref = `0x${"0".repeat(38)}${accountId
    .slice(5)
    .padEnd(26, "0")
    .replaceAll(/[^0-9a-f]/g, "0")}`;
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${accountId}, 'personal', ${`0x${"1".repeat(40)}`}, ${`0x${"0".repeat(64)}`}, ${ref})`;
  await sql`insert into users (user_id) values (${userId})`;
  await sql`insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'owner')`;
  await sql`insert into emails (email_id, user_id, address) values (${newId("email")}, ${userId}, ${`${accountId}@example.com`})`;
  await sql`
    insert into push_subscriptions (subscription_id, user_id, endpoint, p256dh, auth)
    values (${newId("push")}, ${userId}, ${`https://push.example.com/${userId}`}, 'x', 'x')`;
  await sql`
    insert into webhook_endpoints (endpoint_id, account_id, url, secret)
    values (${newId("hook")}, ${accountId}, 'https://hook.example.com', 'whsec_x')`;
  return accountId;
}

/** Credit in the contract; below zero it is metered away. */
async function move(accountId: string, usd: string): Promise<void> {
  const amount = parseUsd(usd.replace("-", ""));
  const credit = { book: "credit", account: accountId } as const;
  const entry = usd.startsWith("-")
    ? { debit: { book: "usage", account: accountId }, credit: { book: "unsettled", account: "acct_platform" }, amount }
    : { debit: { book: "escrow", account: "" }, credit, amount };
  await sql.begin((tx) => bookEntries(tx, { cause: `test:${newId("event")}`, entries: [entry as never] }));
}

const warn = () => warnBalances(sql, POLICY);
async function told(accountId: string): Promise<Array<{ threshold: string; balance: string }>> {
  return sql`
    select data->>'threshold' as threshold, data->>'balance' as balance from mails
    where address = ${`${accountId}@example.com`} order by created_at`;
}

describe("warnBalances", () => {
  test("default: at $5, $1 and $0, each once, however often it is looked", async () => {
    const account = await newAccount();
    await move(account, "10");
    for (const change of [null, "-5.5", null, "-3.9", null, "-0.6", null]) {
      if (change) await move(account, change);
      await warn();
      await warn();
    }
    expect(await told(account)).toEqual([
      { threshold: "5", balance: "4.5" },
      { threshold: "1", balance: "0.6" },
      { threshold: "0", balance: "0" },
    ]);
    const events = await sql`select data from webhook_events where account_id = ${account} order by created_at`;
    expect(events.map((row) => row["data"].threshold)).toEqual(["5", "1", "0"]);
    // Desktop notifications begin at $1.
    const pushes = await sql`
      select message from pushes join push_subscriptions using (subscription_id) join account_members using (user_id)
      where account_id = ${account}`;
    expect(pushes).toHaveLength(2);
  });

  test("behavior: it counts from the threshold itself: $5 is not below $5", async () => {
    const account = await newAccount();
    await move(account, "5");
    await warn();
    await warn();
    expect(await told(account)).toEqual([]);
    await move(account, "-0.000000001");
    await warn();
    expect(await told(account)).toEqual([{ threshold: "5", balance: "4.999999999" }]);
  });

  test("behavior: a refill arms it again, one that stays below does not", async () => {
    const account = await newAccount();
    await move(account, "6");
    await warn();
    await move(account, "-2");
    await warn();
    await move(account, "0.5");
    await warn();
    await move(account, "-0.5");
    await warn();
    expect(await told(account)).toHaveLength(1);
    await move(account, "1");
    await warn();
    await move(account, "-1");
    await warn();
    expect((await told(account)).map(({ threshold }) => threshold)).toEqual(["5", "5"]);
  });

  test("behavior: who falls through all of them at once is told of the lowest", async () => {
    const account = await newAccount();
    await move(account, "10");
    await warn();
    await move(account, "-10");
    await warn();
    expect(await told(account)).toEqual([{ threshold: "0", balance: "0" }]);
  });

  test("behavior: who never had that much is not warned", async () => {
    const account = await newAccount();
    await warn();
    await move(account, "0.5");
    await warn();
    await move(account, "-0.2");
    await warn();
    expect(await told(account)).toEqual([]);
  });

  test("behavior: what running requests hold is not gone", async () => {
    const account = await newAccount();
    await move(account, "6");
    await warn();
    await sql`update balances set held_nano = ${nanoUsd(5_900_000_000n)} where account_id = ${account}`;
    await warn();
    expect(await told(account)).toEqual([]);
  });

  test("behavior: of two workers, and ten, one warns; for many accounts at once, each once", async () => {
    const accounts = await Promise.all(Array.from({ length: 30 }, newAccount));
    for (const account of accounts) await move(account, "6");
    await warn();
    for (const account of accounts) await move(account, "-6");
    await Promise.all(Array.from({ length: 10 }, warn));
    for (const account of accounts) expect(await told(account)).toHaveLength(1);
  });

  test("behavior: a threshold that is no longer configured warns nobody", async () => {
    const account = await newAccount();
    await move(account, "6");
    await warn();
    await warnBalances(sql, { ...POLICY, thresholds: [parseUsd("1")] });
    await move(account, "-2");
    await warnBalances(sql, { ...POLICY, thresholds: [parseUsd("1")] });
    expect(await told(account)).toEqual([]);
  });
});
