import { randomBytes } from "node:crypto";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { parseUsd } from "@infr/money";
import { accountRef, deriveVoucherKey, generateVoucherCode, PRIMARY_SALT, parseVoucherCode } from "@infr/protocol";
import { createPublicClient, createTestClient, createWalletClient, encodeFunctionData, type Hex, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hashSecret, newSecret } from "../../auth/tokens.ts";
import { noteBooked } from "../../chain/events-store.ts";
import { newId } from "../../ids.ts";
import { readBalance } from "../../ledger/balance.ts";
import { differences } from "../../ledger/store.ts";
import { credit, newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { bookMoves, call, carryOut, signOrder } from "../../testing/moves.ts";
import { eventOf, fundPlatform, openOnChain } from "../../testing/on-chain.ts";
import { redeemAtOnce } from "../../testing/vouchers.ts";
import { bookChange } from "./book-change.ts";
import { returnGifts, revokeGift } from "./return-gifts.ts";

const REDEEMERS = 200;
const SECRET: Hex = `0x${"5e".repeat(32)}`;
const rich = privateKeyToAccount(RICH_KEY);
let api: TestApi;
let anvil: ReturnType<typeof createTestClient>;
let giver: TestUser;
let getter: TestUser;
let from: bigint;

type Who = Pick<TestUser, "cookie" | "accountId">;

beforeAll(async () => {
  api = await startApi({
    VOUCHER_SECRET: SECRET,
    WRONG_CODES_PER_HOUR_PER_ADDRESS: "100000",
    WRONG_CODES_PER_HOUR_PER_ACCOUNT: "5",
  });
  anvil = createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
  await fundPlatform(api);
  getter = await funded(5n);
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

const spendable = async ({ accountId }: Who) => (await readBalance(api.sql, accountId)).spendable;
const read = async (id: string) => (await call(api, giver, { method: "GET", url: `/api/gift-codes/${id}` })).body;
const redeem = (user: Pick<TestUser, "cookie">, code: string) =>
  call(api, user, { url: "/api/gift-codes/redeem", payload: { code } });
const revoke = (id: string) =>
  call(api, giver, {
    url: `/api/gift-codes/${id}/revoke`,
  });
const sendBack = () => returnGifts({ ...api, relayer: rich.address });
const refused = { status: 422, body: { code: "code_refused" } };

const work = () => carryOut(api, from);

/** An active gift of $5, by a new giver of $20. */
async function give(settings: object = {}): Promise<{ id: string; code: string }> {
  giver = await funded(20n);
  const payload = { amount: "5", message: "for you", ...settings };
  const { status, body } = await call(api, giver, { url: "/api/gift-codes", payload, key: newId("gift") });
  expect(status).toBe(201);
  const signature = await signOrder(giver.privateKey, body.order);
  const signed = await call(api, giver, { url: `/api/gift-codes/${body.id}/signature`, payload: { signature } });
  expect(signed).toMatchObject({ status: 200, body: { state: "pending" } });
  expect(await spendable(giver)).toBe(parseUsd("15"));
  await work();
  expect(await read(body.id)).toMatchObject({ state: "active" });
  return { id: body.id, code: body.code ?? "" };
}

/** Signed-in accounts with a lasting number in the contract, as sign-in and events would make them. */
async function crowd(size: number): Promise<Who[]> {
  const wallet = createWalletClient({ account: rich, transport: http(api.chain.rpcUrl) });
  let nonce = await api.chain.client.getTransactionCount({ address: rich.address });
  const owners = Array.from({ length: size }, () => `0x${randomBytes(20).toString("hex")}` as const);
  const hashes: Hex[] = [];
  for (const owner of owners) {
    const data = encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, PRIMARY_SALT] });
    hashes.push(
      await wallet.sendTransaction({ to: api.chain.escrow, data, gas: 300_000n, nonce: nonce++, chain: null }),
    );
  }
  await Promise.all(hashes.map((hash) => api.chain.client.waitForTransactionReceipt({ hash })));
  const all: Who[] = [];
  for (const owner of owners) {
    const [userId, accountId, token] = [newId("user"), newId("acct"), newSecret()];
    const at = { address: api.chain.escrow, abi: creditEscrowAbi } as const;
    const number = await api.chain.client.readContract({ ...at, functionName: "idOf", args: [owner] });
    await api.sql`insert into users (user_id) values (${userId})`;
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
      values (${`opened:${number}`}, 'account_opened', 1, '', 0, '', now(), 'safe')`;
    await api.sql`
      insert into accounts (account_id, kind, owner, salt, ref, chain_account, opened_event_id)
      values (${accountId}, 'personal', ${owner}, ${PRIMARY_SALT}, ${accountRef({ owner })}, ${number}, ${`opened:${number}`})`;
    await api.sql`insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'owner')`;
    await api.sql`
      insert into sessions (token_hash, user_id, account_id, expires_at)
      values (${hashSecret(token)}, ${userId}, ${accountId}, now() + interval '1 hour')`;
    all.push({ accountId, cookie: `infr_session=${token}` });
  }
  return all;
}

describe("a gift", () => {
  test("default: its code is told once and kept nowhere; redeemed, it is spendable with its event", async () => {
    const { id, code } = await give();
    const everything = await api.sql`select to_jsonb(m)::text as row from moves m where move_id = ${id}`;
    expect(JSON.stringify(everything)).not.toContain(parseVoucherCode(code));
    expect(await read(id)).not.toHaveProperty("code");
    const before = await spendable(getter);
    expect(await redeem(getter, code.toLowerCase())).toMatchObject({
      status: 200,
      body: { state: "pending", message: "for you" },
    });
    expect(await spendable(getter)).toBe(before);
    await work();
    expect(await spendable(getter)).toBe(before + parseUsd("5"));
    expect(await read(id)).toMatchObject({ state: "redeemed", redeemedBy: getter.accountId });
    expect(await redeem(getter, code)).toMatchObject({ status: 200, body: { state: "redeemed" } });
  });

  test("behavior: the same key is the same gift, told without its code", async () => {
    giver = await funded(20n);
    const wanted = { url: "/api/gift-codes", payload: { amount: "1" }, key: newId("gift") };
    const [first, second] = [await call(api, giver, wanted), await call(api, giver, wanted)];
    expect(second.body).toMatchObject({ id: first.body.id, code: null });
    expect(first.body.code).toMatch(/^[0-9A-Z-]{30}$/);
    const other = await call(api, giver, { ...wanted, payload: { amount: "2" } });
    expect(other).toMatchObject({ status: 409, body: { code: "idempotency_key_reused" } });
  });

  test(`behavior: of ${REDEEMERS} who redeem a code at once, one has it`, async () => {
    const { id, code } = await give();
    const all = await crowd(REDEEMERS);
    const answers = await Promise.all(all.map((user) => redeem(user, code)));
    const winners = all.filter((_, n) => answers[n]?.status === 200);
    expect(winners).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => JSON.stringify(body))).size).toBe(
      1,
    );
    await work();
    expect(await read(id)).toMatchObject({ state: "redeemed", redeemedBy: winners[0]?.accountId });
    const balances = await Promise.all(all.map(spendable));
    expect(balances.filter((balance) => balance > 0n)).toEqual([parseUsd("5")]);
  });

  test("behavior: an account that is not open yet keeps the gift until it is", async () => {
    const { id, code } = await give();
    const [newcomer, rival] = [await newUser(api), getter];
    expect(await redeem(newcomer, code)).toMatchObject({ status: 200, body: { state: "opening" } });
    expect(await redeem(rival, code)).toMatchObject(refused);
    expect(await redeem(newcomer, code)).toMatchObject({ status: 200, body: { state: "opening" } });
    expect(await read(id)).toMatchObject({ state: "active", redeemedBy: newcomer.accountId });
    await api.sql`update moves set redeemer_at = now() - interval '16 minutes' where move_id = ${id}`;
    expect(await redeem(rival, code)).toMatchObject({ status: 200, body: { state: "pending" } });
  });

  test("behavior: redeemed at the contract alone, it is nobody's here any more", async () => {
    const { id, code } = await give();
    const { address, privateKey } = deriveVoucherKey({ code: parseVoucherCode(code) });
    expect(privateKeyToAccount(privateKey).address).toBe(address);
    const [row] = await api.sql<
      [{ chain_account: bigint }]
    >`select chain_account from accounts where account_id = ${getter.accountId}`;
    await redeemAtOnce(api, parseVoucherCode(code), [Number(row.chain_account)]);
    await bookMoves(api, from);
    expect(await read(id)).toMatchObject({ state: "redeemed", redeemedBy: getter.accountId });
    expect(await redeem(await newUser(api), code)).toMatchObject(refused);
  });

  test("behavior: one for a wallet is redeemed by its user alone, and not past the API", async () => {
    const mine = privateKeyToAccount(getter.privateKey).address;
    const { code, id } = await give({ lock: { wallet: mine } });
    const { address } = deriveVoucherKey({ code: parseVoucherCode(code) });
    const { voucher } = await read(id);
    expect(address.toLowerCase()).not.toBe(voucher);
    expect(await redeem(await newUser(api), code)).toMatchObject(refused);
    expect(await redeem(getter, code)).toMatchObject({ status: 200, body: { state: "pending" } });
    await work();
    expect(await read(id)).toMatchObject({ state: "redeemed" });
  });

  test("behavior: one for a wallet goes with what the wallet owns now, not with what it once had", async () => {
    const had = await funded(5n);
    const wallet = privateKeyToAccount(had.privateKey).address;
    const next = privateKeyToAccount(generatePrivateKey()).address;
    const forFirst = await give({ lock: { wallet } });
    const forNext = await give({ lock: { wallet: next } });
    await api.sql`delete from wallets where address = ${wallet.toLowerCase()}`;
    const data = { ref: accountRef({ owner: wallet }), owner: next.toLowerCase() };
    const event = eventOf({ kind: "owner_changed", eventId: `owner:${next}`, data });
    await api.sql.begin(async (tx) => {
      await noteBooked(tx, event);
      await bookChange(tx, event);
    });
    expect(await redeem(had, forFirst.code)).toMatchObject(refused);
    expect(await redeem(had, forNext.code)).toMatchObject({ status: 200, body: { state: "pending" } });
    await work();
    expect(await read(forNext.id)).toMatchObject({ state: "redeemed" });
  });

  test("behavior: a wallet's is called back while the chain does not answer", async () => {
    const { id: moveId } = await give();
    const { accountId } = giver;
    const [{ userId }] = await api.sql<[{ userId: string }]>`
      select user_id as "userId" from account_members where account_id = ${accountId}`;
    const client = createPublicClient({ transport: http("http://127.0.0.1:1", { retryCount: 0 }) });
    const chain = { ...api.chain, client } as typeof api.chain;
    const outside = { screener: null, directories: null, custodian: api.config.custodianAddress };
    const context = { ...api.config, ...outside, sql: api.sql, chain, relayer: rich.address };
    const { row, call: sent } = await revokeGift(context, { accountId, userId, moveId, isGift: true });
    expect({ state: row.state, to: sent?.to }).toEqual({ state: "active", to: api.chain.escrow });
    expect(row.revoked_at).not.toBeNull();
  });

  test("behavior: called back, it can't be redeemed, and its owner's wallet gets it from the contract", async () => {
    const { id, code } = await give();
    const { status, body } = await revoke(id);
    expect({ status, state: body.gift.state }).toEqual({ status: 200, state: "active" });
    expect(await redeem(getter, code)).toMatchObject(refused);
    const owner = privateKeyToAccount(giver.privateKey);
    await anvil.setBalance({ address: owner.address, value: 10n ** 18n });
    const wallet = createWalletClient({ account: owner, transport: http(api.chain.rpcUrl) });
    const hash = await wallet.sendTransaction({
      to: body.call?.to ?? null,
      data: body.call?.data ?? "0x",
      chain: null,
    });
    await api.chain.client.waitForTransactionReceipt({ hash });
    await bookMoves(api, from);
    expect(await read(id)).toMatchObject({ state: "revoked" });
    expect(await spendable(giver)).toBe(parseUsd("20"));
  });

  test("error: one that is being redeemed, or is, is not called back", async () => {
    const { id, code } = await give();
    await redeem(getter, code);
    expect(await revoke(id)).toMatchObject({ status: 409, body: { code: "gift_not_active" } });
    await work();
    expect(await revoke(id)).toMatchObject({ status: 409, body: { code: "gift_not_active" } });
  });

  test("behavior: before it is signed, calling it back ends it", async () => {
    giver = await funded(20n);
    const wanted = { url: "/api/gift-codes", payload: { amount: "1" }, key: newId("gift") };
    const { body } = await call(api, giver, wanted);
    expect((await revoke(body.id)).body.gift).toMatchObject({ state: "expired" });
    const payload = { signature: await signOrder(giver.privateKey, body.order) };
    expect((await call(api, giver, { url: `/api/gift-codes/${body.id}/signature`, payload })).body).toMatchObject({
      state: "expired",
    });
  });

  test("behavior: what the chain refuses leaves the gift as it was", async () => {
    const { id, code } = await give();
    await redeem(getter, code);
    await api.sql`
      update transactions set state = 'failed', error = 'test', updated_at = now() - interval '1 minute'
      where transaction_id = (select closing_transaction_id from moves where move_id = ${id})`;
    await sendBack();
    expect(await read(id)).toMatchObject({ state: "active", redeemedBy: null });
    expect(await redeem(getter, code)).toMatchObject({ status: 200, body: { state: "pending" } });
    await work();
    expect(await read(id)).toMatchObject({ state: "redeemed" });
  });

  test("behavior: what nobody redeems in time goes back by itself", async () => {
    const { id, code } = await give({ expiresInDays: 1 });
    await anvil.increaseTime({ seconds: 86_401 });
    await anvil.mine({ blocks: 1 });
    expect(await redeem(getter, code)).toMatchObject(refused);
    await sendBack();
    await sendBack();
    await work();
    expect(await read(id)).toMatchObject({ state: "expired" });
    expect(await spendable(giver)).toBe(parseUsd("20"));
  });

  test("error: wrong, malformed and foreign codes are refused alike, and only so often", async () => {
    const guesser = await newUser(api);
    const bodies = [];
    for (const code of [generateVoucherCode(), "x", "", "💸", generateVoucherCode()]) {
      const answer = await redeem(guesser, code);
      expect(answer).toMatchObject(refused);
      bodies.push(JSON.stringify(answer.body));
    }
    expect(new Set(bodies).size).toBe(1);
    const { code } = await give();
    expect(await redeem(guesser, code)).toMatchObject({ status: 429, body: { code: "too_many_guesses" } });
    expect(await redeem(getter, code)).toMatchObject({ status: 200 });
  });

  test("error: a key that had a voucher before is not cleared", async () => {
    giver = await funded(20n);
    const wanted = { url: "/api/gift-codes", payload: { amount: "1" }, key: newId("gift") };
    const { body } = await call(api, giver, wanted);
    const signature = await signOrder(giver.privateKey, body.order);
    await call(api, giver, { url: `/api/gift-codes/${body.id}/signature`, payload: { signature } });
    const { voucher } = await read(body.id);
    for (const [n, [debit, to]] of [
      ["credit", "vouchers"],
      ["vouchers", "credit"],
    ].entries())
      await api.sql`
        insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
        values (${`test:${body.id}`}, ${n}, ${debit ?? ""}::text::book, ${debit === "credit" ? getter.accountId : voucher}, ${to ?? ""}::text::book,
          ${to === "credit" ? getter.accountId : voucher}, 1000)`;
    await work();
    expect(await read(body.id)).toMatchObject({ state: "failed" });
    expect(await spendable(giver)).toBe(parseUsd("20"));
  });

  test("error: a frozen account redeems nothing", async () => {
    const { code } = await give();
    const user = await newUser(api);
    await api.sql`update accounts set frozen_reason = 'a dispute' where account_id = ${user.accountId}`;
    expect(await redeem(user, code)).toMatchObject({ status: 403, body: { code: "account_frozen" } });
  });
});
