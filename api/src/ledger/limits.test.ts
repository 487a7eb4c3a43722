import { randomBytes } from "node:crypto";
import { nanoUsd } from "@infr/money";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Sql } from "../db/types.ts";
import { newId, timeOfId } from "../ids.ts";
import { testDatabase } from "../testing/database.ts";
import { Batcher } from "./commit/batcher.ts";
import type { LimitScope, Period } from "./commit/operations.ts";
import { rowsLiteral, textsLiteral } from "./commit/row-literal.ts";
import { commitOperations, renewLease } from "./commit/store.ts";
import { bookEntries } from "./entries.ts";
import { readLimits, removeLimit, setLimit } from "./limits.ts";
import { differences } from "./store.ts";

const OPERATOR = "acct_operator";
const USER = "user_1";
let sql: Sql;
let drop: () => Promise<void>;
let batchers: Batcher[];
let account: string;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  await sql`insert into users (user_id) values (${USER})`;
  await openAccount(OPERATOR);
  batchers = await Promise.all([openBatcher(), openBatcher()]);
});
afterAll(async () => {
  expect(await differences(sql)).toEqual([]);
  await drop();
});
beforeEach(async () => {
  account = newId("acct");
  await openAccount(account);
  const credit = { book: "credit", account } as const;
  const entries = [{ debit: { book: "escrow", account: "" } as const, credit, amount: nanoUsd(1_000_000n) }];
  await sql.begin((tx) => bookEntries(tx, { cause: `deposit:${account}`, entries }));
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
  await sql`insert into account_members (account_id, user_id, role) values (${accountId}, ${USER}, 'owner')`;
}

/** A key of the account, in a project. */
async function newKey(project: string | null = null): Promise<string> {
  const keyId = newId("key");
  await sql`
    insert into api_keys (key_id, account_id, user_id, name, prefix, key_hash, project)
    values (${keyId}, ${account}, ${USER}, 'k', 'sk', ${randomBytes(32)}, ${project})`;
  return keyId;
}

type Key = { keyId: string; project?: string };

async function hold({ keyId, project }: Key, worst: bigint, { batcher = batchers[0], floor = worst } = {}) {
  const subjects = [`account:${account}`, `member:${USER}`, `key:${keyId}`, ...(project ? [`project:${project}`] : [])];
  const requestId = newId("req");
  const request = { requestId, accountId: account, worst: nanoUsd(worst), floor: nanoUsd(floor), subjects };
  return must(batcher).hold(request);
}

const capture = (keyId: string, requestId: string, cost: bigint, batcher = batchers[0]) =>
  must(batcher).capture({
    requestId,
    accountId: account,
    startedAt: timeOfId(requestId),
    keyId,
    userId: USER,
    model: "demo/large",
    nodeId: "node_1",
    operatorId: OPERATOR,
    priceVersion: `0x${"1".repeat(64)}`,
    tokens: { prompt: 1, cached: 0, completion: 0, reasoning: 0 },
    cost: { prompt: nanoUsd(cost), cached: nanoUsd(0n), completion: nanoUsd(0n), reasoning: nanoUsd(0n) },
    latencyMs: 1,
    status: "ok",
    usageSource: "node",
    receiptSalt: "00".repeat(32),
  });

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("missing");
  return value;
}

const limitOn = (scope: LimitScope, subjectId: string, amount: bigint, period: Period = "day") =>
  setLimit(sql, { accountId: account, scope, subjectId, period, amount: nanoUsd(amount) });
const onlyLimit = async () => must((await readLimits(sql, { accountId: account }))[0]);

/** Lets a day pass for everything that was counted so far. */
async function letADayPass(): Promise<void> {
  await sql`update limits set period_start = period_start - interval '1 day' where account_id = ${account} and period = 'day'`;
  // The log never changes for anybody but a test that can't wait for a day.
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`update usage set captured_at = captured_at - interval '1 day' where account_id = ${account}`;
  });
}

