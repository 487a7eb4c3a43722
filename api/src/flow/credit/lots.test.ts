import { nanoUsd } from "@infr/money";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { Batcher } from "../../ledger/commit/batcher.ts";
import { renewLease } from "../../ledger/commit/store.ts";
import { bookBalance, differences } from "../../ledger/store.ts";
import { testDatabase } from "../../testing/database.ts";
import { captureNano, coverLots, holdNano, openOwned } from "../../testing/lots.ts";
import { grantByHand, NotRevocableError, revokeGrant } from "./admin-grants.ts";
import {
  fundingRoom,
  type Grant,
  GrantConflictError,
  GrantTakenError,
  grantLot,
  NotCoveredError,
} from "./grant-lot.ts";
import { type LotRow, lotsOf, setClaim, settleLots } from "./lot-store.ts";
import { settleAllLots } from "./settle-lots.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const inHours = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);
let sql: Sql;
let drop: () => Promise<void>;
let batcher: Batcher;
let operatorId: string;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  const instanceId = newId("inst");
  await renewLease(sql, { instanceId, leaseMs: 3_600_000, first: true });
  batcher = new Batcher({ sql, instanceId });
  operatorId = await openOwned(sql);
  await coverLots(sql, 10n ** 15n);
});
afterAll(() => drop());

const grant = (accountId: string, wanted: Partial<Grant> = {}, now = NOW): Promise<LotRow> =>
  sql.begin((tx) =>
    grantLot(
      tx,
      { accountId, kind: "enterprise", cause: newId("lot"), amount: nanoUsd(100n), expiresAt: null, ...wanted },
      now,
    ),
  );
const settle = (accountId: string, now = NOW) => sql.begin((tx) => settleLots(tx, { accountId, now }));
const hold = (accountId: string, worst: bigint) => holdNano(batcher, { accountId, worst });
const capture = (accountId: string, requestId: string, nano: bigint) =>
  captureNano(batcher, { accountId, operatorId, requestId, nano });
async function use(accountId: string, nano: bigint): Promise<void> {
  const { requestId, granted } = await hold(accountId, nano);
  expect(granted).toBe(nano);
  await capture(accountId, requestId, nano);
}
const lotsById = async (accountId: string) =>
  new Map((await lotsOf(sql, { accountId, limit: 200 })).map((lot) => [lot.lot_id, lot]));
const funded = async (accountId: string) => -(await bookBalance(sql, { book: "funded", account: accountId }));

describe("burning", () => {
  test("default: nearest expiry first, then priority, then age", async () => {
    const accountId = await openOwned(sql);
    const never = await grant(accountId);
    const late = await grant(accountId, { expiresAt: inHours(3) });
    const soon = await grant(accountId, { expiresAt: inHours(1), priority: 5 });
    const first = await grant(accountId, { expiresAt: inHours(1), priority: 4 });
    await use(accountId, 250n);
    await settleAllLots(sql, () => NOW);
    const lots = await lotsById(accountId);
    expect([first, soon, late, never].map(({ lot_id }) => lots.get(lot_id)?.used_nano)).toEqual([100n, 100n, 50n, 0n]);
    expect([first, late].map(({ lot_id }) => lots.get(lot_id)?.state)).toEqual(["spent", "live"]);
  });

  test("behavior: what was used before a lot was granted is not that lot's, though it expires sooner", async () => {
    const accountId = await openOwned(sql);
    const old = await grant(accountId);
    await use(accountId, 60n);
    const fresh = await grant(accountId, { expiresAt: inHours(1) });
    const lots = await lotsById(accountId);
    expect([old, fresh].map(({ lot_id }) => lots.get(lot_id)?.used_nano)).toEqual([60n, 0n]);
  });

  test("behavior: twenty workers at once, while requests run, charge everything once", async () => {
    const accountId = await openOwned(sql);
    for (let n = 0; n < 10; n++) await grant(accountId, { amount: nanoUsd(1_000n), expiresAt: inHours(1 + n) });
    const requests = Array.from({ length: 200 }, async (_, n) => {
      const { requestId, granted } = await hold(accountId, 40n);
      expect(granted).toBe(40n);
      await capture(accountId, requestId, BigInt(n % 41));
    });
    const workers = Array.from({ length: 20 }, () => settle(accountId));
    await Promise.all([...requests, ...workers]);
    await Promise.all(Array.from({ length: 20 }, () => settle(accountId)));
    const lots = [...(await lotsById(accountId)).values()];
    const spent = Array.from({ length: 200 }, (_, n) => n % 41).reduce((sum, cost) => sum + cost, 0);
    expect(lots.reduce((sum, lot) => sum + lot.used_nano, 0n)).toBe(BigInt(spent));
    expect(await differences(sql)).toEqual([]);
  });
});

