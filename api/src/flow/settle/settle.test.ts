import { creditEscrowAbi } from "@infr/contracts/abi";
import { verifyReceipt } from "@infr/protocol";
import { createPublicClient, createTestClient, type Hex, http, parseEventLogs, TimeoutError, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChainEvent } from "../../chain/events-store.ts";
import { sendTransactions } from "../../chain/outbox.ts";
import { attemptsOf, transactionState } from "../../chain/outbox-store.ts";
import { mirrorDayLimits } from "../../jobs/mirror-day-limits.ts";
import { readBalance } from "../../ledger/balance.ts";
import { bookBalance, differences } from "../../ledger/store.ts";
import { pricesOf } from "../../metering/store.ts";
import { credit, newUser, RICH_KEY, sellNode, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { startMuteRpc } from "../../testing/mute-rpc.ts";
import { AT_ONCE, eventOf, fundPlatform, openOnChain } from "../../testing/on-chain.ts";
import { buildBatch } from "../batch/build-batch.ts";
import { proveReceipt } from "../batch/receipts.ts";
import { signBatch } from "../batch/sign-batch.ts";
import { bookSettlement, reverseSettlement, SettlementMismatchError } from "./book-settlement.ts";
import { listBatches } from "./store.ts";
import { submitBatch } from "./submit-batch.ts";

const DOLLAR = 1_000_000_000n;
const RESOURCES = [
  { id: "h100", unit: "gpu-second", pricePerUnit: "0.001" },
  { id: "render", unit: "image", pricePerUnit: "0.01" },
];
const rich = privateKeyToAccount(RICH_KEY);
let api: TestApi;
let buyer: TestUser;
let operator: TestUser;

beforeAll(async () => {
  api = await startApi();
  await api.sql`create schema indexer`;
  for (const table of ["overdrawn", "written_off"]) {
    await api.sql`create table indexer.${api.sql(table)} (account numeric, amount numeric, block_hash text, seq numeric)`;
  }
  operator = await sellNode(api, { url: api.node.url, models: ["demo/large"], resources: RESOURCES });
  buyer = await newUser(api);
  await credit(api.sql, "acct_platform", 100n * DOLLAR);
  await credit(api.sql, buyer.accountId, 10n * DOLLAR);
  await fundPlatform(api);
  await openOnChain(api, buyer, 5_000_000n);
  await openOnChain(api, operator, 5_000_000n);
});
afterAll(() => api.stop());

const send = () =>
  sendTransactions({ sql: api.sql, chain: api.chain, account: rich, bumpAfterMs: 60_000, maxFeePerGas: 10n ** 12n });
const submit = () => submitBatch({ sql: api.sql, chain: api.chain, relayer: rich.address });
const build = () => buildBatch({ sql: api.sql, chain: api.chain }, AT_ONCE);
const sign = () => signBatch({ sql: api.sql, chain: api.chain, settler: rich });
const chat = (tokens: number) =>
  buyer.openai.chat.completions.create({
    model: "demo/large",
    messages: [{ role: "user", content: `Write ${tokens} tokens.` }],
    max_tokens: tokens,
  });
const newest = async () => (await listBatches(api.sql, { limit: 1, seq: null }))[0];

/** Brings the signed batch to the chain. @returns its events as the indexer would hand them over */
async function settleOnChain(): Promise<ChainEvent> {
  await submit();
  await send();
  await send();
  const [row] = await api.sql<
    Array<{ transaction_id: string }>
  >`select transaction_id from batches where state = 'submitted'`;
  const transaction = await transactionState(api.sql, row?.transaction_id ?? "");
  expect(transaction).toMatchObject({ state: "mined", error: null });
  const receipt = await api.chain.client.getTransactionReceipt({ hash: transaction?.mined_hash as Hex });
  for (const log of parseEventLogs({ abi: creditEscrowAbi, logs: receipt.logs })) {
    if (log.eventName !== "Overdrawn") continue;
    await api.sql`insert into indexer.overdrawn values (${log.args.account}, ${log.args.amount.toString()}, ${`0x${"b".repeat(64)}`}, ${log.args.seq.toString()})`;
  }
  const [settled] = parseEventLogs({ abi: creditEscrowAbi, eventName: "BatchSettled", logs: receipt.logs });
  const eventId = `settled:${settled?.args.seq}`;
  await api.sql`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
    values (${eventId}, 'batch_settled', 1, '', 0, '', now())`;
  const data = {
    seq: String(settled?.args.seq),
    batch_hash: String(settled?.args.batchHash),
    platform_net: String(settled?.args.platformNet),
  };
  return eventOf({ kind: "batch_settled", eventId, data });
}

const book = (event: ChainEvent) => api.sql.begin((tx) => bookSettlement(tx, event, { viewsSchema: "indexer" }));
const earned = async () => -(await bookBalance(api.sql, { book: "earnings", account: operator.accountId }));
const earnedOnChain = async () => {
  const { chain_account: number } =
    (await api.sql`select chain_account from accounts where account_id = ${operator.accountId}`)[0] ?? {};
  const word = await api.chain.client.readContract({
    address: api.chain.escrow,
    abi: creditEscrowAbi,
    functionName: "earnerOf",
    args: [Number(number)],
  });
  return (word.available + BigInt(word.previous) + BigInt(word.current)) * 1_000n;
};

describe("a batch", () => {
  test("default: is built, signed, submitted, settled and booked, and nothing is built meanwhile", async () => {
    await chat(300);
    expect(await build()).toBe(1);
    expect(await newest()).toMatchObject({ state: "built", seq: 1n });
    expect(await build()).toBe(0);
    await sign();
    await chat(300);
    expect(await build()).toBe(0);
    await book(await settleOnChain());
    expect(await newest()).toMatchObject({ state: "mined" });
    expect(await earned()).toBe(await earnedOnChain());
    expect(await differences(api.sql)).toEqual([]);
  });

  test("behavior: the day limit that holds are checked against is the contract's", async () => {
    expect(await mirrorDayLimits(api)).toBe(2);
    expect(await mirrorDayLimits(api)).toBe(0);
    const { chain_account: number } =
      (await api.sql`select chain_account from accounts where account_id = ${buyer.accountId}`)[0] ?? {};
    const { dayLimit, used } = await api.chain.client.readContract({
      address: api.chain.escrow,
      abi: creditEscrowAbi,
      functionName: "accountOf",
      args: [Number(number)],
    });
    const limits = await api.sql`
      select amount_nano, used_nano from limits where account_id = ${buyer.accountId} and scope = 'chain_day'`;
    expect(limits).toEqual([{ amount_nano: BigInt(dayLimit) * 1_000n, used_nano: BigInt(used) * 1_000n }]);
    expect(used).toBeGreaterThan(0);
  });

  test("behavior: what a job used is settled by its units, and its receipts hold against the chain alone", async () => {
    const call = async <T>(method: "POST" | "DELETE", url: string, { cookie }: TestUser, payload?: object) =>
      (await api.app.inject({ method, url, headers: { cookie }, ...(payload ? { payload } : {}) })).json<T>();
    const wanted = { amount: "0.5", expiresIn: 3_600, operatorId: operator.accountId };
    const { id: hold } = await call<{ id: string }>("POST", "/api/holds", buyer, wanted);
    const [{ nodeId }] = await api.sql<[{ nodeId: string }]>`
      select node_id as "nodeId" from nodes where account_id = ${operator.accountId}`;
    const used = { h100: { units: 123, cost: 123_000_000n }, render: { units: 7, cost: 70_000_000n } };
    const events = Object.entries(used).map(([resource, { units }]) => ({
      id: resource,
      hold,
      resource,
      quantity: units,
    }));
    const report = { nodeId, events };
    const billed = await call<{ events: Array<{ requestId: string }> }>("POST", "/api/meter-events", operator, report);
    await call("DELETE", `/api/holds/${hold}`, buyer);
    expect(await build()).toBeGreaterThan(0);
    await sign();
    await book(await settleOnChain());
    expect(await earned()).toBe(await earnedOnChain());
    for (const [index, { units, cost }] of Object.values(used).entries()) {
      const requestId = billed.events[index]?.requestId ?? "";
      const proven = await proveReceipt(api.sql, { requestId, accountId: buyer.accountId });
      if (!proven) throw new Error("a unit without a receipt");
      const { receipt } = proven;
      expect(receipt).toMatchObject({ units, cost, promptTokens: 0, completionTokens: 0 });
      const prices = (await pricesOf(api.sql, receipt.priceVersion))?.prices;
      expect(BigInt(units) * (prices?.perUnit ?? 0n)).toBe(cost);
      const [settled, ...others] = await settledOf(proven.seq);
      expect(others).toEqual([]);
      const root = settled?.args.receiptsRoot ?? zeroHash;
      expect(verifyReceipt({ ...proven, root })).toBe(true);
      expect(verifyReceipt({ ...proven, root, receipt: { ...receipt, units: units + 1 } })).toBe(false);
    }
    expect(await differences(api.sql)).toEqual([]);
  });

  test("mistake 10: a time-out is no failure: what nobody answered for is sent again under its nonce, and settles once", async () => {
    await chat(300);
    await build();
    await sign();
    await submit();
    const seq = (await newest())?.seq ?? 0n;
    const before = await earnedOnChain();
    const anvil = createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
    await anvil.setAutomine(false);
    const mute = await startMuteRpc(api.chain.rpcUrl);
    const transport = http(mute.url, { timeout: 1_000, retryCount: 0 });
    const client = createPublicClient({ chain: api.chain.viemChain, transport, cacheTime: 0 });
    const sendUnheard = () =>
      sendTransactions({
        sql: api.sql,
        chain: { ...api.chain, client },
        account: rich,
        bumpAfterMs: 0,
        maxFeePerGas: 10n ** 12n,
      });
    for (let round = 0; round < 2; round++) await expect(sendUnheard()).rejects.toBeInstanceOf(TimeoutError);
    mute.stop();
    const transactions = () => api.sql<Array<{ transaction_id: string; state: string; error: string | null }>>`
      select t.transaction_id, t.state, t.error from transactions t join batches b using (transaction_id) where b.seq = ${seq}`;
    expect(await transactions()).toMatchObject([{ state: "sent", error: null }]);
    expect(await newest()).toMatchObject({ seq, state: "submitted" });
    expect(await build()).toBe(0);
    const sendDearer = () =>
      sendTransactions({ sql: api.sql, chain: api.chain, account: rich, bumpAfterMs: 0, maxFeePerGas: 10n ** 12n });
    for (let round = 0; round < 2; round++) await Promise.all([submit(), submit(), sendDearer(), sendDearer()]);
    const [sent, ...others] = await transactions();
    expect(others).toEqual([]);
    expect((await attemptsOf(api.sql, sent?.transaction_id ?? "")).length).toBeGreaterThan(1);
    await anvil.mine({ blocks: 1 });
    await anvil.setAutomine(true);
    await book(await settleOnChain());
    for (let round = 0; round < 3; round++) await Promise.all([submit(), sendDearer()]);
    expect(await settledOf(seq)).toHaveLength(1);
    const [line] = await api.sql<[{ micro: bigint }]>`
      select line_micro as micro from batch_earners join batches using (batch_id)
      where seq = ${seq} and account_id = ${operator.accountId} and state = 'mined'`;
    expect((await earnedOnChain()) - before).toBe((line.micro * 1_000n * 8n) / 10n);
    expect(await earned()).toBe(await earnedOnChain());
    await chat(300);
  });

  test("behavior: eight builders at once build one", async () => {
    const built = await Promise.allSettled(Array.from({ length: 8 }, build));
    expect(built.filter((result) => result.status === "fulfilled" && result.value > 0)).toHaveLength(1);
    await sign();
  });

  test("behavior: one that was not settled by its deadline is given up, and its captures go into the next", async () => {
    const [captures] = await api.sql<[{ n: number }]>`select count(*)::int as n from usage where batch_id is not null`;
    const chain = createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
    await chain.increaseTime({ seconds: 200 });
    await chain.mine({ blocks: 100, interval: 1 });
    await submit();
    expect(await newest()).toMatchObject({ state: "voided", seq: 4n });
    expect(await build()).toBe(1);
    await sign();
    await book(await settleOnChain());
    expect(await newest()).toMatchObject({ state: "mined", seq: 4n });
    expect(await api.sql<[{ n: number }]>`select count(*)::int as n from usage where batch_id is not null`).toEqual([
      captures,
    ]);
    expect(await earned()).toBe(await earnedOnChain());
  });

  test("behavior: what exceeds the balance in the contract becomes debt, and the platform pays for it", async () => {
    const spent = 10n * DOLLAR - (await readBalance(api.sql, buyer.accountId)).spendable;
    for (let cost = spent; cost < 6n * DOLLAR; cost += 205_000_000n) await chat(1_000);
    await build();
    await sign();
    await book(await settleOnChain());
    const balance = await readBalance(api.sql, buyer.accountId);
    expect(balance.debt).toBeGreaterThan(0n);
    const { chain_account: number } =
      (await api.sql`select chain_account from accounts where account_id = ${buyer.accountId}`)[0] ?? {};
    const word = await api.chain.client.readContract({
      address: api.chain.escrow,
      abi: creditEscrowAbi,
      functionName: "accountOf",
      args: [Number(number)],
    });
    expect(balance.debt).toBe(BigInt(word.debt) * 1_000n);
    expect(word.balance).toBe(0n);
    expect(await differences(api.sql)).toEqual([]);
  });

  test("behavior: a reorganisation of its settlement undoes the booking exactly, and booking it again redoes it", async () => {
    const before = await readBalance(api.sql, buyer.accountId);
    const [{ event_id: eventId } = { event_id: "" }] = await api.sql<Array<{ event_id: string }>>`
      select settled_event_id as event_id from batches order by batch_id desc limit 1`;
    const carries = await api.sql`select * from earner_carries order by 1`;
    const earnedBefore = await earned();
    await api.sql.begin((tx) =>
      reverseSettlement(tx, { ...eventOf({ kind: "batch_settled", eventId, data: {} }), times_booked: 1 }),
    );
    expect(await newest()).toMatchObject({ state: "submitted" });
    expect((await readBalance(api.sql, buyer.accountId)).unsettled).toBeGreaterThan(before.unsettled);
    const batch = await newest();
    const platformNet = await platformNetOf(batch?.seq ?? 0n);
    const data = { seq: String(batch?.seq), batch_hash: batch?.digest ?? "", platform_net: platformNet };
    await book({ ...eventOf({ kind: "batch_settled", eventId, data }), times_booked: 1 });
    expect(await readBalance(api.sql, buyer.accountId)).toEqual(before);
    expect(await api.sql`select * from earner_carries order by 1`).toEqual(carries);
    expect(await earned()).toBe(earnedBefore);
  });

  test("behavior: a reorganisation of two settlements, with a third batch on its way, puts all three back in order", async () => {
    await chat(500);
    await build();
    await sign();
    const second = await settleOnChain();
    await book(second);
    await credit(api.sql, buyer.accountId, 5n * DOLLAR);
    await chat(500);
    await build();
    const [first] = await api.sql<Array<{ event_id: string; digest: string; seq: bigint }>>`
      select settled_event_id as event_id, digest, seq from batches where state = 'mined' order by seq desc limit 1 offset 1`;
    for (const eventId of [second.event_id, first?.event_id ?? ""]) {
      const event = { ...eventOf({ kind: "batch_settled", eventId, data: {} }), times_booked: 1 };
      await api.sql.begin((tx) => reverseSettlement(tx, event));
    }
    const states = async () => (await listBatches(api.sql, { limit: 3, seq: null })).map(({ state }) => state);
    expect(await states()).toEqual(["built", "submitted", "submitted"]);
    const again = {
      seq: String(first?.seq),
      batch_hash: first?.digest ?? "",
      platform_net: await platformNetOf(first?.seq ?? 0n),
    };
    await book({ ...eventOf({ kind: "batch_settled", eventId: first?.event_id ?? "", data: again }), times_booked: 1 });
    await book({ ...second, times_booked: 1 });
    expect(await states()).toEqual(["built", "mined", "mined"]);
    expect(await earned()).toBe(await earnedOnChain());
    expect(await differences(api.sql)).toEqual([]);
  });

  test("error: a batch that is booked as settled by one event is not by another, until the first is reversed", async () => {
    await chat(300);
    await build();
    await sign();
    const event = await settleOnChain();
    await book(event);
    const again = { ...event, event_id: `${event.event_id} again` };
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
      values (${again.event_id}, 'batch_settled', 2, '', 0, '', now())`;
    const before = await earned();
    await expect(book(again)).rejects.toBeInstanceOf(SettlementMismatchError);
    const moved = api.sql`update batches set settled_event_id = ${again.event_id} where settled_event_id = ${event.event_id}`;
    await expect(moved).rejects.toMatchObject({ code: "23001" });
    expect(await earned()).toBe(before);
    await api.sql.begin((tx) => reverseSettlement(tx, { ...event, times_booked: 1 }));
    await book(again);
    expect(await earned()).toBe(before);
    expect(await earned()).toBe(await earnedOnChain());
    expect(await differences(api.sql)).toEqual([]);
  });

  test("error: a settlement that we did not sign is never booked past", async () => {
    const data = { seq: "9", batch_hash: `0x${"9".repeat(64)}`, platform_net: "0" };
    await expect(book(eventOf({ kind: "batch_settled", eventId: "stolen", data }))).rejects.toBeInstanceOf(
      SettlementMismatchError,
    );
  });
});

/** What the contract says of a batch: once, if it was settled. */
const settledOf = (seq: bigint) =>
  api.chain.client.getContractEvents({
    address: api.chain.escrow,
    abi: creditEscrowAbi,
    eventName: "BatchSettled",
    args: { seq },
    fromBlock: 0n,
  });

const platformNetOf = async (seq: bigint) => String((await settledOf(seq))[0]?.args.platformNet);
