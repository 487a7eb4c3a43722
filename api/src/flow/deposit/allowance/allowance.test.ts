import { allowanceRechargeAbi, creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import { pino } from "pino";
import { type Abi, encodeFunctionData, type Hex, parseEther, zeroAddress } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { rpc } from "../../../../../scripts/anvil.ts";
import { openDatabase } from "../../../db/open.ts";
import type { Sql } from "../../../db/types.ts";
import { rechargesOf, settingOf } from "../../../funding/recharge-store.ts";
import { newId } from "../../../ids.ts";
import { readBalance } from "../../../ledger/balance.ts";
import { differences } from "../../../ledger/store.ts";
import { newUser, RICH_KEY, startApi, type TestApi, type TestUser } from "../../../testing/api.ts";
import { captureNano, holdNano, openOwned } from "../../../testing/lots.ts";
import { closeMarket } from "../../../testing/market.ts";
import { OTHER_KEY, write } from "../../../testing/on-chain.ts";
import { runWorker } from "../../../testing/run-worker.ts";
import { rechargeAllowances } from "./recharge-allowances.ts";

const USD = 1_000_000_000n;
const MICRO = 1_000_000n;
const PATIENCE = { timeout: 15_000 };
const logger = pino({ level: "silent" });
const token: Abi = testUsdcAbi;

let api: TestApi;
let other: Sql;
let worker: Awaited<ReturnType<typeof runWorker>>;
let operatorId: string;
beforeAll(async () => {
  api = await startApi();
  other = openDatabase({ url: api.databaseUrl, connections: 5 });
  worker = await runWorker(api);
  operatorId = await openOwned(api.sql);
});
afterAll(async () => {
  await worker.stop();
  await other.end();
  await closeMarket(api);
});

const contract = () => api.config.allowanceRecharge as Hex;
const relayer = privateKeyToAddress(RICH_KEY);
const custodian = () => api.config.custodianAddress;
/** A round of a worker. */
const work = (sql: Sql = api.sql) =>
  rechargeAllowances({
    allowances: { sql, chain: api.chain, relayer, contract: contract(), custodian: custodian() },
    logger,
  });
/** From another account than the worker's. */
const usdc = (functionName: string, args: readonly unknown[] = []) =>
  write(api, api.chain.usdc, encodeFunctionData({ abi: token, functionName, args }), OTHER_KEY);

type Reply<T> = { status: number; body: T };
async function call<T = Record<string, unknown>>(
  { cookie }: TestUser,
  route: string,
  payload?: object,
): Promise<Reply<T>> {
  const [method, url] = route.split(" ") as ["GET", string];
  const answer = await api.app.inject({ method, url, headers: { cookie }, ...(payload && { payload }) });
  return { status: answer.statusCode, body: (answer.body === "" ? {} : answer.json<T>()) as T };
}

type Calls = { from: Hex; calls: Array<{ to: Hex; data: Hex }> };
/** Has the user's wallet send what the API says. */
async function allow(user: TestUser, terms: object): Promise<void> {
  const { status, body } = await call<Calls>(user, "POST /api/recharge/allowance/calls", terms);
  expect(status).toBe(200);
  for (const { to, data } of body.calls) await write(api, to, data, user.privateKey);
}

/** Somebody without credit, whose wallet has USDC and gas. */
async function newPayer({ has = 500n }: { has?: bigint } = {}): Promise<TestUser & { wallet: Hex }> {
  const user = await newUser(api);
  const wallet = privateKeyToAddress(user.privateKey);
  await rpc(api.chain.rpcUrl, "anvil_setBalance", [wallet, `0x${parseEther("1").toString(16)}`]);
  await usdc("mint", [wallet, has * MICRO]);
  return { ...user, wallet };
}
const SETTING = { by: "usdc", threshold: "5", target: "20", ceiling: "100" };
const turnOn = (user: TestUser, changes: object = {}) => call(user, "PUT /api/recharge", { ...SETTING, ...changes });
async function newRecharged(options: { has?: bigint; ceiling?: string } = {}) {
  const { ceiling = "100", ...rest } = options;
  const payer = await newPayer(rest);
  await allow(payer, { perPeriod: "100", approve: "300" });
  expect((await turnOn(payer, { ceiling })).status).toBe(200);
  return payer;
}

const spendable = async ({ accountId }: TestUser) => (await readBalance(api.sql, accountId)).spendable;
const recharges = ({ accountId }: TestUser) => rechargesOf(api.sql, accountId);
const setting = ({ accountId }: TestUser) => settingOf(api.sql, accountId);
const queued = ({ accountId }: TestUser) =>
  api.sql`select from transactions where kind = 'recharge' and account_id = ${accountId}`;
const usdcOf = (owner: Hex) =>
  api.chain.client.readContract({
    address: api.chain.usdc,
    abi: testUsdcAbi,
    functionName: "balanceOf",
    args: [owner],
  });
/** Past the cooldown. */
const wait = ({ accountId }: TestUser) =>
  api.sql`update recharges set started_at = started_at - interval '1 day' where account_id = ${accountId}`;
async function spend({ accountId }: TestUser, nano: bigint): Promise<void> {
  const { requestId, granted } = await holdNano(api.batcher, { accountId, worst: nano });
  expect(granted).toBe(nano);
  await captureNano(api.batcher, { accountId, operatorId, requestId, nano });
}
/** Rounds until every recharge has ended, as paid or failed. */
const ended = (user: TestUser, states: string[]) =>
  vi.waitFor(async () => {
    await work();
    expect((await recharges(user)).map(({ state }) => state)).toEqual(states);
  }, PATIENCE);

describe("what a wallet allows", () => {
  test("default: the API says what to send, reads what was sent, and only then is it turned on", async () => {
    const user = await newPayer();
    expect(await turnOn(user)).toMatchObject({ status: 422, body: { code: "not_allowed_yet" } });
    const terms = { perPeriod: "50", periodSeconds: 86_400, approve: "120.5" };
    const told = await call<Calls>(user, "POST /api/recharge/allowance/calls", terms);
    expect(told.body).toMatchObject({
      version: "2.0.0",
      from: user.wallet.toLowerCase(),
      chainId: "0x7a69",
      atomicRequired: false,
      calls: [{ to: api.chain.usdc }, { to: contract() }],
    });
    await allow(user, terms);
    expect((await call(user, "GET /api/recharge/allowance")).body).toMatchObject({
      wallet: user.wallet.toLowerCase(),
      contract: contract(),
      keeper: relayer,
      perPeriod: "50",
      periodSeconds: 86_400,
      left: "50",
      periodEndsAt: null,
      approved: "120.5",
      balance: "500",
      shortage: null,
    });
    expect((await turnOn(user)).body).toMatchObject({ enabled: true, by: "usdc", cardId: null, ceiling: "100" });
    await allow(user, { perPeriod: "0", approve: "1" });
    expect((await call(user, "GET /api/recharge/allowance")).body).toMatchObject({ perPeriod: "0", approved: "0" });
  });

  test("behavior: consent to somebody else lets us do nothing", async () => {
    const user = await newPayer();
    await allow(user, { perPeriod: "50", approve: "50" });
    const args = [user.wallet, 50n * MICRO, 86_400] as const;
    await write(
      api,
      contract(),
      encodeFunctionData({ abi: allowanceRechargeAbi, functionName: "consent", args }),
      user.privateKey,
    );
    expect(await turnOn(user)).toMatchObject({ status: 422, body: { code: "not_allowed_yet" } });
  });

  test("error: no wallet of its own, an account that changed hands, a card beside it, amounts that can't be met", async () => {
    const user = await newPayer();
    await allow(user, { perPeriod: "50", approve: "50" });
    const wrong = { target: "9.99", cardId: "card_x" };
    expect(await turnOn(user, { cardId: wrong.cardId })).toMatchObject({ status: 400, body: { param: "cardId" } });
    expect(await turnOn(user, { target: wrong.target })).toMatchObject({ status: 400, body: { param: "target" } });
    expect(await turnOn(user, { ceiling: "4" })).toMatchObject({ status: 400, body: { param: "ceiling" } });
    const small = { perPeriod: "4.99", approve: "5" };
    expect((await call(user, "POST /api/recharge/allowance/calls", small)).status).toBe(400);
    const before = await api.sql`select owner from accounts where account_id = ${user.accountId}`;
    for (const owner of [custodian(), "0x00000000000000000000000000000000000000aa"]) {
      await api.sql`update accounts set owner = ${owner} where account_id = ${user.accountId}`;
      expect(await turnOn(user)).toMatchObject({ status: 422, body: { code: "no_wallet_of_its_own" } });
    }
    await api.sql`update accounts set owner = ${before[0]?.["owner"]} where account_id = ${user.accountId}`;
    expect((await turnOn(user)).status).toBe(200);
    await api.sql`delete from recharge_settings where account_id = ${user.accountId}`;
  });
});

describe("rechargeAllowances", () => {
  test("default: below the threshold it takes what is short of the target, and ends with the deposit's event", async () => {
    const user = await newRecharged();
    await ended(user, ["paid"]);
    expect(await spendable(user)).toBe(20n * USD);
    expect(await usdcOf(user.wallet)).toBe(480n * MICRO);
    const { body } = await call<{ deposits: object[] }>(user, "GET /api/deposits");
    expect(body.deposits).toMatchObject([{ amount: "20", rail: "depositFor", payer: contract(), status: "credited" }]);
    await spend(user, 15n * USD);
    await wait(user);
    await work();
    expect(await recharges(user)).toHaveLength(1);
    await spend(user, 1n);
    await work();
    await ended(user, ["paid", "paid"]);
    expect(await spendable(user)).toBe(20n * USD - 1n + 1_000n); // whole µUSDC, rounded up
    expect(await setting(user)).toMatchObject({ disabled_reason: null, used_nano: 35n * USD + 1_000n });
  });

  test("mistake 13: consent and approval alone recharge nobody", async () => {
    const user = await newPayer();
    await allow(user, { perPeriod: "100", approve: "300" });
    await work();
    await turnOn(user);
    expect((await call(user, "DELETE /api/recharge")).status).toBe(204);
    await work();
    expect(await queued(user)).toHaveLength(0);
    expect(await usdcOf(user.wallet)).toBe(500n * MICRO);
  });

  test("behavior: twenty rounds at once, of two workers with databases of their own, pull once", async () => {
    const user = await newRecharged();
    await Promise.all(Array.from({ length: 20 }, (_, n) => work(n % 2 === 0 ? api.sql : other)));
    expect(await queued(user)).toHaveLength(1);
    await ended(user, ["paid"]);
    await Promise.all(Array.from({ length: 20 }, (_, n) => work(n % 2 === 0 ? api.sql : other)));
    expect(await queued(user)).toHaveLength(1);
    expect(await usdcOf(user.wallet)).toBe(480n * MICRO);
    expect(await spendable(user)).toBe(20n * USD);
  });

  test("behavior: not again in the cooldown, and never above the month's ceiling", async () => {
    const user = await newRecharged({ ceiling: "25" });
    await ended(user, ["paid"]);
    await spend(user, 20n * USD);
    await work();
    expect(await queued(user)).toHaveLength(1);
    await wait(user);
    await ended(user, ["paid", "paid"]);
    expect(await spendable(user)).toBe(5n * USD);
    await spend(user, 5n * USD);
    await wait(user);
    await work();
    expect(await queued(user)).toHaveLength(2);
    expect(await setting(user)).toMatchObject({ used_nano: 25n * USD, disabled_reason: null });
  });

  test("behavior: a period that is used up is waited for; a new one goes on", async () => {
    const user = await newRecharged({ has: 50n });
    await allow(user, { perPeriod: "22", periodSeconds: 3_600, approve: "300" });
    await ended(user, ["paid"]);
    await spend(user, 20n * USD);
    await wait(user);
    await work();
    expect(await queued(user)).toHaveLength(1);
    expect((await setting(user))?.disabled_reason).toBeNull();
    expect((await call(user, "GET /api/recharge/allowance")).body).toMatchObject({ left: "2", shortage: null });
    await allow(user, { perPeriod: "44", periodSeconds: 3_600, approve: "300" });
    await ended(user, ["paid", "paid"]);
    expect(await usdcOf(user.wallet)).toBe(10n * MICRO);
  });

  test("behavior: a deposit that waits for its block to be safe counts; a frozen account is left alone", async () => {
    const [coming, frozen] = [await newRecharged(), await newRecharged()];
    await api.sql`update accounts set frozen_reason = 'looked at' where account_id = ${frozen.accountId}`;
    const trust = { accountMicro: 0n, totalMicro: 0n, reviewMicro: 10n ** 12n };
    const before = api.config.trust;
    Object.assign(api.config, { trust });
    await usdc("mint", [privateKeyToAddress(OTHER_KEY), 10n * MICRO]);
    await usdc("approve", [api.chain.escrow, 10n * MICRO]);
    const args = [coming.wallet, `0x${"0".repeat(64)}`, 10n * MICRO, `0x${"0".repeat(64)}`] as const;
    await write(
      api,
      api.chain.escrow,
      encodeFunctionData({ abi: creditEscrowAbi, functionName: "depositFor", args }),
      OTHER_KEY,
    );
    await vi.waitFor(async () => {
      const rows = await api.sql`select from deposits where account_id = ${coming.accountId} and pending_micro > 0`;
      expect(rows).toHaveLength(1);
    }, PATIENCE);
    await work();
    Object.assign(api.config, { trust: before });
    for (const user of [coming, frozen]) expect(await queued(user)).toHaveLength(0);
    expect(await spendable(coming)).toBe(0n);
    await call(coming, "DELETE /api/recharge");
    await call(frozen, "DELETE /api/recharge");
  });

  test.each([
    [
      "approval",
      /approve more/,
      (user: TestUser) =>
        write(
          api,
          api.chain.usdc,
          encodeFunctionData({ abi: token, functionName: "approve", args: [contract(), 0n] }),
          user.privateKey,
        ),
    ],
    [
      "consent",
      /consent again/,
      (user: TestUser) =>
        write(
          api,
          contract(),
          encodeFunctionData({ abi: allowanceRechargeAbi, functionName: "consent", args: [zeroAddress, 0n, 0] }),
          user.privateKey,
        ),
    ],
    [
      "USDC",
      /less than 5 USDC/,
      (user: TestUser) =>
        write(
          api,
          api.chain.usdc,
          encodeFunctionData({ abi: token, functionName: "transfer", args: [relayer, 496n * MICRO] }),
          user.privateKey,
        ),
    ],
    ["transfers of it", /refuses/, (user: TestUser) => usdc("blacklist", [privateKeyToAddress(user.privateKey)])],
  ] as const)(
    "error: without its %s recharging is turned off, told by mail, and nothing is sent",
    async (_, reason, lose) => {
      const user = await newRecharged();
      const address = `${user.accountId}@example.com`;
      await api.sql`
      insert into emails (email_id, user_id, address)
      select ${newId("email")}, user_id, ${address} from account_members where account_id = ${user.accountId}`;
      await lose(user);
      await Promise.all([work(), work(other), work()]);
      expect((await setting(user))?.disabled_reason).toMatch(reason);
      expect(await queued(user)).toHaveLength(0);
      expect(await api.sql`select template from mails where address = ${address}`).toEqual([
        { template: "recharge_off" },
      ]);
    },
  );

  test("behavior: while deposits or USDC are paused it waits, and goes on afterwards", async () => {
    const user = await newRecharged();
    await usdc("pause");
    await work();
    expect(await queued(user)).toHaveLength(0);
    await usdc("unpause");
    await worker.pause("send");
    await work();
    expect(await recharges(user)).toMatchObject([{ state: "pending" }]);
    await usdc("pause");
    worker.resume("send");
    await ended(user, ["failed"]);
    await usdc("unpause");
    expect(await setting(user)).toMatchObject({ disabled_reason: null, used_nano: 0n });
    await wait(user);
    await ended(user, ["paid", "failed"]);
    expect(await usdcOf(user.wallet)).toBe(480n * MICRO);
  });

  test("behavior: a transaction that fails for good ends the recharge, and says why it is off", async () => {
    const user = await newRecharged();
    await worker.pause("send");
    await work();
    await allow(user, { perPeriod: "0", approve: "0" });
    worker.resume("send");
    await ended(user, ["failed"]);
    expect(await setting(user)).toMatchObject({ disabled_reason: expect.stringMatching(/consent/), used_nano: 0n });
    expect(await usdcOf(user.wallet)).toBe(500n * MICRO);
  });

  test("behavior: a worker that dies between queue and end is taken over from; its allowance is not missed meanwhile", async () => {
    const user = await newPayer();
    await allow(user, { perPeriod: "20", approve: "20" });
    await turnOn(user);
    await worker.pause("follow");
    await work();
    await vi.waitFor(async () => expect(await usdcOf(user.wallet)).toBe(480n * MICRO), PATIENCE);
    await wait(user);
    await Promise.all([work(), work(other), work(other)]);
    expect(await recharges(user)).toMatchObject([{ state: "pending" }]);
    expect((await setting(user))?.disabled_reason).toBeNull();
    worker.resume("follow");
    await ended(user, ["paid"]);
    expect(await queued(user)).toHaveLength(1);
    expect(await spendable(user)).toBe(20n * USD);
  });

  test("behavior: what a reorganisation takes away is sent again, and is one recharge", async () => {
    const user = await newRecharged();
    const before = BigInt(await rpc<string>(api.chain.rpcUrl, "eth_blockNumber"));
    await ended(user, ["paid"]);
    const head = BigInt(await rpc<string>(api.chain.rpcUrl, "eth_blockNumber"));
    await rpc(api.chain.rpcUrl, "anvil_reorg", [Number(head - before), []]);
    await rpc(api.chain.rpcUrl, "anvil_mine", ["0x2"]);
    await vi.waitFor(async () => {
      await work();
      const { body } = await call<{ deposits: Array<{ status: string }> }>(user, "GET /api/deposits");
      expect(body.deposits.map(({ status }) => status).toSorted()).toEqual(["credited", "reversed"]);
    }, PATIENCE);
    expect(await spendable(user)).toBe(20n * USD);
    expect(await usdcOf(user.wallet)).toBe(480n * MICRO);
    expect(await recharges(user)).toHaveLength(1);
  });
});

test("the books are exact after all of it", async () => {
  expect(await differences(api.sql)).toEqual([]);
});