describe("expiry", () => {
  test("default: what is left is booked as breakage, once, however many workers see it", async () => {
    const accountId = await openOwned(sql);
    const { lot_id: id } = await grant(accountId, { expiresAt: inHours(1) });
    await use(accountId, 30n);
    await Promise.all(Array.from({ length: 20 }, () => settle(accountId, inHours(2))));
    expect((await lotsById(accountId)).get(id)).toMatchObject({ state: "expired", used_nano: 30n, taken_nano: 70n });
    expect(await funded(accountId)).toBe(0n);
    const entries = await sql`select amount_nano from entries where cause like ${`expire:${id}:%`}`;
    expect(entries).toEqual([{ amount_nano: 70n }]);
  });

  test("behavior: what running requests hold expires when they end without using it", async () => {
    const accountId = await openOwned(sql);
    const { lot_id: id } = await grant(accountId, { expiresAt: inHours(1) });
    const [kept, released] = [await hold(accountId, 40n), await hold(accountId, 25n)];
    await settle(accountId, inHours(2));
    expect((await lotsById(accountId)).get(id)).toMatchObject({ state: "live", taken_nano: 35n, left_nano: 65n });
    expect((await hold(accountId, 1n)).granted).toBe(0n);
    await capture(accountId, kept.requestId, 40n);
    await batcher.release({ requestId: released.requestId, accountId });
    await settleAllLots(sql, () => inHours(2));
    expect((await lotsById(accountId)).get(id)).toMatchObject({ state: "expired", used_nano: 40n, taken_nano: 60n });
  });

  test("error: a gift has to expire, what was paid for may not, nothing begins as expired", async () => {
    const accountId = await openOwned(sql);
    const invalid = { code: "invalid_input" };
    await expect(grant(accountId, { kind: "promo", campaign: "x" })).rejects.toMatchObject(invalid);
    await expect(grant(accountId, { kind: "card", expiresAt: inHours(1) })).rejects.toMatchObject(invalid);
    await expect(grant(accountId, { expiresAt: inHours(-1) })).rejects.toMatchObject(invalid);
    await expect(grant(accountId, { amount: nanoUsd(0n) })).rejects.toMatchObject(invalid);
  });
});

