import { randomBytes } from "node:crypto";
import { nanoUsd } from "@infr/money";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { LimitReachedError, placeHold } from "../flow/hold/place-hold.ts";
import { newId, timeOfId } from "../ids.ts";
import { testDatabase } from "../testing/database.ts";
import { grantCredit } from "../testing/lots.ts";
import { fillDayLimits, saveDayLimit } from "./chain-day-store.ts";
import { Batcher } from "./commit/batcher.ts";
import { renewLease } from "./commit/store.ts";
import { bookEntries } from "./entries.ts";
import type { Book } from "./entry.ts";
import { differences } from "./store.ts";

const OPERATOR = "acct_operator";
let sql: Sql;
let drop: () => Promise<void>;
let batchers: Batcher[];
let account: string;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  await openAccount(OPERATOR);
  batchers = await Promise.all([openBatcher(), openBatcher()]);
});
beforeEach(async () => {
  account = newId("acct");
  await openAccount(account);
  await book("escrow", "credit", 1_000_000n);
});
afterAll(async () => {
  expect(await differences(sql)).toEqual([]);
  await drop();
});

async function openBatcher(): Promise<Batcher> {
  const instanceId = newId("inst");
  await renewLease(sql, { instanceId, leaseMs: 3_600_000, first: true });
  return new Batcher({ sql, instanceId });
}

async function openAccount(accountId: string): Promise<void> {
  const hex = randomBytes(32).toString("hex");
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${accountId}, 'personal', ${`0x${hex.slice(0, 40)}`}, ${`0x${"0".repeat(64)}`}, ${`0x${hex}`})`;
}

const book = (debit: Book, credit: Book, amount: bigint) =>
  sql.begin((tx) =>
    bookEntries(tx, {
      cause: `test:${newId("tx")}`,
      entries: [
        {
          debit: { book: debit, account: "acct_platform" },
          credit: { book: credit, account },
          amount: nanoUsd(amount),
        },
      ],
    }),
  );

const mirror = (amount: bigint, used: bigint, knownAt: string | null = null) =>
  saveDayLimit(sql, { accountId: account, amount: nanoUsd(amount), used: nanoUsd(used), knownAt });
const knownAt = async () =>
  (await sql<[{ at: string }]>`select period_start::text as at from limits where account_id = ${account}`)[0].at;

async function hold(worst: bigint, { floor = worst, n = 0 } = {}) {
  const requestId = newId("req");
  const request = { requestId, accountId: account, worst: nanoUsd(worst), floor: nanoUsd(floor), subjects: [] };
  return must(batchers[n % 2]).hold(request);
}

const capture = (requestId: string, cost: bigint) =>
  must(batchers[0]).capture({
    requestId,
    accountId: account,
    startedAt: timeOfId(requestId),
    keyId: null,
    userId: null,
    model: "m",
    nodeId: "n",
    operatorId: OPERATOR,
    priceVersion: `0x${"1".repeat(64)}`,
    tokens: { prompt: 1, cached: 0, completion: 0, reasoning: 0 },
    cost: { prompt: nanoUsd(cost), cached: nanoUsd(0n), completion: nanoUsd(0n), reasoning: nanoUsd(0n) },
    latencyMs: 1,
    status: "ok",
    usageSource: "node",
    receiptSalt: "00".repeat(32),
  });

test("default: what is used on-chain, metered and held has to fit the contract's limit, and the error names it", async () => {
  await mirror(864_000n, 800_000n);
  expect(await hold(70_000n)).toMatchObject({ outcome: "refused", refusedBy: `chain_day:${account}` });
  const held = await hold(60_000n);
  expect(held.outcome).toBe("held");
  await capture(held.requestId, 30_000n);
  expect((await hold(40_000n)).outcome).toBe("refused");
  const lowered = await hold(40_000n, { floor: 1n });
  expect(lowered.outcome).toBe("held");
  // A tenth of a second drains one nano-dollar and no more.
  expect(lowered.granted).toBeGreaterThanOrEqual(34_000n);
  expect(lowered.granted).toBeLessThan(34_600n);
  const placed = placeHold(must(batchers[0]), {
    requestId: newId("req"),
    accountId: account,
    worst: nanoUsd(40_000n),
    floor: nanoUsd(40_000n),
    subjects: [],
  });
  await expect(placed).rejects.toThrow(LimitReachedError);
  await expect(placed).rejects.toMatchObject({ status: 403, limit: `chain_day:${account}` });
});

test("behavior: the bucket drains evenly, across midnight, and never below empty", async () => {
  await mirror(864_000n, 864_000n);
  expect((await hold(10_000n)).outcome).toBe("refused");
  await sql`update limits set period_start = period_start - interval '12 hours' where account_id = ${account}`;
  expect((await hold(440_000n)).outcome).toBe("refused");
  expect((await hold(430_000n)).outcome).toBe("held");
  await sql`update limits set period_start = period_start - interval '9 days' where account_id = ${account}`;
  expect((await hold(440_000n)).outcome).toBe("refused");
  expect((await hold(434_000n)).outcome).toBe("held");
});

test("behavior: 400 holds at once, on two processes, never come to more than the contract takes", async () => {
  await mirror(100n, 0n);
  const outcomes = await Promise.all(Array.from({ length: 400 }, (_, n) => hold(10n, { n })));
  expect(outcomes.filter(({ outcome }) => outcome === "held")).toHaveLength(10);
});

test("behavior: platform-funded credit is not the account's, and does not count", async () => {
  await mirror(100n, 100n);
  await grantCredit(sql, account, 500n);
  expect((await hold(501n)).outcome).toBe("refused");
  const held = await hold(500n);
  expect(held.outcome).toBe("held");
  await capture(held.requestId, 500n);
  expect((await hold(1n)).outcome).toBe("refused");
});

test("behavior: a settled line moves from the metered to the used; an older answer of the contract comes too late", async () => {
  await mirror(86_400n, 0n);
  const before = await knownAt();
  await sql.begin((tx) => fillDayLimits(tx, [{ accountId: account, amount: nanoUsd(80_000n) }]));
  await mirror(86_400n, 0n, before);
  expect((await hold(7_000n)).outcome).toBe("refused");
  await mirror(200_000n, 0n, await knownAt());
  expect((await hold(7_000n)).outcome).toBe("held");
  await sql.begin((tx) => fillDayLimits(tx, [{ accountId: account, amount: nanoUsd(-80_000n) }]));
  expect((await hold(190_000n)).outcome).toBe("held");
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("missing");
  return value;
}
