import { creditEscrowAbi } from "@infr/contracts/abi";
import { nanoUsd } from "@infr/money";
import { accountRef } from "@infr/protocol";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bringUpToDate } from "../../funding/follow-payment.ts";
import { newId } from "../../ids.ts";
import { readBalance } from "../../ledger/balance.ts";
import { differences } from "../../ledger/store.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { coverLots, holdNano } from "../../testing/lots.ts";
import { carryOut } from "../../testing/moves.ts";
import { eventOf, fundPlatform, openOnChain } from "../../testing/on-chain.ts";
import { bookAccountOpened } from "../deposit/book-account.ts";
import { convertLots } from "./convert-lots.ts";
import { grantLot } from "./grant-lot.ts";
import { lotOf } from "./lot-store.ts";

const DOLLAR = 1_000_000_000n;
const DAY_MS = 86_400_000;
const WINDOW = 120;
const owner = privateKeyToAccount(RICH_KEY);
let api: TestApi;
let from: bigint;

beforeAll(async () => {
  api = await startApi();
  await fundPlatform(api);
  await coverLots(api.sql, 100n * DOLLAR);
  await openPlatform();
  from = await api.chain.client.getBlockNumber({ cacheTime: 0 });
});
afterAll(() => api.stop());
afterEach(async () => {
  expect(await differences(api.sql)).toEqual([]);
});