describe("grantLot", () => {
  test("behavior: a cause grants once, also when it comes twenty times at the same moment", async () => {
    const accountId = await openOwned(sql);
    const cause = newId("lot");
    const lots = await Promise.all(Array.from({ length: 20 }, () => grant(accountId, { cause })));
    expect(new Set(lots.map(({ lot_id }) => lot_id)).size).toBe(1);
    expect(await funded(accountId)).toBe(100n);
    await expect(grant(accountId, { cause, amount: nanoUsd(101n) })).rejects.toThrow(GrantConflictError);
  });

  test("behavior: one trial and one of each promotion per person, in whichever of his accounts, also at once", async () => {
    const userId = newId("user");
    const accounts = [await openOwned(sql, { userId }), await openOwned(sql, { userId })];
    const gift = { kind: "promo", campaign: "launch", expiresAt: inHours(1) } as const;
    const outcomes = await Promise.allSettled(accounts.flatMap((id) => [1, 2, 3].map(() => grant(id, gift))));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    for (const error of refused) expect(error).toBeInstanceOf(GrantTakenError);
    await grant(accounts[0] as string, { ...gift, campaign: "second" });
    await grant(accounts[1] as string, { kind: "trial", expiresAt: inHours(1) });
    await expect(grant(accounts[0] as string, { kind: "trial", expiresAt: inHours(1) })).rejects.toThrow(
      GrantTakenError,
    );
    const unnamed = sql`
      select grant_lot('lot_x', ${accounts[0] as string}, 'trial', 'unnamed', 1, 1::smallint, ${inHours(1)}, ${NOW})`;
    await expect(unnamed).rejects.toMatchObject({ constraint_name: "gifts_have_an_identity" });
  });

  test("behavior: never more than account 1 covers, by grants at once; usage does not change what it has to cover", async () => {
    const accounts = await Promise.all(Array.from({ length: 8 }, () => openOwned(sql)));
    const room = await fundingRoom(sql);
    const amount = nanoUsd(room / 3n);
    const outcomes = await Promise.allSettled(accounts.map((id) => grant(id, { amount })));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(NotCoveredError);
    const winner = accounts[outcomes.findIndex(({ status }) => status === "fulfilled")] as string;
    const left = await fundingRoom(sql);
    await use(winner, 1_000n);
    await settle(winner);
    expect(await fundingRoom(sql)).toBe(left);
    await expect(grant(winner, { amount: nanoUsd(left + 1n) })).rejects.toThrow(NotCoveredError);
    await coverLots(sql, 10n ** 15n);
    await grant(winner, { amount: nanoUsd(left + 1n) });
    expect(await differences(sql)).toEqual([]);
  });

  test("error: an account that is not there, and the platform's own", async () => {
    await expect(grant("acct_nobody")).rejects.toMatchObject({ code: "not_found" });
    await expect(grant("acct_platform")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("the database", () => {
  test("behavior: lots and counter can't part, whoever writes", async () => {
    const accountId = await openOwned(sql);
    const { lot_id: id } = await grant(accountId);
    const parted = { constraint_name: "lots_are_the_counter" };
    await expect(sql`update lots set used_nano = 1 where lot_id = ${id}`).rejects.toMatchObject(parted);
    const bare = sql`insert into lots (lot_id, account_id, kind, cause, amount_nano)
      values ('lot_bare', ${accountId}, 'enterprise', 'bare', 5)`;
    await expect(bare).rejects.toMatchObject(parted);
    await expect(sql`update lots set amount_nano = 1 where lot_id = ${id}`).rejects.toMatchObject({ code: "23001" });
    await expect(sql`delete from lots where lot_id = ${id}`).rejects.toMatchObject({ code: "23001" });
  });
});

describe("revokeGrant", () => {
  test("default: what is left is taken back, and it is noted who did it", async () => {
    const accountId = await openOwned(sql);
    const [{ user_id: userId }] = await sql<[{ user_id: string }]>`
      select user_id from account_members where account_id = ${accountId}`;
    const wanted = {
      accountId,
      kind: "enterprise",
      cause: newId("lot"),
      amount: nanoUsd(100n),
      expiresAt: null,
    } as const;
    const { lot_id: lotId } = await grantByHand(sql, { userId, grant: wanted, now: NOW });
    await use(accountId, 10n);
    expect(await revokeGrant(sql, { userId, lotId, now: NOW })).toMatchObject({ state: "revoked", taken_nano: 90n });
    expect(await revokeGrant(sql, { userId, lotId, now: NOW })).toMatchObject({ state: "revoked", taken_nano: 90n });
    const acts = await sql`select act from admin_acts where subject_id = ${lotId} order by act_id`;
    expect(acts.map(({ act }) => act)).toEqual(["grant", "revoke", "revoke"]);
    const card = await grant(accountId, { kind: "card" });
    await expect(revokeGrant(sql, { userId, lotId: card.lot_id, now: NOW })).rejects.toThrow(NotRevocableError);
  });
});

type Step =
  | { do: "grant"; amount: bigint; hours: number; priority: number }
  | { do: "hold" | "capture" | "claim"; amount: bigint }
  | { do: "release" | "settle" }
  | { do: "wait"; hours: number };
const amount = fc.bigInt({ min: 1n, max: 100n });
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("grant" as const), amount, hours: fc.nat(6), priority: fc.nat(2) }),
    fc.record({ do: fc.constantFrom("hold" as const, "hold" as const, "capture" as const, "claim" as const), amount }),
    fc.record({ do: fc.constantFrom("release" as const, "settle" as const) }),
    fc.record({ do: fc.constant("wait" as const), hours: fc.nat(3) }),
  ),
  { minLength: 5, maxLength: 60 },
);

type Model = {
  amount: bigint;
  used: bigint;
  taken: bigint;
  claimed: bigint;
  expires: number;
  priority: number;
  over: boolean;
};
const leftOf = (lot: Model) => lot.amount - lot.used - lot.taken;

/** The rules once more, in plain words: what was used goes to lots in order, then expiry and claims take what is free. */
function settleModel(lots: Model[], { unburnt, held, hour }: { unburnt: bigint; held: bigint; hour: number }): void {
  const inOrder = [...lots].sort(
    (a, b) => a.expires - b.expires || a.priority - b.priority || lots.indexOf(a) - lots.indexOf(b),
  );
  for (const lot of inOrder) {
    const burnt = leftOf(lot) < unburnt ? leftOf(lot) : unburnt;
    lot.used += burnt;
    unburnt -= burnt;
    if (lot.expires <= hour && leftOf(lot) > 0n) lot.over = true;
  }
  const wantedOf = (lot: Model) =>
    lot.over || lot.claimed > lot.amount - lot.used ? lot.amount - lot.used : lot.claimed;
  for (const lot of inOrder) if (wantedOf(lot) < lot.taken) lot.taken = wantedOf(lot);
  let free = lots.reduce((sum, lot) => sum + leftOf(lot), 0n) - held;
  for (const lot of inOrder) {
    const more = wantedOf(lot) - lot.taken < free ? wantedOf(lot) - lot.taken : free;
    lot.taken += more;
    free -= more;
  }
}

test("property: after any sequence of grants, requests, expiry and claims, each lot has what the rules say", async () => {
  const property = fc.asyncProperty(steps, async (sequence: Step[]) => {
    const accountId = await openOwned(sql);
    const ids: string[] = [];
    const lots: Model[] = [];
    const holds: Array<{ requestId: string; granted: bigint }> = [];
    let [unburnt, hour] = [0n, 0];
    const held = () => holds.reduce((sum, { granted }) => sum + granted, 0n);
    const settleBoth = async () => {
      settleModel(lots, { unburnt, held: held(), hour });
      unburnt = 0n;
      await settle(accountId, inHours(hour));
      const rows = await lotsById(accountId);
      expect(ids.map((id) => [rows.get(id)?.used_nano, rows.get(id)?.taken_nano])).toEqual(
        lots.map(({ used, taken }) => [used, taken]),
      );
    };
    for (const step of sequence) {
      if (step.do === "wait") hour += step.hours;
      if (step.do === "settle") await settleBoth();
      if (step.do === "grant") {
        await settleBoth();
        const expires = step.hours === 0 ? Number.POSITIVE_INFINITY : hour + step.hours;
        const expiresAt = step.hours === 0 ? null : inHours(expires);
        const wanted = { amount: nanoUsd(step.amount), expiresAt, priority: step.priority };
        ids.push((await grant(accountId, wanted, inHours(hour))).lot_id);
        lots.push({ ...step, used: 0n, taken: 0n, claimed: 0n, expires, over: false });
      }
      if (step.do === "hold") {
        const placed = await hold(accountId, step.amount);
        const free = lots.reduce((sum, lot) => sum + leftOf(lot), 0n) - unburnt - held();
        expect(placed.granted).toBe(free < step.amount ? free : step.amount);
        if (placed.granted > 0n) holds.push(placed);
      }
      const first = step.do === "capture" || step.do === "release" ? holds.shift() : undefined;
      if (first && step.do === "release") await batcher.release({ requestId: first.requestId, accountId });
      if (first && step.do === "capture") {
        const nano = step.amount < first.granted ? step.amount : first.granted;
        await capture(accountId, first.requestId, nano);
        unburnt += nano;
      }
      if (step.do === "claim" && lots.length > 0) {
        await settleBoth();
        const index = Number(step.amount) % lots.length;
        const lot = lots[index] as Model;
        lot.claimed = step.amount < lot.amount ? step.amount : lot.amount;
        await sql.begin(async (tx) => {
          await settleLots(tx, { accountId, now: inHours(hour) });
          await setClaim(tx, { lotId: ids[index] as string, claim: "disputed", claimedNano: lot.claimed });
          await settleLots(tx, { accountId, now: inHours(hour) });
        });
        settleModel(lots, { unburnt: 0n, held: held(), hour });
      }
    }
    for (const { requestId } of holds.splice(0)) await batcher.release({ requestId, accountId });
    await settleBoth();
    const due = lots.filter((lot) => lot.over && leftOf(lot) > 0n);
    expect(due).toEqual([]);
  });
  await fc.assert(property, { numRuns: 40 });
  expect(await differences(sql)).toEqual([]);
});
