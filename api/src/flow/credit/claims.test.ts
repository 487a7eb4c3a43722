import { parseUsd } from "@infr/money";
import { createTestClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../ids.ts";
import { readBalance } from "../../ledger/balance.ts";
import { differences } from "../../ledger/store.ts";
import { credit, newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { bookMoves, call, carryOut, clearAndSend, prepare, signOrder, transfer } from "../../testing/moves.ts";
import { bookOpenings, fundPlatform, openCustodial, openOnChain } from "../../testing/on-chain.ts";
import { type EmailUser, newEmailUser } from "../../testing/people.ts";
import { bookVoucherClosed, reverseCredit } from "./book-credit.ts";
import { returnGifts } from "./return-gifts.ts";

const SECRET: Hex = `0x${"5e".repeat(32)}`;
const MONTH_SECONDS = 30 * 86_400;
const DOLLAR = 1_000_000n;
const rich = privateKeyToAccount(RICH_KEY);
let api: TestApi;
let anvil: ReturnType<typeof createTestClient>;
let from: bigint;
let sender: TestUser;
let emails = 0;

type Who = Pick<TestUser, "cookie" | "accountId">;

beforeAll(async () => {
  api = await startApi({
    VOUCHER_SECRET: SECRET,
    SHARING_USD_PER_DAY: "12",
    EMAIL_CODES_PER_HOUR_PER_ADDRESS: "100000",
  });
  anvil = createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
  await fundPlatform(api);
  from = await api.chain.client.getBlockNumber();
});
afterAll(() => api.stop());
afterEach(async () => {
  expect(await differences(api.sql)).toEqual([]);
});

async function funded(dollars: bigint): Promise<TestUser> {
  const user = await newUser(api);
  await openOnChain(api, user, dollars * DOLLAR);
  await credit(api.sql, user.accountId, dollars * 1_000_000_000n);
  return user;
}

const newAddress = () => `someone${(emails += 1)}@example.com`;
const spendable = async ({ accountId }: Who) => (await readBalance(api.sql, accountId)).spendable;
const read = async (user: Who, id: string) =>
  (await call(api, user, { method: "GET", url: `/api/transfers/${id}` })).body;
const claim = (user: Pick<TestUser, "cookie">, id: string) => call(api, user, { url: `/api/claims/${id}` });
const cancel = (user: Who, id: string) => call(api, user, { url: `/api/transfers/${id}/cancel` });
const sendBack = () => returnGifts({ ...api, relayer: rich.address });
const mailsTo = async (address: string) =>
  (
    await api.sql<
      Array<{ template: string }>
    >`select template from mails where lower(address) = ${address} order by mail_id`
  )
    .map(({ template }) => template)
    .filter((template) => template !== "sign_in_code");

/** What the worker and everybody's events do, until nothing is on its way. */
async function work(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await carryOut(api, from);
    await bookOpenings(api);
  }
}

/** $5 that wait for an address, from a new sender with $20. */
async function waiting(email: string): Promise<string> {
  sender = await funded(20n);
  const { status, body } = await transfer(api, sender, { to: { email }, amount: "5", memo: "for you" });
  expect({ status, body }).toMatchObject({ status: 200, body: { state: "pending" } });
  expect(await spendable(sender)).toBe(parseUsd("15"));
  await work();
  return body.id;
}

/** Somebody without a wallet, with $10 in the contract. */
async function custodial(email: string): Promise<EmailUser> {
  const user = await newEmailUser(api, email);
  await openCustodial(api, user, 10n * DOLLAR);
  await credit(api.sql, user.accountId, 10_000_000_000n);
  return user;
}

describe("credit for an e-mail address that nobody signs in by", () => {
  test("default: waits, its reader is told, and has it by signing in", async () => {
    const email = newAddress();
    const id = await waiting(email);
    expect(await read(sender, id)).toMatchObject({
      state: "unclaimed",
      to: { by: "email", name: email, account: null },
    });
    expect(await mailsTo(email)).toEqual(["credit_waiting"]);
    const seen = await call(api, { cookie: "" }, { method: "GET", url: `/api/claims/${id}` });
    expect(seen).toMatchObject({ status: 200, body: { state: "unclaimed", amount: "5", message: "for you" } });
    expect(JSON.stringify(seen.body)).not.toContain(email);
    const reader = await newEmailUser(api, email.toUpperCase());
    await work();
    expect(await spendable(reader)).toBe(parseUsd("5"));
    expect(await read(sender, id)).toMatchObject({ state: "completed", to: { account: null } });
    expect(await read(reader, id)).toMatchObject({ state: "completed", direction: "received" });
    expect(await mailsTo(email)).toEqual(["credit_waiting", "transfer_received"]);
    expect(await claim(reader, id)).toMatchObject({ status: 200, body: { state: "redeemed" } });
  });

  test("behavior: its two halves are apart, and the link alone is not enough", async () => {
    const email = newAddress();
    const id = await waiting(email);
    const [row] = await api.sql<[{ code: string; all: string }]>`
      select code, to_jsonb(m)::text as all from moves m where move_id = ${id}`;
    const others = await call(api, await funded(5n), { url: "/api/gift-codes/redeem", payload: { code: row.code } });
    expect(others).toMatchObject({ status: 422, body: { code: "code_refused" } });
    const forwarded = await newEmailUser(api, newAddress());
    expect(await claim(forwarded, id)).toMatchObject({ status: 403, body: { code: "not_for_you" } });
    expect((await claim({ cookie: "" }, id)).status).toBe(401);
    await work();
    expect(await read(sender, id)).toMatchObject({ state: "unclaimed" });
  });

  test("behavior: asked for by many at once, it comes once", async () => {
    const email = newAddress();
    const id = await waiting(email);
    const reader = await newEmailUser(api, email);
    const answers = await Promise.all(Array.from({ length: 20 }, () => claim(reader, id)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await Promise.all([work(), ...Array.from({ length: 5 }, () => claim(reader, id))]);
    await work();
    expect(await spendable(reader)).toBe(parseUsd("5"));
    expect(await spendable(sender)).toBe(parseUsd("15"));
    const sent = await api.sql`select from transactions where kind = 'redeem' and account_id = ${reader.accountId}`;
    expect(sent).toHaveLength(1);
  });

  test("behavior: nobody comes, and after 30 days it is the sender's again by itself", async () => {
    const email = newAddress();
    const id = await waiting(email);
    await anvil.increaseTime({ seconds: MONTH_SECONDS + 1 });
    await anvil.mine({ blocks: 1 });
    const late = await newEmailUser(api, email);
    expect(await claim(late, id)).toMatchObject({ status: 409, body: { code: "claim_over" } });
    await Promise.all([sendBack(), sendBack()]);
    await work();
    expect(await read(sender, id)).toMatchObject({ state: "returned" });
    expect(await spendable(sender)).toBe(parseUsd("20"));
    expect(await spendable(late)).toBe(0n);
  });

  test("behavior: cancelled, nobody can claim it, and the owner's wallet gets it from the contract", async () => {
    const email = newAddress();
    const id = await waiting(email);
    const answer = await call(api, sender, { url: `/api/transfers/${id}/cancel` });
    expect(answer.status).toBe(200);
    const reader = await newEmailUser(api, email);
    expect(await claim(reader, id)).toMatchObject({ status: 409, body: { code: "claim_over" } });
    const owner = privateKeyToAccount(sender.privateKey);
    await anvil.setBalance({ address: owner.address, value: 10n ** 18n });
    const wallet = createWalletClient({ account: owner, transport: http(api.chain.rpcUrl) });
    const hash = await wallet.sendTransaction({ ...answer.body.call, chain: null });
    await api.chain.client.waitForTransactionReceipt({ hash });
    await bookMoves(api, from);
    expect(await read(sender, id)).toMatchObject({ state: "returned" });
    expect(await spendable(sender)).toBe(parseUsd("20"));
    expect((await cancel(sender, id)).status).toBe(200);
  });

  test("behavior: cancelled and claimed at once, one of the two has it", async () => {
    for (let round = 0; round < 4; round += 1) {
      const email = newAddress();
      const payer = await custodial(newAddress());
      const { body } = await prepare(api, payer as unknown as TestUser, { to: { email }, amount: "5" });
      await work();
      const reader = await newEmailUser(api, email);
      await Promise.all([cancel(payer, body.id), claim(reader, body.id)]);
      await work();
      await work();
      expect((await spendable(payer)) + (await spendable(reader))).toBe(parseUsd("10"));
    }
  });

  test("behavior: reorganised away, whoever had it gets it again and nobody else", async () => {
    const email = newAddress();
    const id = await waiting(email);
    const reader = await newEmailUser(api, email);
    await work();
    const [row] = await api.sql<[{ closed_event_id: string }]>`select closed_event_id from moves where move_id = ${id}`;
    const [event] = await api.sql`select * from chain_events where event_id = ${row.closed_event_id}`;
    await api.sql.begin((tx) => reverseCredit(tx, event as never));
    expect(await read(sender, id)).toMatchObject({ state: "pending" });
    expect(await spendable(reader)).toBe(0n);
    expect(await differences(api.sql)).toEqual([]);
    const data = { amount: "5000000", debt_repaid: "0", redeemed: "true" };
    const { voucher_key: key } = (
      await api.sql<[{ voucher_key: string }]>`select voucher_key from moves where move_id = ${id}`
    )[0];
    const [{ ref }] = await api.sql<[{ ref: string }]>`select ref from accounts where account_id = ${reader.accountId}`;
    await api.sql.begin(async (tx) => {
      await tx`update chain_events set times_booked = times_booked + 1 where event_id = ${row.closed_event_id}`;
      const again = { ...event, data: { ...data, key, ref, to_ref: ref }, times_booked: 1 };
      await bookVoucherClosed(tx, again as never);
    });
    expect(await spendable(reader)).toBe(parseUsd("5"));
    expect((await mailsTo(email)).filter((template) => template === "transfer_received")).toHaveLength(1);
  });
});

describe("credit for an address that somebody signs in by", () => {
  test("default: comes to his account by itself; the sender is told the same until then", async () => {
    const [known, unknown] = [newAddress(), newAddress()];
    const reader = await newEmailUser(api, known);
    sender = await funded(20n);
    const [one, other] = [
      await prepare(api, sender, { to: { email: known }, amount: "5" }),
      await prepare(api, sender, { to: { email: unknown }, amount: "5" }),
    ];
    const shapeOf = (body: object) =>
      JSON.stringify(body, (name, value) =>
        ["id", "key", "name", "expiry", "deadline", "validUntil", "claimUntil", "createdAt", "updatedAt"].includes(name)
          ? name
          : value,
      );
    expect(shapeOf(one.body)).toBe(shapeOf(other.body));
    const dry = await Promise.all(
      [known, unknown].map((email) =>
        call(api, sender, {
          url: "/api/transfers",
          payload: { to: { email }, amount: "1", dryRun: true },
          key: newId("transfer"),
        }),
      ),
    );
    expect(new Set(dry.map(({ status, body }) => shapeOf({ status, body }))).size).toBe(1);
    const signature = await signOrder(sender.privateKey, one.body.order);
    await call(api, sender, { url: `/api/transfers/${one.body.id}/signature`, payload: { signature } });
    await work();
    expect(await read(sender, one.body.id)).toMatchObject({ state: "completed" });
    expect(await spendable(reader)).toBe(parseUsd("5"));
    expect(await mailsTo(known)).toEqual(["transfer_received"]);
  });

  test("behavior: between two without wallets nobody signs anything, and both are told", async () => {
    const [giving, getting] = [newAddress(), newAddress()];
    const payer = await custodial(giving);
    const reader = await newEmailUser(api, getting);
    const key = newId("transfer");
    const ask = () => prepare(api, payer as unknown as TestUser, { to: { email: getting }, amount: "4", key });
    const answers = await Promise.all(Array.from({ length: 10 }, ask));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    await work();
    expect(await spendable(payer)).toBe(parseUsd("6"));
    expect(await spendable(reader)).toBe(parseUsd("4"));
    expect(await mailsTo(giving)).toEqual(["transfer_sent"]);
    expect(await mailsTo(getting)).toEqual(["transfer_received"]);
  });

  test("behavior: a frozen account gets nothing; it goes back like what nobody claims", async () => {
    const email = newAddress();
    const reader = await newEmailUser(api, email);
    await api.sql`update accounts set frozen_reason = 'a dispute' where account_id = ${reader.accountId}`;
    const id = await waiting(email);
    expect(await claim(reader, id)).toMatchObject({ status: 403, body: { code: "account_frozen" } });
    expect(await read(sender, id)).toMatchObject({ state: "unclaimed" });
  });
});

describe("what is refused", () => {
  test("error: own address, no address, too much of it, and nothing is written", async () => {
    const email = newAddress();
    const payer = await custodial(email);
    const before = await api.sql<[{ n: number }]>`select count(*)::int as n from moves`;
    const refusals: Array<[object, string, number, string]> = [
      [{ email: email.toUpperCase() }, "1", 422, "own_account"],
      [{ email: "nobody" }, "1", 400, "invalid_input"],
      [{ email: "a@example.com", account: payer.accountId }, "1", 400, "invalid_input"],
      [{ email: "a@example.com" }, "0", 400, "invalid_input"],
      [{ email: "a@example.com" }, "-1", 400, "invalid_input"],
      [{ email: "a@example.com" }, "0.0000001", 400, "invalid_input"],
      [{ email: "a@example.com" }, "10.000001", 402, "insufficient_credit"],
    ];
    for (const [to, amount, status, code] of refusals)
      expect(await prepare(api, payer as unknown as TestUser, { to, amount })).toMatchObject({
        status,
        body: { code },
      });
    expect(await api.sql<[{ n: number }]>`select count(*)::int as n from moves`).toEqual(before);
  });

  test("error: the daily cap counts what waits for addresses", async () => {
    sender = await funded(20n);
    for (const amount of ["5", "5"])
      expect((await transfer(api, sender, { to: { email: newAddress() }, amount })).status).toBe(200);
    const { status, body } = await prepare(api, sender, { to: { email: newAddress() }, amount: "5" });
    expect({ status, body }).toMatchObject({ status: 403, body: { code: "sharing_limit" } });
  });

  test("error: what is signed meanwhile stays set aside, whoever cancels it", async () => {
    for (let round = 0; round < 5; round += 1) {
      sender = await funded(20n);
      const { body } = await prepare(api, sender, { to: { email: newAddress() }, amount: "5" });
      const signature = await signOrder(sender.privateKey, body.order);
      const url = `/api/transfers/${body.id}/signature`;
      await Promise.all([
        call(api, sender, { url, payload: { signature } }),
        cancel(sender, body.id),
        clearAndSend(api),
        cancel(sender, body.id),
      ]);
      const { state } = await read(sender, body.id);
      expect(await spendable(sender)).toBe(state === "expired" ? parseUsd("20") : parseUsd("15"));
      await work();
    }
  });
});

describe("a gift for an e-mail address", () => {
  test("default: only who has proved to read it can redeem its code", async () => {
    const email = newAddress();
    sender = await funded(20n);
    const payload = { amount: "5", lock: { email: email.toUpperCase() } };
    const { body } = await call(api, sender, { url: "/api/gift-codes", payload, key: newId("gift") });
    const signature = await signOrder(sender.privateKey, body.order);
    await call(api, sender, { url: `/api/gift-codes/${body.id}/signature`, payload: { signature } });
    await work();
    const redeem = (user: Who) => call(api, user, { url: "/api/gift-codes/redeem", payload: { code: body.code } });
    expect(await redeem(await funded(5n))).toMatchObject({ status: 422, body: { code: "code_refused" } });
    const reader = await newEmailUser(api, email);
    expect(await redeem(reader)).toMatchObject({ status: 200, body: { state: "opening" } });
    await work();
    expect(await redeem(reader)).toMatchObject({ status: 200, body: { state: "pending" } });
    await work();
    expect(await spendable(reader)).toBe(parseUsd("5"));
  });

  test("error: a lock names one of wallet and address", async () => {
    sender = await funded(20n);
    const wallet = privateKeyToAccount(sender.privateKey).address;
    for (const lock of [{}, { wallet, email: "a@example.com" }, { email: "nobody" }]) {
      const wanted = { url: "/api/gift-codes", payload: { amount: "5", lock }, key: newId("gift") };
      expect(await call(api, sender, wanted)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
    }
  });
});
