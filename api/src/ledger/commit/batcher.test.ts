import { randomBytes } from "node:crypto";
import { nanoUsd } from "@infr/money";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Sql } from "../../db/types.ts";
import { newId, timeOfId } from "../../ids.ts";
import { testDatabase } from "../../testing/database.ts";
import { grantCredit } from "../../testing/lots.ts";
import { readBalance } from "../balance.ts";
import { bookEntries } from "../entries.ts";
import { setLimit } from "../limits.ts";
import { differences } from "../store.ts";
import { Batcher } from "./batcher.ts";
import type { CaptureOperation } from "./operations.ts";
import { commitOperations, endLease, releaseDeadInstances, renewLease } from "./store.ts";

const OPERATOR = "acct_operator";
let sql: Sql;
let drop: () => Promise<void>;
let batcher: Batcher;
let instanceId: string;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  await openAccount(OPERATOR);
});
afterAll(() => drop());
beforeEach(async () => {
  instanceId = newId("inst");
  await renewLease(sql, { instanceId, leaseMs: 60_000, first: true });
  batcher = new Batcher({ sql, instanceId });
});

async function openAccount(accountId: string): Promise<void> {
  const hex = randomBytes(32).toString("hex");
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${accountId}, 'personal', ${`0x${hex.slice(0, 40)}`}, ${`0x${"0".repeat(64)}`}, ${`0x${hex}`})`;
}

async function fundedAccount(amount: bigint): Promise<string> {
  const accountId = newId("acct");
  await openAccount(accountId);
  if (amount > 0n) {
    await sql.begin((tx) =>
      bookEntries(tx, {
        cause: `deposit:${accountId}`,
        entries: [
          {
            debit: { book: "escrow", account: "" },
            credit: { book: "credit", account: accountId },
            amount: nanoUsd(amount),
          },
        ],
      }),
    );
  }
  return accountId;
}

const grant = (accountId: string, amount: bigint) => grantCredit(sql, accountId, amount);

const hold = (
  accountId: string,
  {
    worst,
    floor = 1n,
    requestId = newId("req"),
    subjects = [],
  }: { worst: bigint; floor?: bigint; requestId?: string; subjects?: string[] },
) =>
  batcher
    .hold({ requestId, accountId, worst: nanoUsd(worst), floor: nanoUsd(floor), subjects })
    .then((outcome) => ({ ...outcome, requestId }));

const captureOf = (accountId: string, requestId: string, cost: bigint): CaptureOperation => ({
  requestId,
  accountId,
  startedAt: timeOfId(requestId),
  keyId: null,
  userId: null,
  model: "demo/large",
  nodeId: "node_1",
  operatorId: OPERATOR,
  priceVersion: `0x${"1".repeat(64)}`,
  tokens: { prompt: 1, cached: 0, completion: 1, reasoning: 0 },
  cost: { prompt: nanoUsd(cost), cached: nanoUsd(0n), completion: nanoUsd(0n), reasoning: nanoUsd(0n) },
  latencyMs: 5,
  status: "ok",
  usageSource: "node",
  receiptSalt: "00".repeat(32),
});

const spendable = async (accountId: string) => (await readBalance(sql, accountId)).spendable;

describe("hold", () => {
  test("default: sets the worst case aside", async () => {
    const account = await fundedAccount(1_000n);
    expect(await hold(account, { worst: 400n })).toMatchObject({ outcome: "held", granted: 400n });
    expect(await readBalance(sql, account)).toMatchObject({ spendable: 600n, held: 400n, onChain: 1_000n });
  });

  test("behavior: grants what is left when the worst case does not fit", async () => {
    const account = await fundedAccount(1_000n);
    expect(await hold(account, { worst: 5_000n, floor: 10n })).toMatchObject({ outcome: "held", granted: 1_000n });
  });

  test("behavior: the same id holds once", async () => {
    const account = await fundedAccount(1_000n);
    const requestId = newId("req");
    await Promise.all([1, 2, 3].map(() => hold(account, { worst: 400n, requestId })));
    expect(await hold(account, { worst: 400n, requestId })).toMatchObject({ outcome: "held", granted: 400n });
    expect(await spendable(account)).toBe(600n);
  });

  test("behavior: worst cases beyond any sum take no other account's holds down with them", async () => {
    const [rich, other] = [await fundedAccount(1_000n), await fundedAccount(1_000n)];
    const huge = [1, 2, 3]
      .map(() => newId("req"))
      .map((requestId) => ({
        requestId,
        accountId: rich,
        worst: nanoUsd(2n ** 62n),
      }));
    const holds = [...huge, { requestId: newId("req"), accountId: other, worst: nanoUsd(400n) }];
    const operations = holds.map((asked) => ({ ...asked, kind: "hold" as const, floor: nanoUsd(1n), subjects: [] }));
    const outcomes = await commitOperations(sql, { instanceId, operations });
    const byId = new Map(outcomes.map(({ requestId, outcome, granted }) => [requestId, { outcome, granted }]));
    expect(holds.map(({ requestId }) => byId.get(requestId))).toEqual([
      { outcome: "held", granted: 1_000n },
      { outcome: "retry", granted: null },
      { outcome: "retry", granted: null },
      { outcome: "held", granted: 400n },
    ]);
  });

  test("error: an empty account, or less than the floor, is refused by the balance", async () => {
    expect(await hold(await fundedAccount(0n), { worst: 1n })).toMatchObject({
      outcome: "refused",
      refusedBy: "balance",
      spendable: 0n,
    });
    expect(await hold(await fundedAccount(5n), { worst: 100n, floor: 6n })).toMatchObject({
      outcome: "refused",
      spendable: 5n,
    });
  });

  test("error: an account nobody knows", async () => {
    expect(await hold("acct_nobody", { worst: 1n })).toMatchObject({ outcome: "unknown_account" });
  });

  test("behavior: 1,000 at once on money for ten hold ten times, whatever the flush", async () => {
    const account = await fundedAccount(1_000n);
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, () => hold(account, { worst: 100n, floor: 100n })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "held")).toHaveLength(10);
    expect(outcomes.filter(({ outcome }) => outcome === "refused")).toHaveLength(990);
    expect(await spendable(account)).toBe(0n);
  });

  test("behavior: two processes at once do not overspend either", async () => {
    const account = await fundedAccount(1_000n);
    const other = newId("inst");
    await renewLease(sql, { instanceId: other, leaseMs: 60_000, first: true });
    const second = new Batcher({ sql, instanceId: other });
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        (i % 2 ? batcher : second).hold({
          requestId: newId("req"),
          accountId: account,
          worst: nanoUsd(100n),
          floor: nanoUsd(100n),
          subjects: [],
        }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.outcome === "held")).toHaveLength(10);
  });

  test("behavior: a small request is not refused because of a large one in the same flush", async () => {
    const account = await fundedAccount(1_000n);
    const [, large, small] = await Promise.all([
      hold(account, { worst: 1n }),
      hold(account, { worst: 5_000n, floor: 5_000n }),
      hold(account, { worst: 100n, floor: 100n }),
    ]);
    expect(large?.outcome).toBe("refused");
    expect(small?.outcome).toBe("held");
  });
});

describe("limits", () => {
  const limit = (accountId: string, amount: bigint) =>
    setLimit(sql, { accountId, scope: "key", subjectId: "key_1", period: "day", amount: nanoUsd(amount) });

  test("behavior: a limit caps holds and names itself", async () => {
    const account = await fundedAccount(10_000n);
    await limit(account, 500n);
    const subjects = ["key:key_1"];
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => hold(account, { worst: 100n, floor: 100n, subjects })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "held")).toHaveLength(5);
    expect(outcomes.find(({ outcome }) => outcome === "refused")).toMatchObject({
      refusedBy: "key:key_1",
      limit: { period: "day", amount: 500n, left: 0n },
    });
    expect(await hold(account, { worst: 100n, floor: 100n })).toMatchObject({ outcome: "held" });
  });

  test("behavior: captures count, what a hold had more does not, and a new period starts at zero", async () => {
    const account = await fundedAccount(10_000n);
    await limit(account, 500n);
    const { requestId } = await hold(account, { worst: 500n, subjects: ["key:key_1"] });
    await batcher.capture({ ...captureOf(account, requestId, 200n), keyId: "key_1" });
    expect(await hold(account, { worst: 500n, subjects: ["key:key_1"] })).toMatchObject({ granted: 300n });
    await sql`update limits set period_start = period_start - interval '1 day' where account_id = ${account}`;
    // The log never changes for anybody but a test that can't wait for a day.
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`update usage set captured_at = captured_at - interval '1 day' where account_id = ${account}`;
    });
    expect(await hold(account, { worst: 500n, subjects: ["key:key_1"] })).toMatchObject({ granted: 200n });
  });
});

describe("capture", () => {
  test("default: bills the cost, frees the rest, writes usage and entries", async () => {
    const account = await fundedAccount(1_000n);
    const { requestId } = await hold(account, { worst: 400n });
    expect(await batcher.capture(captureOf(account, requestId, 150n))).toMatchObject({ outcome: "captured" });
    expect(await readBalance(sql, account)).toMatchObject({ spendable: 850n, held: 0n, unsettled: 150n });
    expect(
      await sql`select debit_book, credit_book, amount_nano from entries where cause = ${`capture:${requestId}`}`,
    ).toEqual([{ debit_book: "usage", credit_book: "unsettled", amount_nano: 150n }]);
  });

  test("behavior: in one commit, a hold of paid credit alone leaves the funded credit to the next", async () => {
    const account = await fundedAccount(100n);
    await grant(account, 100n);
    const asked = (paidOnly: boolean) => ({
      kind: "hold" as const,
      requestId: newId("req"),
      accountId: account,
      worst: nanoUsd(100n),
      floor: nanoUsd(100n),
      subjects: [],
      paidOnly,
    });
    const outcomes = await commitOperations(sql, { instanceId, operations: [asked(true), asked(false)] });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["held", "held"]);
    const holds = await sql`
      select paid_nano, funded_nano from holds where account_id = ${account} order by funded_nano`;
    expect([...holds]).toEqual([
      { paid_nano: 100n, funded_nano: 0n },
      { paid_nano: 0n, funded_nano: 100n },
    ]);
  });

  test("behavior: platform-funded credit burns first, and the platform pays for it", async () => {
    const account = await fundedAccount(1_000n);
    await grant(account, 100n);
    const { requestId } = await hold(account, { worst: 400n });
    await batcher.capture(captureOf(account, requestId, 150n));
    expect(await readBalance(sql, account)).toMatchObject({ funded: 0n, unsettled: 50n, spendable: 950n });
  });

  test("behavior: repeating it, also at once, bills once", async () => {
    const account = await fundedAccount(1_000n);
    const { requestId } = await hold(account, { worst: 400n });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => batcher.capture(captureOf(account, requestId, 150n))),
    );
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["captured"]));
    expect(await spendable(account)).toBe(850n);
  });

  test("error: without a hold, or above it, nothing is billed", async () => {
    const account = await fundedAccount(1_000n);
    expect(await batcher.capture(captureOf(account, newId("req"), 1n))).toMatchObject({ outcome: "unknown_hold" });
    const { requestId } = await hold(account, { worst: 400n });
    expect(await batcher.capture(captureOf(account, requestId, 401n))).toMatchObject({ outcome: "cost_above_hold" });
    expect(await spendable(account)).toBe(600n);
  });

  test("error: a row that Postgres refuses fails alone", async () => {
    const account = await fundedAccount(1_000n);
    const [good, bad] = await Promise.all([hold(account, { worst: 100n }), hold(account, { worst: 100n })]);
    const results = await Promise.allSettled([
      batcher.capture({ ...captureOf(account, bad.requestId, 10n), status: "nonsense" as "ok" }),
      batcher.capture(captureOf(account, good.requestId, 10n)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(await readBalance(sql, account)).toMatchObject({ unsettled: 10n, held: 100n });
  });
});

describe("release", () => {
  test("behavior: frees the hold, also when repeated", async () => {
    const account = await fundedAccount(1_000n);
    const { requestId } = await hold(account, { worst: 400n });
    await Promise.all([1, 2].map(() => batcher.release({ requestId, accountId: account })));
    expect(await spendable(account)).toBe(1_000n);
  });
});

describe("leases", () => {
  test("behavior: a dead instance's holds are released and it can't capture any more", async () => {
    const account = await fundedAccount(1_000n);
    const { requestId } = await hold(account, { worst: 400n });
    await sql`update instances set lease_until = now() - interval '1 second' where instance_id = ${instanceId}`;
    expect(await releaseDeadInstances(sql)).toBeGreaterThanOrEqual(1);
    expect(await spendable(account)).toBe(1_000n);
    await expect(batcher.capture(captureOf(account, requestId, 1n))).rejects.toMatchObject({ code: "unavailable" });
    expect(await renewLease(sql, { instanceId, leaseMs: 60_000, first: false })).toBe(false);
  });

  test("behavior: stopping frees what is held at once", async () => {
    const account = await fundedAccount(1_000n);
    await hold(account, { worst: 400n });
    await endLease(sql, instanceId);
    expect(await spendable(account)).toBe(1_000n);
  });
});

describe("the database's own rules", () => {
  test("error: entries can't be changed, deleted or truncated", async () => {
    await expect(sql`update entries set amount_nano = 1`).rejects.toMatchObject({ code: "23001" });
    await expect(sql`delete from entries`).rejects.toMatchObject({ code: "23001" });
    await expect(sql`truncate entries`).rejects.toMatchObject({ code: "23001" });
  });

  test("error: no balance below zero, no entry of nothing, no cause twice", async () => {
    const account = await fundedAccount(10n);
    const entry = (cause: string, amount: bigint) => sql`
      insert into entries (cause, line, debit_book, debit_account, credit_book, credit_account, amount_nano)
      values (${cause}, 1, 'credit', ${account}, 'escrow', '', ${amount})`;
    await expect(entry("too much", 11n)).rejects.toMatchObject({ code: "23514" });
    await expect(entry("nothing", 0n)).rejects.toMatchObject({ code: "23514" });
    await expect(entry(`deposit:${account}`, 1n)).rejects.toMatchObject({ code: "23505" });
  });

  test("error: a hold that does not stand can't be let go of", async () => {
    const account = await fundedAccount(10n);
    await hold(account, { worst: 4n });
    const letGo = sql`
      select let_go(array[row('req_1', ${account}::text, null, 4, 0, '{}', 0, 0, '(0,0)')::ended_hold])`;
    await expect(letGo).rejects.toMatchObject({ code: "P0001" });
    expect(await spendable(account)).toBe(6n);
  });

  test("error: a request that stands twice in one call is neither held nor billed", async () => {
    const account = await fundedAccount(10n);
    const requestId = newId("req");
    const asked = {
      kind: "hold" as const,
      requestId,
      accountId: account,
      worst: nanoUsd(4n),
      floor: nanoUsd(1n),
      subjects: [],
    };
    const twice = commitOperations(sql, { instanceId, operations: [asked, asked] });
    await expect(twice).rejects.toMatchObject({ code: "23505" });
    expect(await spendable(account)).toBe(10n);
    await batcher.hold(asked);
    const capture = { kind: "capture", ...captureOf(account, requestId, 3n) } as const;
    const billed = commitOperations(sql, { instanceId, operations: [capture, capture] });
    await expect(billed).rejects.toMatchObject({ code: "23505" });
    expect(await readBalance(sql, account)).toMatchObject({ held: 4n, unsettled: 0n });
  });

  test("behavior: bookEntries books a cause once under any concurrency", async () => {
    const account = await fundedAccount(0n);
    const book = () =>
      sql.begin((tx) =>
        bookEntries(tx, {
          cause: `deposit:once:${account}`,
          entries: [
            { debit: { book: "escrow", account: "" }, credit: { book: "credit", account }, amount: nanoUsd(7n) },
          ],
        }),
      );
    const results = await Promise.all(Array.from({ length: 20 }, book));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await spendable(account)).toBe(7n);
  });
});

test("behavior: a capture states what can be spent after its flush, of both kinds of credit", async () => {
  const account = await fundedAccount(1_000n);
  await grant(account, 150n);
  const running = await Promise.all([100n, 200n, 300n, 50n].map((worst) => hold(account, { worst })));
  const [first, second, third] = running;
  if (!first || !second || !third) throw new Error("four were held");
  const [captured, other] = await Promise.all([
    batcher.capture(captureOf(account, first.requestId, 60n)),
    batcher.capture(captureOf(account, second.requestId, 70n)),
    batcher.release({ requestId: third.requestId, accountId: account }),
  ]);
  // 1,150 less 60 and 70, less the 50 that are still held.
  expect(await spendable(account)).toBe(970n);
  expect([captured?.spendable, other?.spendable]).toContain(970n);
});

test("property: any interleaving of holds, captures and releases keeps every counter equal to its entries", async () => {
  const step = fc.record({
    worst: fc.bigInt({ min: 1n, max: 500n }),
    end: fc.constantFrom("capture", "release", "leave"),
    part: fc.nat(100),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.bigInt({ min: 0n, max: 2_000n }),
      fc.bigInt({ min: 0n, max: 500n }),
      async (steps, paid, funded) => {
        const account = await fundedAccount(paid);
        if (funded > 0n) await grant(account, funded);
        let cost = 0n;
        await Promise.all(
          steps.map(async ({ worst, end, part }) => {
            const { outcome, granted, requestId } = await hold(account, { worst });
            if (outcome !== "held" || granted === null) return;
            const billed = (granted * BigInt(part)) / 100n;
            if (end === "capture") {
              await batcher.capture(captureOf(account, requestId, billed));
              cost += billed;
            } else if (end === "release") await batcher.release({ requestId, accountId: account });
          }),
        );
        const balance = await readBalance(sql, account);
        expect(balance.spendable + balance.held).toBe(paid + funded - cost);
        expect(balance.spendable).toBeGreaterThanOrEqual(0n);
      },
    ),
    { numRuns: 25 },
  );
  expect(await differences(sql)).toEqual([]);
});
