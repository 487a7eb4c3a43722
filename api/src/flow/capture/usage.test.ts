import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Queryable, Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { CHECKS } from "../../ledger/checks-store.ts";
import { createUsageMonths } from "../../metering/store.ts";
import { testDatabase } from "../../testing/database.ts";
import { rebuildUsageDays, rollUpUsage } from "./rollup-store.ts";
import { type UsageFilter, type UsageRow, usagePage, usageSummary } from "./store.ts";
import { spentInDays, usageOfKey } from "./usage-store.ts";

const OWNER = "acct_operator";
const NODES = ["node_a", "node_b"];
const MODELS = ["m/1", "m/2", "m/3"];
const KEYS = ["key_1", "key_2", null];
const STATUSES = ["ok", "aborted", "error"] as const;
const DAY_MS = 86_400_000;

let sql: Sql;
let drop: () => Promise<void>;
let account: string;

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  await sql`
    insert into accounts (account_id, kind, owner, salt, ref)
    values (${OWNER}, 'personal', ${`0x${"a".repeat(40)}`}, ${`0x${"0".repeat(64)}`}, ${`0x${"a".repeat(64)}`})`;
  for (const node of NODES)
    await sql`insert into nodes (node_id, account_id, name, url) values (${node}, ${OWNER}, ${node}, ${node})`;
});
beforeEach(() => {
  account = newId("acct");
});
afterAll(() => drop());

type Logged = {
  at: Date;
  model: string;
  nodeId: string;
  keyId: string | null;
  status: UsageRow["status"];
  cost: bigint;
};

async function log(to: Queryable, rows: Logged[]): Promise<string[]> {
  const ids = rows.map(({ at }) => newId("req", at));
  await to`
    insert into usage (account_id, started_at, request_id, key_id, model, node_id, operator_id, price_version,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano, completion_nano,
      reasoning_nano, cost_nano, funded_nano, latency_ms, status, usage_source, receipt_salt)
    select ${account}, at::timestamptz, id, nullif(key, ''), model, node, ${OWNER}, 'v', 1, 2, 3, 4, cost, 0, 0, 0, cost, 0, 1, status, 'node',
      decode(repeat('00', 32), 'hex')
    from unnest(${ids}::text[], ${rows.map(({ at }) => at.toISOString())}::text[], ${rows.map(({ keyId }) => keyId ?? "")}::text[],
      ${rows.map(({ model }) => model)}::text[], ${rows.map(({ nodeId }) => nodeId)}::text[],
      ${rows.map(({ cost }) => cost.toString())}::bigint[], ${rows.map(({ status }) => status)}::text[])
      r(id, at, key, model, node, cost, status)`;
  return ids;
}

const someRows = (n: number, days: number): Logged[] =>
  Array.from({ length: n }, (_, i) => ({
    at: new Date(Date.now() - ((i * 7919) % n) * ((days * DAY_MS) / n)),
    model: MODELS[(i * 31) % 3] ?? "",
    nodeId: NODES[(i * 17) % 2] ?? "",
    keyId: KEYS[(i * 13) % 3] ?? null,
    status: i % 29 === 0 ? (STATUSES[1 + (i % 2)] ?? "ok") : "ok",
    cost: BigInt(1 + (i % 97)),
  }));

const day = (at: Date): string => at.toISOString().slice(0, 10);
const everything = () => ({ accountId: account, from: "2020-01-01", to: "2099-12-31", filter: {}, limit: 1_000 });
const logTotal = async (from: Queryable = sql): Promise<bigint> => {
  const [row] = await from<[{ cost: bigint }]>`
    select coalesce(sum(cost_nano), 0)::bigint as cost from usage where account_id = ${account}`;
  return row.cost;
};
const drift = async () => {
  const check = CHECKS.find(({ name }) => name.startsWith("sums of usage"));
  return check?.find(sql);
};

