import { creditEscrowAbi } from "@infr/contracts/abi";
import { formatUsd, type NanoUsd, nanoUsd, parseUsd } from "@infr/money";
import { accountRef } from "@infr/protocol";
import { type Address, createTestClient, encodeFunctionData, http, keccak256, stringToHex, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { noteBooked, noteReversed } from "../../chain/events-store.ts";
import { newId } from "../../ids.ts";
import { readBalance } from "../../ledger/balance.ts";
import { bookEntries } from "../../ledger/entries.ts";
import { differences } from "../../ledger/store.ts";
import { CUSTODIAN_KEY, credit, newUser, startApi, type TestApi, type TestUser } from "../../testing/api.ts";
import { grantCredit } from "../../testing/lots.ts";
import {
  bookMoves,
  call,
  carryOut,
  clear,
  clearAndSend,
  moveEvents,
  prepare,
  signOrder,
  transfer,
} from "../../testing/moves.ts";
import { eventOf, fundPlatform, openOnChain, write } from "../../testing/on-chain.ts";
import { bookChange } from "./book-change.ts";
import { bookTransfer, reverseCredit } from "./book-credit.ts";
import { endMoves } from "./end-moves.ts";
import { accountFor } from "./recipients.ts";

const DOLLAR = 1_000_000n;
/** `safe` on the test chain lies that far behind. */
const SAFE_BLOCKS = 40;
let api: TestApi;
let anvil: ReturnType<typeof createTestClient>;
let alice: TestUser;
let bob: TestUser;

beforeAll(async () => {
  api = await startApi({ MOVES_PER_DAY: "60", OPENINGS_PER_DAY: "2" });
  anvil = createTestClient({ mode: "anvil", transport: http(api.chain.rpcUrl) });
  await fundPlatform(api);
  bob = await funded(1n);
});
afterAll(() => api.stop());
afterEach(async () => {
  // What was placed without a signature would hold up its account for ever.
  await api.sql`
    select end_move(move_id, 'failed', 'test') from moves where state = 'pending' and moved_event_id is null and signature = '0x'`;
  expect(await differences(api.sql)).toEqual([]);
});

/** A user with so many dollars, in the contract and in the ledger. */
async function funded(dollars: bigint): Promise<TestUser> {
  const user = await newUser(api);
  await openOnChain(api, user, dollars < 5n ? 5n * DOLLAR : dollars * DOLLAR);
  await credit(api.sql, user.accountId, (dollars < 5n ? 5n : dollars) * 1_000_000_000n);
  return user;
}

const spendable = async (user: TestUser) => (await readBalance(api.sql, user.accountId)).spendable;
const read = async (user: TestUser, id: string) =>
  (await call(api, user, { method: "GET", url: `/api/transfers/${id}` })).body;
const end = () => endMoves({ ...api, relayer: privateKeyToAccount(generatePrivateKey()).address });
const onChain = async (user: TestUser) => {
  const { client, escrow: address } = api.chain;
  const owner = privateKeyToAccount(user.privateKey).address;
  const number = await client.readContract({ address, abi: creditEscrowAbi, functionName: "idOf", args: [owner] });
  return client.readContract({ address, abi: creditEscrowAbi, functionName: "accountOf", args: [number] });
};
const block = () => api.chain.client.getBlockNumber({ cacheTime: 0 });

describe("new recipients", () => {
  test("error: what goes to them in a day is limited, also of many at once; who got something before is none", async () => {
    const sender = await funded(5n);
    await credit(api.sql, sender.accountId, 395_000_000_000n);
    const known = await funded(1n);
    const strangers: TestUser[] = [];
    while (strangers.length < 6) strangers.push(await funded(1n));
    const ask = (user: TestUser, amount: string) => prepare(api, sender, { to: { account: user.accountId }, amount });
    const asked = await Promise.all(strangers.map((user) => ask(user, "100")));
    expect(asked.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 403, 403, 403, 403]);
    expect(asked.find(({ status }) => status === 403)?.body.code).toBe("sharing_limit");
    expect((await ask(known, "60")).status).toBe(403);
    const { status } = await transfer(api, sender, { to: { account: known.accountId }, amount: "4" });
    expect(status).toBe(200);
    await carryOut(api, 0n);
    expect((await ask(known, "60")).status).toBe(403);
    await api.sql`update moves set created_at = created_at - interval '25 hours' where recipient_id = ${known.accountId}`;
    expect((await ask(known, "60")).status).toBe(201);
    await api.sql`update moves set state = 'expired' where account_id = ${sender.accountId} and state = 'awaiting_signature'`;
  });
});