describe("setLimit", () => {
  test("default: bounds what is spent, and says what is left", async () => {
    const keyId = await newKey();
    await limitOn("key", keyId, 500n);
    const { requestId } = await hold({ keyId }, 300n);
    await capture(keyId, requestId, 120n);
    await hold({ keyId }, 30n);
    expect(await onlyLimit()).toMatchObject({ scope: "key", amount: 500n, used: 120n, held: 30n, left: 350n });
    expect(await hold({ keyId }, 351n)).toMatchObject({
      outcome: "refused",
      refusedBy: `key:${keyId}`,
      limit: { period: "day", amount: 500n, left: 350n },
    });
  });

  test("behavior: a limit made while requests run starts with what was spent and what is held", async () => {
    const keyId = await newKey();
    const spent = await hold({ keyId }, 100n);
    await capture(keyId, spent.requestId, 70n);
    const running = await hold({ keyId }, 200n);
    await limitOn("key", keyId, 300n);
    expect(await onlyLimit()).toMatchObject({ used: 70n, held: 200n, left: 30n });
    await capture(keyId, running.requestId, 150n);
    expect(await onlyLimit()).toMatchObject({ used: 220n, held: 0n, left: 80n });
  });

  test("behavior: raised or lowered, it counts on", async () => {
    const keyId = await newKey();
    await limitOn("key", keyId, 300n);
    await hold({ keyId }, 200n);
    await limitOn("key", keyId, 100n);
    expect(await onlyLimit()).toMatchObject({ held: 200n, left: -100n });
    expect(await hold({ keyId }, 1n)).toMatchObject({ outcome: "refused" });
    await limitOn("key", keyId, 250n);
    expect(await hold({ keyId }, 50n)).toMatchObject({ outcome: "held" });
  });

  test("behavior: a new window starts at zero, and what is still held counts there", async () => {
    const keyId = await newKey();
    await limitOn("key", keyId, 300n);
    const [spent, running] = [await hold({ keyId }, 100n), await hold({ keyId }, 50n)];
    await capture(keyId, spent.requestId, 100n);
    await letADayPass();
    expect(await onlyLimit()).toMatchObject({ used: 0n, held: 50n, left: 250n });
    await capture(keyId, running.requestId, 40n);
    expect(await onlyLimit()).toMatchObject({ used: 40n, held: 0n });
  });

  test("behavior: only the window counts when a limit is made", async () => {
    const keyId = await newKey();
    const { requestId } = await hold({ keyId }, 100n);
    await capture(keyId, requestId, 100n);
    await letADayPass();
    await limitOn("key", keyId, 300n);
    await limitOn("key", keyId, 300n, "total");
    expect((await readLimits(sql, { accountId: account })).map(({ used }) => used)).toEqual([0n, 100n]);
  });

  test.each([
    ["account", 3n],
    ["member", 3n],
    ["project", 2n],
    ["key", 1n],
  ] as const)("behavior: on %s it counts all of its requests, before and after it was made", async (scope, keys) => {
    const all = [
      { keyId: await newKey("ci"), project: "ci" },
      { keyId: await newKey("ci"), project: "ci" },
      { keyId: await newKey() },
    ];
    const spend = () =>
      Promise.all(
        all.map(async (key) => {
          const { requestId } = await hold(key, 10n);
          return capture(key.keyId, requestId, 7n);
        }),
      );
    await spend();
    const subject = { account, member: USER, project: "ci", key: must(all[0]).keyId }[scope];
    await limitOn(scope, subject, 1_000n, "month");
    expect(await onlyLimit()).toMatchObject({ used: 7n * keys });
    await spend();
    expect(await onlyLimit()).toMatchObject({ used: 14n * keys });
  });

  test("behavior: weeks begin on Monday and windows end in UTC", async () => {
    const [row] = await sql`
      select start_of_period('week', '2026-11-22 23:59:59+00') as week, start_of_period('month', '2026-12-01 00:30:00+01') as month,
        start_of_period('day', '2026-11-22 01:00:00+02') as day`;
    expect(row).toEqual({
      week: new Date("2026-11-16T00:00:00Z"),
      month: new Date("2026-11-01T00:00:00Z"),
      day: new Date("2026-11-21T00:00:00Z"),
    });
    await limitOn("account", account, 1n, "week");
    expect((await onlyLimit()).resetsAt?.getUTCDay()).toBe(1);
  });

  test("behavior: twenty at once make one", async () => {
    const keyId = await newKey();
    await Promise.all(Array.from({ length: 20 }, (_, n) => limitOn("key", keyId, BigInt(n + 1))));
    expect(await readLimits(sql, { accountId: account })).toHaveLength(1);
  });

  test("behavior: a hold reads its own limits, however many the account has, and each of them once", async () => {
    const keyId = await newKey();
    await limitOn("key", keyId, 100n);
    await limitOn("key", keyId, 1_000n, "week");
    await sql`
      insert into limits (account_id, scope, subject_id, period, amount_nano)
      select ${account}, 'key', 'key_' || n, 'day', 1 from generate_series(1, 1000) n`;
    const subjects = [`key:${keyId}`, `key:${keyId}`, "key:none", `chain_day:${account}`];
    const asked = rowsLiteral([[newId("req"), account, 40, 40, textsLiteral(subjects), false]]);
    const read = await sql.begin(async (tx) => {
      await tx`set local enable_seqscan = off`; // as in every commit
      const fetched = async () => {
        const [row] = await tx<[{ rows: number }]>`
          select (idx_tup_fetch + seq_tup_read)::int as rows from pg_stat_xact_user_tables where relname = 'limits'`;
        return row.rows;
      };
      const before = await fetched();
      const [instance] = await tx<[{ id: string }]>`select instance_id as id from instances limit 1`;
      const holds = await tx`select outcome from unnest(place_holds(${instance.id}, ${asked}::text::hold_request[]))`;
      expect(holds).toEqual([{ outcome: "held" }]);
      return (await fetched()) - before;
    });
    expect(read).toBeLessThan(10);
    const limits = (await readLimits(sql, { accountId: account })).filter(({ held }) => held > 0n);
    expect(limits.map(({ held }) => held)).toEqual([40n, 40n]);
    expect(await hold({ keyId }, 61n)).toMatchObject({ outcome: "refused", refusedBy: `key:${keyId}` });
  });

  test("behavior: in one commit, holds of two keys by turns count against their own limits", async () => {
    const [first, second] = [await newKey(), await newKey()];
    await limitOn("key", first, 100n);
    await limitOn("key", second, 100n);
    const [instance] = await sql<[{ id: string }]>`select instance_id as id from instances limit 1`;
    const asked = [
      [first, 60n],
      [second, 60n],
      [first, 60n],
      [second, 40n],
      [second, 1n],
      [first, 101n],
    ] as const;
    const operations = asked.map(([keyId, worst]) => ({
      kind: "hold" as const,
      requestId: newId("req"),
      accountId: account,
      worst: nanoUsd(worst),
      floor: nanoUsd(worst),
      subjects: [`key:${keyId}`],
    }));
    const outcomes = await commitOperations(sql, { instanceId: instance.id, operations });
    const byId = new Map(outcomes.map(({ requestId, outcome }) => [requestId, outcome]));
    expect(operations.map(({ requestId }) => byId.get(requestId))).toEqual([
      "held",
      "held",
      "retry",
      "held",
      "retry",
      "refused",
    ]);
    const held = (await readLimits(sql, { accountId: account })).map((limit) => limit.held);
    expect(new Set(held)).toEqual(new Set([100n, 60n]));
  });

  test("error: limits that the platform keeps are not set by hand", async () => {
    await expect(limitOn("chain_day" as "key", account, 1n)).rejects.toMatchObject({ code: "23514" });
  });
});

