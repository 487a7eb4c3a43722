import { creditEscrowAbi } from "@infr/contracts/abi";
import { microToNano, microUsdc } from "@infr/money";
import { openSettledBatches, verifyReservesFile, verifyReservesTotal } from "@infr/sdk/verify";
import { createTestClient, http, parseEventLogs } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bookDeposit } from "../flow/deposit/book-deposit.ts";
import { TRUST } from "../flow/deposit/trust.ts";
import { LiabilitiesMismatchError } from "../reserves/build-day.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { eventOf, fundPlatform, openOnChain } from "../testing/on-chain.ts";
import { publishLastDay } from "./publish-reserves.ts";

const USERS = 5;

let api: TestApi;
let users: TestUser[];

beforeAll(async () => {
  api = await startApi();
  await fundPlatform(api);
  await api.sql`update accounts set ref = ${`0x${"f".repeat(64)}`} where account_id = 'acct_platform'`;
  users = await Promise.all(Array.from({ length: USERS }, () => newUser(api)));
  for (const [index, user] of users.entries()) await openOnChain(api, user, BigInt(index + 1) * 5_000_000n);
  await bookDeposits();
});
afterAll(() => api.stop());

/** Books the chain's deposits, as the follower would: only their own blocks' numbers matter here. */
async function bookDeposits(): Promise<void> {
  const { client, escrow } = api.chain;
  const logs = await client.getLogs({ address: escrow, fromBlock: 0n });
  for (const { args, blockNumber, logIndex } of parseEventLogs({
    abi: creditEscrowAbi,
    eventName: "Deposited",
    logs,
  })) {
    const eventId = `deposited:${blockNumber}:${logIndex}`;
    const known = await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
      values (${eventId}, 'deposited', ${blockNumber}, '', ${logIndex}, '', now())
      on conflict do nothing returning event_id`;
    if (known.length === 0) continue;
    const ref = await refOfNumber(args.account);
    const data = {
      ref,
      payer: args.payer,
      rail: String(args.rail),
      amount: String(args.amount),
      debt_repaid: String(args.debtRepaid),
      memo: args.memo,
    };
    await api.sql.begin((tx) =>
      bookDeposit(tx, eventOf({ kind: "deposited", eventId, data }), { safeBlock: 1n, trust: TRUST }),
    );
  }
}

async function refOfNumber(number: number): Promise<string> {
  const [row] = await api.sql<Array<{ ref: string }>>`
    select ref from accounts where chain_account = ${number} or (${number} = 1 and kind = 'platform')`;
  return row?.ref ?? "";
}

/** To the chain's next day, with blocks enough for what was before to be final, and few enough to keep its state. */
async function nextDay(blocks = 100): Promise<string> {
  const chain = createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
  const { timestamp } = await api.chain.client.getBlock();
  await chain.increaseTime({ seconds: Number(86_400n - (timestamp % 86_400n)) + 43_200 });
  await chain.mine({ blocks, interval: 1 });
  return new Date(Number(timestamp) * 1000).toISOString().slice(0, 10);
}

const publish = () => publishLastDay(api, null);

async function get(url: string, user?: TestUser) {
  const answer = await api.app.inject({ method: "GET", url, headers: user ? { cookie: user.cookie } : {} });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

describe("publishReserves", () => {
  let day: string;

  test("default: the day that is over is published once, also by ten workers at a time, and adds up to what the contract owed", async () => {
    day = await nextDay();
    expect(await publishLastDay(api, 0n)).toBeNull();
    const built = await Promise.all(Array.from({ length: 10 }, publish));
    expect(built.filter((each) => each !== null)).toEqual([day]);
    expect(await publish()).toBeNull();
    const { body } = await get(`/api/reserves/${day}`);
    expect(body).toMatchObject({ day, accounts: USERS + 1, owed: "175", held: "175", surplus: "0" });
  });

  test("default: everybody finds his own leaf, which verifies against the chain, and nobody else's", async () => {
    const batches = await openSettledBatches({ client: api.chain.client, escrow: api.chain.escrow });
    const { body: published } = await get(`/api/reserves/${day}`);
    for (const [index, user] of users.entries()) {
      const { body: file } = await get(`/api/reserves/${day}/proof`, user);
      expect(file).toMatchObject({ owed: { credit: String((index + 1) * 5) } });
      const own = verifyReservesFile(file, { root: String(published["root"]) });
      const total = await verifyReservesTotal(file, batches);
      const failed = [...own.checks, ...total.checks].filter(({ ok }) => !ok);
      expect({ ok: own.ok && total.ok, failed }).toEqual({ ok: true, failed: [] });
      for (const other of users.filter((each) => each !== user)) {
        expect(JSON.stringify(file)).not.toContain(other.accountId);
      }
    }
    expect((await get(`/api/reserves/${day}/proof`, await newUser(api))).status).toBe(404);
  });

  test("behavior: one flipped bit in a proof and it does not verify", async () => {
    const { body: file } = await get(`/api/reserves/${day}/proof`, users[2]);
    const text = JSON.stringify(file);
    const passed: number[] = [];
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      const bytes = Buffer.from(text);
      bytes[Math.floor(bit / 8)] = (bytes[Math.floor(bit / 8)] ?? 0) ^ (1 << (bit % 8));
      if (verifies(bytes.toString())) passed.push(bit);
    }
    expect(passed).toEqual([]);
  });

  test("behavior: another day has other salts, places and commitments for the same amounts", async () => {
    const before = (await get(`/api/reserves/${day}/proof`, users[0])).body;
    day = await nextDay();
    expect(await publish()).toBe(day);
    const after = (await get(`/api/reserves/${day}/proof`, users[0])).body;
    expect(after["owed"]).toEqual(before["owed"]);
    expect(after["salt"]).not.toBe(before["salt"]);
  });

  test("error: nothing is published while the ledger is not what the contract owed", async () => {
    await openOnChain(api, await newUser(api), 7_000_000n);
    day = await nextDay();
    await expect(publish()).rejects.toThrow(LiabilitiesMismatchError);
    expect((await get(`/api/reserves/${day}`)).status).toBe(404);
    await bookDeposits();
    expect(await publish()).toBe(day);
  });

  test("behavior: where the node has lost the block's state the day is published without what was held", async () => {
    day = await nextDay(300);
    expect(await publish()).toBe(day);
    expect((await get(`/api/reserves/${day}`)).body).toMatchObject({ owed: "182", held: null, surplus: null });
  });

  test("behavior: what was booked and reversed is not owed, and what was published does not change", async () => {
    const [user] = users as [TestUser];
    const amount = microToNano(microUsdc(3_000_000n));
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
      values ('gone', 'deposited', 1, '', 0, '', now())`;
    await api.sql`
      insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
      values ('deposit:gone', 1, 'escrow', '', 'credit', ${user.accountId}, ${amount}),
        ('reverse:deposit:gone', 1, 'credit', ${user.accountId}, 'escrow', '', ${amount})`;
    day = await nextDay();
    expect(await publish()).toBe(day);
    expect((await get(`/api/reserves/${day}/proof`, user)).body).toMatchObject({ owed: { credit: "5" } });
    for (const table of ["reserve_days", "reserve_leaves", "reserve_nodes"]) {
      await expect(api.sql`update ${api.sql(table)} set credit_micro = 0`).rejects.toThrow(/never changes/);
      await expect(api.sql`delete from ${api.sql(table)}`).rejects.toThrow(/never changes/);
    }
  });
});

function verifies(text: string): boolean {
  try {
    return verifyReservesFile(JSON.parse(text)).ok;
  } catch {
    return false;
  }
}