describe("the usage log", () => {
  test("default: each month has its partition, made ahead, and nothing lands in the default one", async () => {
    await createUsageMonths(sql);
    const now = new Date();
    const months = [0, 1, 2].map((n) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + n, 1)));
    for (const first of months) {
      for (const at of [first, new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1) - 1)])
        await log(sql, [{ ...must(someRows(1, 1)[0]), at }]);
    }
    const landed = await sql<Array<{ partition: string; n: number }>>`
      select tableoid::regclass::text as partition, count(*)::int as n from usage
      where account_id = ${account} group by 1 order by 1`;
    const names = months.map((at) => `usage_${at.getUTCFullYear()}_${String(at.getUTCMonth() + 1).padStart(2, "0")}`);
    expect(landed.map(({ partition, n }) => ({ partition, n }))).toEqual(
      names.map((partition) => ({ partition, n: 2 })),
    );
    expect(await sql`select from only usage_other limit 1`).toHaveLength(0);
  });

  test("error: rows never change, except for the batch that settles them", async () => {
    const [id] = await log(sql, someRows(1, 1));
    await expect(sql`update usage set cost_nano = 0, prompt_nano = 0 where request_id = ${must(id)}`).rejects.toThrow(
      expect.objectContaining({ code: "23001" }),
    );
    await expect(sql`delete from usage where request_id = ${must(id)}`).rejects.toThrow(
      expect.objectContaining({ code: "23001" }),
    );
    await sql`update usage set batch_id = null where request_id = ${must(id)}`;
  });

  test("error: nor do they through the name of their partition, or in what the node reported", async () => {
    const [id] = await log(sql, someRows(1, 1));
    const [row] = await sql<[{ partition: string }]>`
      select tableoid::regclass::text as partition from usage where request_id = ${must(id)}`;
    const kept = expect.objectContaining({ code: "23001" });
    for (const table of [sql(row.partition), sql("usage")]) {
      await expect(sql`delete from ${table} where request_id = ${must(id)}`).rejects.toThrow(kept);
      await expect(
        sql`update ${table} set cost_nano = 0, prompt_nano = 0 where request_id = ${must(id)}`,
      ).rejects.toThrow(kept);
      await expect(sql`update ${table} set reported_tokens = 7 where request_id = ${must(id)}`).rejects.toThrow(kept);
    }
  });

  test("error: no partition is emptied, be it of a month that comes or the one for all others", async () => {
    await sql`select create_usage_month('2031-05-17'), create_usage_month('2031-05-01')`;
    const partitions = await sql<Array<{ name: string }>>`
      select inhrelid::regclass::text as name from pg_inherits where inhparent = 'usage'::regclass`;
    expect(partitions.map(({ name }) => name)).toEqual(expect.arrayContaining(["usage_2031_05", "usage_other"]));
    for (const { name } of [...partitions, { name: "usage" }]) {
      await expect(sql`truncate ${sql(name)}`).rejects.toThrow(expect.objectContaining({ code: "23001" }));
    }
  });

  test("property: pages of any filter are the log, each matching row once, newest first, whatever is rolled up", async () => {
    const rows = someRows(600, 20).map((row) => ({ ...row, at: new Date(row.at) }));
    const ids = await log(sql, rows.slice(0, 400));
    await rollUpUsage(sql);
    ids.push(...(await log(sql, rows.slice(400))));
    const all = rows.map((row, index) => ({ ...row, id: must(ids[index]) }));
    const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const moment = fc.option(
      fc.nat(20 * 24).map((hours) => new Date(Date.now() - hours * 3_600_000)),
      { nil: undefined },
    );
    const filters = fc.record({
      model: maybe([...MODELS, "m/none"]),
      nodeId: maybe(NODES),
      keyId: maybe(["key_1", "key_2"]),
      status: maybe(STATUSES),
      from: moment,
      until: moment,
    });
    await fc.assert(
      fc.asyncProperty(filters, fc.constantFrom(7, 50, 200), async (filter, limit) => {
        const expected = all.filter((row) => matches(row, filter)).sort((a, b) => (a.id < b.id ? 1 : -1));
        expect(await readAll(filter, limit)).toEqual(expected.map(({ id }) => id));
      }),
      { numRuns: 60 },
    );
  });
});