describe("removeLimit", () => {
  test("behavior: what it refused is held again; made anew, it knows what was spent", async () => {
    const keyId = await newKey();
    await limitOn("key", keyId, 100n);
    const running = await hold({ keyId }, 100n);
    expect(await hold({ keyId }, 1n)).toMatchObject({ outcome: "refused" });
    await removeLimit(sql, { accountId: account, scope: "key", subjectId: keyId, period: "day" });
    expect(await hold({ keyId }, 1n)).toMatchObject({ outcome: "held" });
    await capture(keyId, running.requestId, 60n);
    await limitOn("key", keyId, 100n);
    expect(await onlyLimit()).toMatchObject({ used: 60n, held: 1n });
  });

  test("error: NotFoundError", async () => {
    const nothing = { accountId: account, scope: "key", subjectId: "key_1", period: "day" } as const;
    await expect(removeLimit(sql, nothing)).rejects.toMatchObject({ code: "not_found" });
  });
});

test("behavior: a limit for ten lets ten of 400 through, on two processes, when it is made in their midst", async () => {
  const keyId = await newKey();
  const outcomes: string[] = [];
  const one = async (n: number) => {
    const batcher = batchers[n % 2];
    const { outcome, requestId } = await hold({ keyId }, 100n, { batcher });
    outcomes.push(outcome);
    if (outcome === "held") await capture(keyId, requestId, 100n, batcher);
  };
  const before = Array.from({ length: 5 }, (_, n) => one(n));
  const made = limitOn("key", keyId, 1_000n);
  await Promise.all([...before, made]);
  await Promise.all(Array.from({ length: 400 }, (_, n) => one(n)));
  expect(outcomes.filter((outcome) => outcome === "held")).toHaveLength(10);
  expect(await onlyLimit()).toMatchObject({ used: 1_000n, left: 0n });
});