/** Books what opened account 1, as the contract's deployment does. */
async function openPlatform(): Promise<void> {
  await api.sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
    values ('opened:1', 'account_opened', 1, '', 1, '', now(), 'safe')`;
  const address = owner.address.toLowerCase() as Hex;
  const data = { account: "1", owner: address, ref: accountRef({ owner: address }) };
  await api.sql.begin((tx) => bookAccountOpened(tx, eventOf({ kind: "account_opened", eventId: "opened:1", data })));
}

const convert = (now = new Date()) =>
  convertLots({ ...api, relayer: owner.address, platform: owner.address, windowDays: WINDOW, now });

/** Somebody who paid so many cents by card, so many days ago. */
async function payer(cents: bigint, daysAgo: number): Promise<{ user: TestUser; lotId: string; paymentId: string }> {
  const user = await newUser(api);
  await openOnChain(api, user, 5_000_000n);
  const paymentId = newId("pay");
  const { accountId } = user;
  await api.sql`
    insert into card_payments (payment_id, account_id, purpose, state, asked_cents, received_cents)
    values (${paymentId}, ${accountId}, 'purchase', 'paid', ${cents}, ${cents})`;
  const grant = {
    accountId,
    kind: "card" as const,
    cause: `card:${paymentId}`,
    amount: nanoUsd(cents * 10_000_000n),
    expiresAt: null,
  };
  const at = new Date(Date.now() - daysAgo * DAY_MS);
  const lot = await api.sql.begin(async (tx) => {
    const granted = await grantLot(tx, grant, at);
    await tx`update card_payments set lot_id = ${granted.lot_id} where payment_id = ${paymentId}`;
    await bringUpToDate(tx, { paymentId, now: at });
    return granted;
  });
  return { user, lotId: lot.lot_id, paymentId };
}

const disputeOf = (paymentId: string) =>
  api.sql.begin(async (tx) => {
    await tx`select from card_payments where payment_id = ${paymentId} for update`;
    await tx`update card_payments set disputed_cents = received_cents where payment_id = ${paymentId}`;
    await bringUpToDate(tx, { paymentId, now: new Date() });
  });

async function chainMicro({ privateKey }: TestUser): Promise<bigint> {
  const { client, escrow: address } = api.chain;
  const of = privateKeyToAccount(privateKey).address;
  const id = await client.readContract({ address, abi: creditEscrowAbi, functionName: "idOf", args: [of] });
  return (await client.readContract({ address, abi: creditEscrowAbi, functionName: "accountOf", args: [id] })).balance;
}
const balanceOf = ({ accountId }: TestUser) => readBalance(api.sql, accountId);
const roomOf = async () => (await api.sql<[{ room: bigint }]>`select funding_room() as room`)[0].room;

describe("convertLots", () => {
  test("default: what is left of an old card lot comes from account 1, once, whoever converts it at the same time", async () => {
    const { user, lotId } = await payer(700n, WINDOW + 1);
    const room = await roomOf();
    await Promise.allSettled(Array.from({ length: 6 }, () => convert()));
    expect(await api.sql`select from conversions where lot_id = ${lotId}`).toHaveLength(1);
    expect(await balanceOf(user)).toMatchObject({ funded: 0n });
    // It is account 1's no more, though it is there still: no other lot may count on it.
    expect(await roomOf()).toBe(room);
    await carryOut(api, from);
    expect(await convert()).toBe(0);
    expect(await balanceOf(user)).toMatchObject({ funded: 0n, spendable: 7n * DOLLAR });
    expect(await chainMicro(user)).toBe(5_000_000n + 7_000_000n);
    expect(await lotOf(api.sql, lotId)).toMatchObject({ state: "converted", left_nano: 0n });
    expect(await roomOf()).toBe(room);
  });

  test("behavior: not before the window has passed, nor while requests run on it, nor what was disputed", async () => {
    const [young, busy, disputed] = [await payer(100n, WINDOW - 1), await payer(100n, 200), await payer(100n, 200)];
    const { requestId } = await holdNano(api.batcher, { accountId: busy.user.accountId, worst: DOLLAR / 2n });
    await disputeOf(disputed.paymentId);
    expect(await convert()).toBe(0);
    await api.batcher.release({ requestId, accountId: busy.user.accountId });
    expect(await convert()).toBe(1);
    await carryOut(api, from);
    expect(await balanceOf(busy.user)).toMatchObject({ funded: 0n, spendable: DOLLAR });
    expect(await balanceOf(young.user)).toMatchObject({ funded: DOLLAR });
    expect(await lotOf(api.sql, disputed.lotId)).toMatchObject({ state: "disputed", taken_nano: DOLLAR });
  });

  test("behavior: a dispute that comes at the same time takes the lot or books a loss, never both", async () => {
    const all: Array<Awaited<ReturnType<typeof payer>>> = [];
    for (let n = 0; n < 6; n += 1) all.push(await payer(200n, 150)); // one after the other: one sender opens their accounts
    await Promise.allSettled([convert(), ...all.map(({ paymentId }) => disputeOf(paymentId)), convert()]);
    await carryOut(api, from);
    for (const { user, lotId, paymentId } of all) {
      const lot = await lotOf(api.sql, lotId);
      const [payment] =
        await api.sql`select loss_nano, disputed_cents from card_payments where payment_id = ${paymentId}`;
      const isConverted = lot?.state === "converted";
      expect(payment).toEqual({ disputed_cents: 200n, loss_nano: isConverted ? 2n * DOLLAR : 0n });
      expect(await chainMicro(user)).toBe(5_000_000n + (isConverted ? 2_000_000n : 0n));
      expect(await balanceOf(user)).toMatchObject({ funded: 0n, spendable: isConverted ? 2n * DOLLAR : 0n });
    }
  });

  test("behavior: a transfer that lapsed is made again; the lot is not converted again", async () => {
    const { user, lotId } = await payer(300n, 150);
    expect(await convert()).toBe(1);
    const [first] = await api.sql<[{ move_id: string }]>`select move_id from conversions where lot_id = ${lotId}`;
    const room = await roomOf();
    await api.sql`select end_move(${first.move_id}, 'expired', 'test')`;
    expect(await roomOf()).toBe(room);
    await Promise.allSettled([convert(), convert(), convert()]);
    await carryOut(api, from);
    expect(await chainMicro(user)).toBe(8_000_000n);
    expect(
      await api.sql`select from moves where recipient_id = ${user.accountId} and state = 'completed'`,
    ).toHaveLength(1);
  });

  test("error: the database refuses a second conversion, and one that is not of a card", async () => {
    const { lotId } = await payer(100n, 150);
    expect(await convert()).toBe(1);
    await expect(
      api.sql`update lots set converted_nano = converted_nano + 1 where lot_id = ${lotId}`,
    ).rejects.toMatchObject({ code: "23001" });
    await expect(api.sql`delete from conversions where lot_id = ${lotId}`).rejects.toMatchObject({ code: "23001" });
    await carryOut(api, from);
  });
});