function matches(row: Logged, { model, nodeId, keyId, status, from, until }: UsageFilter): boolean {
  return (
    (model === undefined || row.model === model) &&
    (nodeId === undefined || row.nodeId === nodeId) &&
    (keyId === undefined || row.keyId === keyId) &&
    (status === undefined || row.status === status) &&
    (from === undefined || row.at >= from) &&
    (until === undefined || row.at < until)
  );
}

async function readAll(filter: UsageFilter, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let before: { startedAt: Date; requestId: string } | null = null;
  for (;;) {
    const page: UsageRow[] = await usagePage(sql, { accountId: account, filter, before, limit });
    ids.push(...page.map((row) => row.request_id));
    const last = page.at(-1);
    if (!last || page.length < limit) return ids;
    before = { startedAt: last.started_at, requestId: last.request_id };
  }
}

describe("usageSummary", () => {
  test("default: by day, model, key and node, the groups add up to the total, and the total is the log", async () => {
    const rows = someRows(300, 10);
    await log(sql, rows.slice(0, 200));
    await rollUpUsage(sql);
    await log(sql, rows.slice(200));
    for (const by of ["day", "model", "key", "node"] as const) {
      const { total, groups } = await usageSummary(sql, { ...everything(), by });
      expect(total).toMatchObject({
        requests: 300n,
        prompt_tokens: 300n,
        cached_tokens: 600n,
        completion_tokens: 900n,
      });
      expect(total.cost_nano).toBe(await logTotal());
      expect(groups.reduce((sum, group) => sum + group.cost_nano, 0n)).toBe(total.cost_nano);
    }
    const { groups } = await usageSummary(sql, { ...everything(), by: "node" });
    expect(new Set(groups.map(({ name }) => name))).toEqual(new Set(NODES));
  });

  test("behavior: filters and days leave out what the log leaves out", async () => {
    const rows = someRows(200, 6);
    await log(sql, rows);
    const from = day(new Date(Date.now() - 3 * DAY_MS));
    const to = day(new Date(Date.now() - DAY_MS));
    const filter = { model: "m/2", keyId: "key_1" };
    const { total } = await usageSummary(sql, { ...everything(), from, to, by: "day", filter });
    const expected = rows.filter((row) => matches(row, filter) && day(row.at) >= from && day(row.at) <= to);
    expect(total.requests).toBe(BigInt(expected.length));
  });

  test("default: nothing used is a total of zero", async () => {
    const { total, groups } = await usageSummary(sql, { ...everything(), by: "day" });
    expect(total).toMatchObject({ requests: 0n, cost_nano: 0n });
    expect(groups).toEqual([]);
  });
});

/** Whatever reads the log itself fails: it is away until the transaction has ended. */
async function withoutLog<T>(run: (tx: Queryable) => Promise<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const undone = sql.begin(async (tx) => {
    await tx`alter table usage rename to usage_that_is_away`;
    resolve(await run(tx));
    throw new RolledBack();
  });
  await expect(undone).rejects.toBeInstanceOf(RolledBack);
  return promise;
}

describe("usageOfKey", () => {
  test("behavior: exact at any moment in its windows, which are whole days in UTC, without a look at the log", async () => {
    const rows = someRows(500, 70);
    // The first and the last moment of days on which windows begin.
    for (const at of [
      "2026-10-31T23:59:59.999Z",
      "2026-11-01T00:00:00Z",
      "2026-11-15T23:59:59.999Z",
      "2026-11-16T00:00:00Z",
    ])
      rows.push({ ...must(rows[0]), keyId: "key_1", at: new Date(at) });
    await log(sql, rows.slice(0, 300));
    await rollUpUsage(sql);
    await log(sql, rows.slice(300));
    const moments = ["2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z", "2026-11-18T12:00:00Z", "2026-11-22T23:59:59Z"];
    for (const now of [...moments.map((moment) => new Date(moment)), new Date()]) {
      const weekday = (now.getUTCDay() + 6) % 7;
      const since = (first: string) =>
        rows.filter(({ at, keyId }) => keyId === "key_1" && day(at) >= first).reduce((sum, { cost }) => sum + cost, 0n);
      const spent = await withoutLog((tx) => usageOfKey(tx, { accountId: account, keyId: "key_1", now }));
      expect(spent).toEqual({
        total: since(""),
        day: since(day(now)),
        week: since(day(new Date(now.getTime() - weekday * DAY_MS))),
        month: since(`${day(now).slice(0, 7)}-01`),
      });
    }
  });
});

