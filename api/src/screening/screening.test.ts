import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Hex, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { noteBooked } from "../chain/events-store.ts";
import { bookDeposit } from "../flow/deposit/book-deposit.ts";
import { confirmDeposits } from "../flow/deposit/confirm-deposits.ts";
import { TRUST } from "../flow/deposit/trust.ts";
import { newId } from "../ids.ts";
import { readBalance } from "../ledger/balance.ts";
import { differences } from "../ledger/store.ts";
import { credit, newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { call, prepare } from "../testing/moves.ts";
import { eventOf, fundPlatform, openOnChain } from "../testing/on-chain.ts";
import { openScreener } from "./open-screener.ts";
import { type isListed, screenAgain, screenDeposits } from "./screen-wallet.ts";

const KEY = "a-key";
const DOLLAR = 1_000_000_000n;
/** Answers as Chainalysis documents its sanctions API. */
const provider = { listed: new Set<string>(), isDown: false, asked: 0 };
let server: Server;
let api: TestApi;
let screening: Parameters<typeof isListed>[0];

beforeAll(async () => {
  server = createServer((request, response) => {
    provider.asked += 1;
    const address = request.url?.split("/").at(-1) ?? "";
    if (provider.isDown) return void response.writeHead(503).end();
    if (request.headers["x-api-key"] !== KEY) return void response.writeHead(403).end();
    const found = { category: "sanctions", name: "SANCTIONS: OFAC SDN", description: "…", url: "https://example.com" };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ identifications: provider.listed.has(address) ? [found] : [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api = await startApi({ SCREENING_URL: url, SCREENING_KEY: KEY });
  screening = { sql: api.sql, screener: openScreener(api.config) };
});
afterAll(async () => {
  await api.stop();
  server.close();
});
afterEach(async () => {
  provider.isDown = false;
  expect(await differences(api.sql)).toEqual([]);
});

const addressOf = (key: Hex) => privateKeyToAddress(key).toLowerCase();
async function signIn(key: Hex) {
  const { nonce } = (await api.app.inject({ method: "POST", url: "/api/auth/nonce" })).json<{ nonce: string }>();
  return api.app.inject({ method: "POST", url: "/api/auth/verify", payload: await api.signMessage(key, { nonce }) });
}
const frozenOf = async ({ accountId }: TestUser) => {
  const [row] = await api.sql<[{ frozen_reason: string | null }]>`
    select frozen_reason from accounts where account_id = ${accountId}`;
  return row.frozen_reason;
};
const age = (address: string) =>
  api.sql`update screenings set checked_at = now() - interval '2 days' where address = ${address}`;

/** A deposit of $7 by a wallet, booked as its event would be, in a block that is safe. */
async function deposit({ accountId }: TestUser, payer: string): Promise<void> {
  const [row] = await api.sql<[{ ref: string }]>`select ref from accounts where account_id = ${accountId}`;
  const data = { amount: "7000000", debt_repaid: "0", payer, rail: "0", memo: zeroHash, ref: row.ref };
  const event = eventOf({ kind: "deposited", eventId: `${api.chainId}:${newId("tx")}:0`, data });
  await api.sql.begin(async (tx) => {
    await noteBooked(tx, event);
    await bookDeposit(tx, event, { safeBlock: 10n, trust: { ...TRUST, screens: true } });
    await tx`update chain_events set finality = 'safe' where event_id = ${event.event_id}`;
  });
}
const balanceOf = ({ accountId }: TestUser) => readBalance(api.sql, accountId);

/** Somebody with credit to give. */
async function newGiver(): Promise<TestUser> {
  const user = await newUser(api);
  await fundPlatform(api);
  await openOnChain(api, user, 5_000_000n);
  await credit(api.sql, user.accountId, 5n * DOLLAR);
  return user;
}

describe("screening", () => {
  test("behavior: a wallet on a list is refused at sign-in, and what it owns is frozen; others are asked for once a day", async () => {
    const key = generatePrivateKey();
    const user = await newUser(api, key);
    const asked = provider.asked;
    expect((await signIn(key)).statusCode).toBe(200);
    expect(provider.asked).toBe(asked);
    provider.listed.add(addressOf(key));
    await age(addressOf(key));
    const refused = await signIn(key);
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([403, "sanctioned"]);
    expect(await frozenOf(user)).toContain(addressOf(key));
  });

  test("behavior: without an answer people sign in, and nothing is sent to wallets", async () => {
    const user = await newGiver();
    provider.isDown = true;
    expect((await signIn(generatePrivateKey())).statusCode).toBe(200);
    const to = { wallet: privateKeyToAddress(generatePrivateKey()) };
    expect((await prepare(api, user, { to, amount: "1" })).status).toBe(503);
  });

  test("behavior: nothing is sent to a wallet on a list", async () => {
    const listed = privateKeyToAddress(generatePrivateKey());
    provider.listed.add(listed.toLowerCase());
    const { status, body } = await prepare(api, await newGiver(), { to: { wallet: listed }, amount: "1" });
    expect([status, body.code]).toEqual([403, "sanctioned"]);
  });

  test("behavior: a deposit waits for its payer to be looked at, and is spendable once, whoever looks", async () => {
    const user = await newUser(api);
    const payer = addressOf(generatePrivateKey());
    provider.isDown = true;
    await deposit(user, payer);
    await expect(screenDeposits(screening)).rejects.toMatchObject({ code: "unavailable" });
    await confirmDeposits(api.sql);
    expect((await balanceOf(user)).spendable).toBe(0n);
    provider.isDown = false;
    const round = async () => {
      await screenDeposits(screening);
      await confirmDeposits(api.sql);
    };
    await Promise.all([round(), round(), round(), round()]);
    expect((await balanceOf(user)).spendable).toBe(7n * DOLLAR);
    await deposit(user, payer);
    expect((await balanceOf(user)).spendable).toBe(14n * DOLLAR);
  });

  test("behavior: what a wallet on a list paid is held, not lost, and goes on when it is taken off", async () => {
    const user = await newUser(api);
    const payer = addressOf(generatePrivateKey());
    provider.listed.add(payer);
    await deposit(user, payer);
    await screenDeposits(screening);
    await confirmDeposits(api.sql);
    expect((await balanceOf(user)).spendable).toBe(0n);
    expect(await frozenOf(user)).toContain(payer);
    await deposit(user, payer);
    await screenDeposits(screening);
    await confirmDeposits(api.sql);
    expect((await balanceOf(user)).spendable).toBe(0n);
    provider.listed.delete(payer);
    await age(payer);
    await screenAgain(screening);
    await confirmDeposits(api.sql);
    expect((await balanceOf(user)).spendable).toBe(14n * DOLLAR);
    // Whether it goes on is for somebody to say.
    expect(await frozenOf(user)).not.toBeNull();
    const { status } = await call(api, user, { method: "GET", url: "/api/transfers" });
    expect(status).toBe(200);
  });
});