describe("GET /api/transfers/limits", () => {
  const room = async (user: TestUser): Promise<Record<string, unknown>> => ({
    ...(await call(api, user, { method: "GET", url: "/api/transfers/limits" })).body,
  });

  test("default: says before an attempt what a move would be refused for, to the cent", async () => {
    const sender = await funded(300n);
    const before = await room(sender);
    expect(before).toMatchObject({ shareable: "300", refusal: null });
    const [leftToday, leftToNew] = [parseUsd(String(before["leftToday"])), parseUsd(String(before["leftToNew"]))];
    const amount = formatUsd(leftToday < leftToNew ? leftToday : leftToNew);
    const to = { account: bob.accountId };
    expect((await prepare(api, sender, { to, amount: `${amount}.01` })).status).toBe(403);
    expect((await transfer(api, sender, { to, amount: "2.5" })).status).toBe(200);
    const less = (than: NanoUsd) => formatUsd(nanoUsd(than - parseUsd("2.5")));
    expect(await room(sender)).toMatchObject({
      shareable: "297.5",
      leftToday: less(leftToday),
      leftToNew: less(leftToNew),
    });
    await carryOut(api, 0n);
  });

  test("behavior: an account that can give nothing is told why", async () => {
    const sender = await funded(5n);
    await api.sql`update accounts set frozen_reason = 'test' where account_id = ${sender.accountId}`;
    expect((await room(sender))["refusal"]).toContain("frozen");
  });
});