describe("spentInDays", () => {
  test("default: today and the days before it in full, and of the oldest the part that is not over", async () => {
    const now = new Date("2026-11-18T06:00:00Z");
    const costs = {
      "2026-11-18T05:00:00Z": 1n,
      "2026-11-12T00:00:00Z": 20n,
      "2026-11-11T01:00:00Z": 400n,
      "2026-11-10T23:59:59Z": 8_000n,
    };
    const row = must(someRows(1, 1)[0]);
    await log(
      sql,
      Object.entries(costs).map(([at, cost]) => ({ ...row, at: new Date(at), cost })),
    );
    const spent = () => withoutLog((tx) => spentInDays(tx, { accountId: account, days: 7, now }));
    expect(await spent()).toBe(321n);
    await rollUpUsage(sql);
    expect(await spent()).toBe(321n);
  });

  test("default: who used nothing spent nothing", async () =>
    expect(await spentInDays(sql, { accountId: account, days: 7, now: new Date() })).toBe(0n));
});

describe("rollUpUsage", () => {
  test("behavior: each row once, from transactions that commit out of order, by two workers, exact at every moment", async () => {
    const done = new AbortController();
    const exact = async () =>
      sql.begin("isolation level repeatable read read only", async (tx) => {
        const { total } = await usageSummary(tx, { ...everything(), by: "day" });
        expect(total.cost_nano).toBe(await logTotal(tx));
      });
    const workers = [0, 1].map(async () => {
      while (!done.signal.aborted) {
        await rollUpUsage(sql);
        await exact();
      }
    });
    // The one that begins first commits last: a watermark would have passed its rows.
    const { promise: late, resolve: commitLate } = Promise.withResolvers<void>();
    const first = sql.begin(async (tx) => {
      await log(tx, someRows(50, 3));
      await late;
    });
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        sql
          .begin(async (tx) => {
            await log(tx, someRows(20 + i, 3));
            if (i % 7 === 0) throw new RolledBack();
          })
          .catch((error: unknown) => {
            if (!(error instanceof RolledBack)) throw error;
          }),
      ),
    );
    while ((await rollUpUsage(sql)) > 0);
    commitLate();
    await first;
    done.abort();
    await Promise.all(workers);
    while ((await rollUpUsage(sql)) > 0);
    await exact();
    expect(await sql`select from usage_deltas where account_id = ${account}`).toHaveLength(0);
    expect(await drift()).toEqual([]);
  });
});

class RolledBack extends Error {}

describe("rebuildUsageDays", () => {
  test("behavior: puts right what is wrong, while requests and the job go on", async () => {
    await log(sql, someRows(100, 5));
    await rollUpUsage(sql);
    expect(await rebuildUsageDays(sql)).toEqual({ removed: 0, added: 0 });
    await sql`update usage_days set cost_nano = cost_nano + 1 where account_id = ${account} and model = 'm/1'`;
    await sql`delete from usage_days where account_id = ${account} and model = 'm/2'`;
    expect((await drift())?.length).toBeGreaterThan(0);
    const done = new AbortController();
    const others = [
      (async () => {
        while (!done.signal.aborted) await log(sql, someRows(10, 5));
      })(),
      (async () => {
        while (!done.signal.aborted) await rollUpUsage(sql);
      })(),
    ];
    const { removed, added } = await rebuildUsageDays(sql);
    expect(added).toBeGreaterThan(removed);
    expect(removed).toBeGreaterThan(0);
    for (let i = 0; i < 3; i++) expect(await rebuildUsageDays(sql)).toEqual({ removed: 0, added: 0 });
    done.abort();
    await Promise.all(others);
    expect(await drift()).toEqual([]);
  });
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("missing");
  return value;
}