type Step = { key: number; worst: bigint; end: "capture" | "release" | "leave"; part: number; process: number };
type Change = { scope: LimitScope; period: Period; amount: bigint; removed: boolean };

test("property: limits that come, change and go amidst requests always equal a recomputation", async () => {
  const step: fc.Arbitrary<Step> = fc.record({
    key: fc.nat(2),
    worst: fc.bigInt({ min: 1n, max: 500n }),
    end: fc.constantFrom("capture", "release", "leave"),
    part: fc.nat(100),
    process: fc.nat(1),
  });
  const change: fc.Arbitrary<Change> = fc.record({
    scope: fc.constantFrom<LimitScope>("account", "member", "project", "key"),
    period: fc.constantFrom<Period>("day", "week", "month", "total"),
    amount: fc.bigInt({ min: 0n, max: 5_000n }),
    removed: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: step }, { weight: 1, arbitrary: change }), {
        minLength: 5,
        maxLength: 40,
      }),
      async (actions) => {
        const keys = [
          { keyId: await newKey("ci"), project: "ci" },
          { keyId: await newKey("ci"), project: "ci" },
          { keyId: await newKey() },
        ];
        const subjects = { account, member: USER, project: "ci", key: must(keys[0]).keyId };
        await Promise.all(
          actions.map(async (action) => {
            if ("scope" in action) {
              const { scope, period, amount, removed } = action;
              await limitOn(scope, subjects[scope], amount, period);
              if (removed) {
                const limit = { accountId: account, scope, subjectId: subjects[scope], period };
                await removeLimit(sql, limit).catch(() => {}); // another one of the same may have removed it
              }
              return;
            }
            const key = must(keys[action.key]);
            const batcher = batchers[action.process];
            const { outcome, granted, requestId } = await hold(key, action.worst, { batcher, floor: 1n });
            if (outcome !== "held" || granted === null || action.end === "leave") return;
            if (action.end === "release") await must(batcher).release({ requestId, accountId: account });
            else await capture(key.keyId, requestId, (granted * BigInt(action.part)) / 100n, batcher);
          }),
        );
        expect(await differences(sql)).toEqual([]);
      },
    ),
    { numRuns: 25 },
  );
});