describe("a transfer", () => {
  test("default: is prepared, signed, held, cleared, mined and booked; spendable with its event", async () => {
    alice = await funded(20n);
    const before = { alice: await spendable(alice), bob: await spendable(bob), block: await block() };
    const startedAt = performance.now();
    const to = { account: bob.accountId };
    const { status, body } = await transfer(api, alice, { to, amount: "7.25", memo: "lunch" });
    expect({ status, state: body.state }).toEqual({ status: 200, state: "pending" });
    expect(await spendable(alice)).toBe(before.alice - parseUsd("7.25"));
    expect(await spendable(bob)).toBe(before.bob);
    expect(await read(bob, body.id)).toMatchObject({
      direction: "received",
      state: "pending",
      memo: "lunch",
      order: null,
    });
    await carryOut(api, before.block);
    console.log(`from the request to spendable: ${(performance.now() - startedAt).toFixed(0)} ms, without the indexer`);
    expect(await spendable(alice)).toBe(before.alice - parseUsd("7.25"));
    expect(await spendable(bob)).toBe(before.bob + parseUsd("7.25"));
    expect((await onChain(alice)).balance).toBe(12_750_000n);
    expect(await read(alice, body.id)).toMatchObject({ state: "completed", finality: "seen" });
    expect((await readBalance(api.sql, alice.accountId)).held).toBe(0n);
  });

  test("behavior: two signed at once have nonces of their own and both arrive", async () => {
    alice = await funded(20n);
    const from = await block();
    for (const amount of ["1", "2"])
      expect((await transfer(api, alice, { to: { account: bob.accountId }, amount })).status).toBe(200);
    await carryOut(api, from);
    expect(await spendable(alice)).toBe(parseUsd("17"));
  });

  test("behavior: the same key is the same transfer, another payload under it is refused", async () => {
    alice = await funded(20n);
    const wanted = { to: { account: bob.accountId }, amount: "1", key: newId("transfer") };
    const all = await Promise.all(Array.from({ length: 10 }, () => prepare(api, alice, wanted)));
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(1);
    const { body, status } = await prepare(api, alice, { ...wanted, amount: "2" });
    expect({ status, body }).toMatchObject({ status: 409, body: { code: "idempotency_key_reused" } });
    const [first] = all;
    const signature = await signOrder(alice.privateKey, first?.body.order ?? null);
    const url = `/api/transfers/${first?.body.id}/signature`;
    const signed = await Promise.all(
      Array.from({ length: 10 }, () => call(api, alice, { url, payload: { signature } })),
    );
    expect(signed.map(({ body: { state } }) => state)).toEqual(Array.from({ length: 10 }, () => "pending"));
    expect(await spendable(alice)).toBe(parseUsd("19"));
  });

  test("behavior: a dry run checks everything and writes nothing", async () => {
    alice = await funded(20n);
    const payload = { to: { wallet: privateKeyToAccount(generatePrivateKey()).address }, amount: "5", dryRun: true };
    const { status, body } = await call(api, alice, { url: "/api/transfers", payload, key: "dry" });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { shareableAfter: "15", leftToday: "995", to: { account: null } },
    });
    const [rows] = await api.sql<
      [{ n: number }]
    >`select count(*)::int as n from moves where account_id = ${alice.accountId}`;
    expect(rows.n).toBe(0);
    const refused = await call(api, alice, {
      url: "/api/transfers",
      payload: { ...payload, amount: "21" },
      key: "dry",
    });
    expect(refused).toMatchObject({ status: 402, body: { code: "insufficient_credit" } });
  });

  test("behavior: a wallet without an account gets one opened, and the order is there once its number is lasting", async () => {
    alice = await funded(20n);
    const wallet = privateKeyToAccount(generatePrivateKey()).address;
    const { body } = await prepare(api, alice, { to: { wallet }, amount: "5" });
    expect(body).toMatchObject({ state: "awaiting_signature", order: null });
    const early = await call(api, alice, {
      url: `/api/transfers/${body.id}/signature`,
      payload: { signature: "0x" },
    });
    expect(early).toMatchObject({ status: 409, body: { code: "recipient_not_ready" } });
    const opening = await api.sql`select from transactions where kind = 'open' and cause = (
      select 'open:' || recipient_id from moves where move_id = ${body.id})`;
    expect(opening).toHaveLength(1);
    await carryOut(api, await block());
    const { client, escrow: address } = api.chain;
    const number = await client.readContract({ address, abi: creditEscrowAbi, functionName: "idOf", args: [wallet] });
    expect(number).toBeGreaterThan(0);
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
      values (${`opened:${number}`}, 'account_opened', 1, '', 0, '', now())`;
    await api.sql`
      update accounts set chain_account = ${number}, opened_event_id = ${`opened:${number}`} where owner = ${wallet.toLowerCase()}`;
    expect((await read(alice, body.id)).order).toBeNull();
    await api.sql`update chain_events set finality = 'safe' where event_id = ${`opened:${number}`}`;
    expect((await read(alice, body.id)).order?.typedData.message).toMatchObject({ to: number });
  });

  test("error: more accounts opened in a day than allowed", async () => {
    alice = await funded(20n);
    const some = () => ({ to: { wallet: privateKeyToAccount(generatePrivateKey()).address }, amount: "1" });
    const statuses = await Promise.all(
      Array.from({ length: 6 }, async () => (await prepare(api, alice, some())).status),
    );
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 201, 429, 429, 429, 429]);
  });
});

describe("bad input moves nothing", () => {
  test.each([
    {
      name: "an unknown account",
      named: { account: "acct_nobody" },
      amount: "1",
      status: 422,
      code: "unknown_recipient",
    },
    { name: "the platform", named: { account: "acct_platform" }, amount: "1", status: 422, code: "unknown_recipient" },
    { name: "nobody", named: {}, amount: "1", status: 400, code: "invalid_input" },
    {
      name: "the zero address",
      named: { wallet: `0x${"0".repeat(40)}` },
      amount: "1",
      status: 422,
      code: "unknown_recipient",
    },
    { name: "no address", named: { wallet: "0x12" }, amount: "1", status: 400, code: "invalid_input" },
    {
      name: "a personal account as a team",
      named: { team: "bob" },
      amount: "1",
      status: 422,
      code: "unknown_recipient",
    },
    { name: "itself", named: { account: "alice" }, amount: "1", status: 422, code: "own_account" },
    { name: "zero", named: { account: "bob" }, amount: "0", status: 400, code: "invalid_input" },
    { name: "less than zero", named: { account: "bob" }, amount: "-1", status: 400, code: "invalid_input" },
    { name: "too many digits", named: { account: "bob" }, amount: "1.0000001", status: 400, code: "invalid_input" },
    { name: "no number", named: { account: "bob" }, amount: "1e3", status: 400, code: "invalid_input" },
    {
      name: "more than there is",
      named: { account: "bob" },
      amount: "20.000001",
      status: 402,
      code: "insufficient_credit",
    },
  ] as Array<{ name: string; named: Record<string, string>; amount: string; status: number; code: string }>)(
    "error: $name",
    async ({ named, amount, status, code }) => {
      alice = await funded(20n);
      const known: Record<string, string> = { alice: alice.accountId, bob: bob.accountId };
      const to = Object.fromEntries(Object.entries(named).map(([kind, name]) => [kind, known[name] ?? name]));
      expect(await prepare(api, alice, { to, amount })).toMatchObject({ status, body: { code } });
      expect(await spendable(alice)).toBe(parseUsd("20"));
    },
  );

  test("error: a wallet whose account is another's now: it is not his whom the sender names", async () => {
    const [sender, given] = [await funded(5n), await funded(1n)];
    const wallet = privateKeyToAccount(given.privateKey).address;
    const next = privateKeyToAccount(generatePrivateKey()).address.toLowerCase();
    const ref = accountRef({ owner: wallet });
    expect((await prepare(api, sender, { to: { wallet }, amount: "1" })).status).toBe(201);
    const event = eventOf({ kind: "owner_changed", eventId: `owner:${next}`, data: { ref, owner: next } });
    await api.sql.begin(async (tx) => {
      await noteBooked(tx, event);
      await bookChange(tx, event);
    });
    expect(await prepare(api, sender, { to: { wallet }, amount: "1" })).toMatchObject({
      status: 422,
      body: { code: "unknown_recipient", detail: expect.stringContaining("given its account away") },
    });
    const found = { namedAs: "wallet", named: wallet, wallet: wallet.toLowerCase() as Address, account: null } as const;
    await expect(api.sql.begin((tx) => accountFor(tx, found))).rejects.toThrow("given its account away");
    const { accountId } = given;
    expect((await prepare(api, sender, { to: { account: accountId }, amount: "1" })).status).toBe(201);
  });

  test("error: own wallet", async () => {
    alice = await funded(20n);
    const { address } = privateKeyToAccount(alice.privateKey);
    const answer = await prepare(api, alice, { to: { wallet: address }, amount: "1" });
    expect(answer).toMatchObject({ status: 422, body: { code: "own_account" } });
  });

  test("error: credit that the platform has funded, a debt, a frozen account on either side, a member's wish", async () => {
    alice = await funded(5n);
    const to = { account: bob.accountId };
    await grantCredit(api.sql, alice.accountId, 10n ** 10n);
    expect(await spendable(alice)).toBe(parseUsd("15"));
    const promo = await prepare(api, alice, { to, amount: "6" });
    expect(promo).toMatchObject({ status: 402, body: { code: "insufficient_credit" } });
    expect(JSON.stringify(promo.body)).toContain("$10");

    const frozen = (user: TestUser, reason: string | null) =>
      api.sql`update accounts set frozen_reason = ${reason} where account_id = ${user.accountId}`;
    await frozen(alice, "a dispute");
    expect(await prepare(api, alice, { to, amount: "1" })).toMatchObject({
      status: 403,
      body: { code: "account_frozen" },
    });
    await frozen(alice, null);
    await frozen(bob, "a dispute");
    expect(await prepare(api, alice, { to, amount: "1" })).toMatchObject({
      status: 422,
      body: { code: "recipient_frozen" },
    });
    await frozen(bob, null);

    await api.sql`update account_members set role = 'member' where account_id = ${alice.accountId}`;
    expect(await prepare(api, alice, { to, amount: "1" })).toMatchObject({
      status: 403,
      body: { code: "role_needed" },
    });
    await api.sql`update account_members set role = 'owner' where account_id = ${alice.accountId}`;

    const debt = {
      debit: { book: "debt", account: alice.accountId },
      credit: { book: "debt_claim", account: "acct_platform" },
    } as const;
    await api.sql.begin((tx) => bookEntries(tx, { cause: newId("tx"), entries: [{ ...debt, amount: nanoUsd(1n) }] }));
    expect(await prepare(api, alice, { to, amount: "1" })).toMatchObject({ status: 402, body: { code: "in_debt" } });
  });

  test("error: somebody else's signature, and one for what was prepared before", async () => {
    alice = await funded(20n);
    const { body } = await prepare(api, alice, { to: { account: bob.accountId }, amount: "1" });
    const url = `/api/transfers/${body.id}/signature`;
    const forged = await call(api, alice, { url, payload: { signature: await signOrder(bob.privateKey, body.order) } });
    expect(forged).toMatchObject({ status: 422, body: { code: "invalid_signature" } });
    // Another one is signed first: this one's nonce is used up.
    const other = await transfer(api, alice, { to: { account: bob.accountId }, amount: "2" });
    expect(other.status).toBe(200);
    const late = await call(api, alice, { url, payload: { signature: await signOrder(alice.privateKey, body.order) } });
    expect(late).toMatchObject({ status: 409, body: { code: "order_outdated" } });
    const { order } = await read(alice, body.id);
    const signature = await signOrder(alice.privateKey, order);
    expect(await call(api, alice, { url, payload: { signature } })).toMatchObject({
      status: 200,
      body: { state: "pending" },
    });
    expect(await call(api, bob, { url, payload: { signature } })).toMatchObject({ status: 404 });
  });
});

describe("what is set aside", () => {
  test("behavior: transfers and requests at once never spend the same money", async () => {
    alice = await funded(10n);
    const prepared = [];
    for (let n = 0; n < 8; n += 1)
      prepared.push((await prepare(api, alice, { to: { account: bob.accountId }, amount: "3" })).body);
    // Each is made to have a nonce of its own, as if those before it were signed already.
    for (const [n, { id }] of prepared.entries())
      await api.sql`update moves set nonce = nonce + ${n} where move_id = ${id}`;
    const terms = await api.sql<Array<{ move_id: string; nonce: bigint; deadline: bigint }>>`
      select move_id, nonce, deadline from moves where account_id = ${alice.accountId}`;
    const place = ({ move_id, nonce, deadline }: (typeof terms)[number]) =>
      api.sql<
        [{ outcome: string }]
      >`select outcome from place_clearance(${move_id}, ${nonce}, ${deadline}, '0x', ${10n ** 12n})`;
    const request = () =>
      api.batcher.hold({
        requestId: newId("req"),
        accountId: alice.accountId,
        worst: parseUsd("1"),
        floor: parseUsd("1"),
        subjects: [],
      });
    const [holds, clearances] = await Promise.all([
      Promise.all(Array.from({ length: 12 }, request)),
      Promise.all(terms.map(async (row) => (await place(row))[0].outcome)),
    ]);
    const held = holds.filter(({ outcome }) => outcome === "held").length;
    const cleared = clearances.filter((outcome) => outcome === "held").length;
    expect(held + 3 * cleared).toBeLessThanOrEqual(10);
    expect(held + 3 * cleared).toBeGreaterThanOrEqual(8);
    expect((await readBalance(api.sql, alice.accountId)).spendable).toBe(parseUsd(String(10 - held - 3 * cleared)));
    for (const { requestId } of holds) await api.batcher.release({ requestId, accountId: alice.accountId });
  });

  test("behavior: the daily cap counts what is set aside, under any concurrency, and gives back what never came", async () => {
    alice = await funded(10n);
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1)
      ids.push((await prepare(api, alice, { to: { account: bob.accountId }, amount: "1" })).body.id);
    for (const [n, id] of ids.entries()) await api.sql`update moves set nonce = nonce + ${n} where move_id = ${id}`;
    const outcomes = await Promise.all(
      ids.map(async (id) => {
        const [row] = await api.sql<[{ outcome: string }]>`
        select p.outcome from moves m cross join lateral place_clearance(m.move_id, m.nonce, m.deadline, '0x', ${3_500_000_000n}) p
        where m.move_id = ${id}`;
        return row.outcome;
      }),
    );
    expect(outcomes.toSorted()).toEqual(["cap", "cap", "cap", "held", "held", "held"]);
    const [pending] = await api.sql<[{ move_id: string }]>`
      select move_id from moves where account_id = ${alice.accountId} and state = 'pending' limit 1`;
    await api.sql`select end_move(${pending.move_id}, 'failed', 'test')`;
    const [cap] =
      await api.sql`select used_nano from limits where account_id = ${alice.accountId} and scope = 'sharing'`;
    expect(cap?.["used_nano"]).toBe(2_000_000_000n);
  });

  test("behavior: a cleared transfer that is not mined stays held until the safe block is past its deadline", async () => {
    alice = await funded(10n);
    const { body } = await transfer(api, alice, { to: { account: bob.accountId }, amount: "4" });
    await clear(api);
    await anvil.increaseTime({ seconds: 601 });
    await anvil.mine({ blocks: 2 });
    await end();
    expect(await read(alice, body.id)).toMatchObject({ state: "pending" });
    expect(await spendable(alice)).toBe(parseUsd("6"));
    await anvil.mine({ blocks: SAFE_BLOCKS });
    await end();
    expect(await read(alice, body.id)).toMatchObject({ state: "expired" });
    expect(await spendable(alice)).toBe(parseUsd("10"));
    await clearAndSend(api);
    expect((await onChain(alice)).balance).toBe(10n * DOLLAR);
  });

  test("behavior: mined but not yet booked, it stays held, however late it is", async () => {
    alice = await funded(10n);
    const from = await block();
    const { body } = await transfer(api, alice, { to: { account: bob.accountId }, amount: "4" });
    await clearAndSend(api);
    await expect.poll(async () => (await onChain(alice)).nonce).toBe(1n);
    await anvil.increaseTime({ seconds: 601 });
    await anvil.mine({ blocks: SAFE_BLOCKS });
    await end();
    expect(await read(alice, body.id)).toMatchObject({ state: "pending" });
    expect(await spendable(alice)).toBe(parseUsd("6"));
    await bookMoves(api, from);
    expect(await read(alice, body.id)).toMatchObject({ state: "completed" });
  });

  test("behavior: an event that is reorganised away is held again, and booked when it comes back", async () => {
    alice = await funded(10n);
    const from = await block();
    const { body } = await transfer(api, alice, { to: { account: bob.accountId }, amount: "4" });
    await carryOut(api, from);
    const [event] = await moveEvents(api, from);
    if (!event) throw new Error("nothing was transferred");
    await api.sql.begin(async (tx) => {
      await noteReversed(tx, event.event_id);
      await reverseCredit(tx, { ...event, times_booked: 1 });
    });
    expect(await read(alice, body.id)).toMatchObject({ state: "pending" });
    expect(await readBalance(api.sql, alice.accountId)).toMatchObject({
      spendable: parseUsd("6"),
      held: parseUsd("4"),
    });
    expect(await differences(api.sql)).toEqual([]);
    await api.sql.begin(async (tx) => {
      await noteBooked(tx, event);
      await bookTransfer(tx, { ...event, times_booked: 1 });
    });
    expect(await read(alice, body.id)).toMatchObject({ state: "completed" });
    expect(await readBalance(api.sql, alice.accountId)).toMatchObject({ spendable: parseUsd("6"), held: 0n });
  });

  test("behavior: what nobody clears in time ends, and what it held is free at once", async () => {
    alice = await funded(10n);
    const { body } = await transfer(api, alice, { to: { account: bob.accountId }, amount: "4" });
    await anvil.increaseTime({ seconds: 601 });
    await anvil.mine({ blocks: 1 });
    await end();
    expect(await read(alice, body.id)).toMatchObject({ state: "expired" });
    expect(await spendable(alice)).toBe(parseUsd("10"));
  });
});

describe("an account without a wallet", () => {
  /** As signing in by e-mail makes it, with $10. */
  async function withoutWallet(): Promise<TestUser> {
    const user = await newUser(api);
    const owner = privateKeyToAccount(CUSTODIAN_KEY).address;
    const salt = keccak256(stringToHex(user.accountId));
    const ref = accountRef({ owner, salt });
    await api.sql`update accounts set owner = ${owner.toLowerCase()}, salt = ${salt}, ref = ${ref} where account_id = ${user.accountId}`;
    const { escrow: address, client } = api.chain;
    const abi = creditEscrowAbi;
    await write(
      api,
      address,
      encodeFunctionData({ abi, functionName: "depositFor", args: [owner, salt, 10n * DOLLAR, zeroHash] }),
    );
    const number = await client.readContract({ address, abi, functionName: "idOfRef", args: [ref] });
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
      values (${`opened:${number}`}, 'account_opened', 1, '', 0, '', now(), 'safe')`;
    await api.sql`
      update accounts set chain_account = ${number}, opened_event_id = ${`opened:${number}`} where account_id = ${user.accountId}`;
    await credit(api.sql, user.accountId, 10_000_000_000n);
    return user;
  }

  test("default: asking is enough, the custodian signs", async () => {
    alice = await withoutWallet();
    const from = await block();
    const before = await spendable(bob);
    const { status, body } = await prepare(api, alice, { to: { account: bob.accountId }, amount: "4" });
    expect({ status, body }).toMatchObject({ status: 201, body: { state: "pending", order: null } });
    expect(await spendable(alice)).toBe(parseUsd("6"));
    await carryOut(api, from);
    expect(await read(alice, body.id)).toMatchObject({ state: "completed" });
    expect(await spendable(bob)).toBe(before + parseUsd("4"));
  });

  test("behavior: asked for at once, all of what fits is carried out, one after the other", async () => {
    alice = await withoutWallet();
    const from = await block();
    const ask = () => prepare(api, alice, { to: { account: bob.accountId }, amount: "3" });
    await Promise.all(Array.from({ length: 5 }, ask));
    await carryOut(api, from);
    expect(await spendable(alice)).toBe(parseUsd("1"));
    const states = await api.sql<
      Array<{ state: string }>
    >`select state from moves where account_id = ${alice.accountId}`;
    expect(states.map(({ state }) => state).toSorted()).toEqual([
      "completed",
      "completed",
      "completed",
      "failed",
      "failed",
    ]);
  });
});

describe("the clearer", () => {
  test("error: it clears nothing that is not set aside, nor between frozen accounts", async () => {
    alice = await funded(10n);
    const { body } = await transfer(api, alice, { to: { account: bob.accountId }, amount: "4" });
    await api.sql`update accounts set frozen_reason = 'a dispute' where account_id = ${bob.accountId}`;
    await clearAndSend(api);
    await api.sql`update accounts set frozen_reason = null where account_id = ${bob.accountId}`;
    expect(await read(alice, body.id)).toMatchObject({ state: "failed" });
    expect(await spendable(alice)).toBe(parseUsd("10"));
    expect((await onChain(alice)).balance).toBe(10n * DOLLAR);
  });
});
