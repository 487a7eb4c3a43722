import { parseUsd } from "@infr/money";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rollUpUsage } from "../flow/capture/rollup-store.ts";
import type { TestApi } from "../testing/api.ts";
import { type Buyer, closeMarket, newBuyer, startMarket } from "../testing/market.ts";

let api: TestApi;
let buyer: Buyer;

beforeAll(async () => {
  api = await startMarket();
  buyer = await newBuyer(api);
});
afterAll(() => closeMarket(api));

async function get<T>(url: string, as = buyer): Promise<T> {
  const answer = await api.app.inject({ method: "GET", url, headers: { cookie: as.cookie } });
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${answer.body}`);
  return answer.json<T>();
}

async function say(model: string, { stream = false } = {}): Promise<void> {
  const body = { model, messages: [{ role: "user" as const, content: "Hi" }], max_tokens: 8 };
  if (!stream) await buyer.openai.chat.completions.create(body);
  else for await (const _ of await buyer.openai.chat.completions.create({ ...body, stream }));
}

type Row = { id: string; cost: string; model: string; costBreakdown: Record<string, string> };
type Summary = {
  total: { requests: number; cost: string };
  groups: Array<{ id: string; cost: string }>;
  more: boolean;
};

/** Every page of the log. */
async function logged(filter = ""): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: { usage: Row[]; nextCursor: string | null } = await get(
      `/api/usage?limit=3${filter}${cursor === null ? "" : `&cursor=${cursor}`}`,
    );
    rows.push(...page.usage);
    cursor = page.nextCursor;
    if (cursor === null) return rows;
  }
}

const sum = (costs: string[]): bigint => costs.reduce((total, cost) => total + parseUsd(cost), 0n);

test("mistake 9: log, summary, balance and entries say the same, whatever is rolled up, to the last digit", async () => {
  for (const round of [1, 2, 3]) {
    await Promise.all([say("demo/small"), say("demo/large", { stream: true }), say("demo/large")]);
    if (round === 2) await rollUpUsage(api.sql);
    const rows = await logged();
    const total = sum(rows.map(({ cost }) => cost));
    expect(rows).toHaveLength(3 * round);
    for (const { cost, costBreakdown } of rows) expect(sum(Object.values(costBreakdown))).toBe(parseUsd(cost));
    for (const by of ["day", "model", "key", "node"]) {
      const summary = await get<Summary>(`/api/usage/summary?by=${by}`);
      expect(summary).toMatchObject({ total: { requests: rows.length }, more: false });
      expect(parseUsd(summary.total.cost)).toBe(total);
      expect(sum(summary.groups.map(({ cost }) => cost))).toBe(total);
    }
    expect(await buyer.spent()).toBe(total);
    expect(parseUsd((await get<{ unsettled: string }>("/api/balance")).unsettled)).toBe(total);
    const booked = await api.sql<[{ total: bigint }]>`
      select sum(amount_nano)::bigint as total from entries where debit_book = 'usage' and debit_account = ${buyer.accountId}`;
    expect(booked[0].total).toBe(total);
  }
});

test("behavior: filters mean the same in the log and in the summary", async () => {
  const rows = await logged("&model=demo/large&status=ok");
  const { total } = await get<Summary>("/api/usage/summary?model=demo/large&status=ok");
  expect(rows.length).toBeGreaterThan(0);
  expect(new Set(rows.map(({ model }) => model))).toEqual(new Set(["demo/large"]));
  expect(total.requests).toBe(rows.length);
  expect(parseUsd(total.cost)).toBe(sum(rows.map(({ cost }) => cost)));
  const future = new Date(Date.now() + 60_000).toISOString();
  expect(await logged(`&from=${future}`)).toEqual([]);
  expect(await logged(`&until=${future}`)).toHaveLength(9);
});

test("error: nobody sees another's usage; days that are none, or too many", async () => {
  const other = await newBuyer(api);
  expect(await get("/api/usage/summary", other)).toMatchObject({ total: { requests: 0, cost: "0" }, groups: [] });
  const bad = ["from=2026-02-30", "from=2026-01-02&to=2026-01-01", "from=2020-01-01&to=2026-01-01", "by=hour"];
  const statuses = bad.map(async (query) => {
    const url = `/api/usage/summary?${query}`;
    return [query, (await api.app.inject({ method: "GET", url, headers: { cookie: buyer.cookie } })).statusCode];
  });
  expect(await Promise.all(statuses)).toEqual(bad.map((query) => [query, 400]));
  expect((await api.app.inject({ method: "GET", url: "/api/usage/summary" })).statusCode).toBe(401);
});

type Point = { day: string; id: string | null; name: string | null; requests: number; cost: string };

test("behavior: the sums by day, split, add up to the summary, and beyond eight there are others", async () => {
  const { total } = await get<Summary>("/api/usage/summary");
  for (const by of ["model", "key", "node"]) {
    const { points } = await get<{ points: Point[] }>(`/api/usage/series?by=${by}`);
    expect(points.reduce((sum, { cost }) => sum + parseUsd(cost), 0n)).toBe(parseUsd(total.cost));
    expect(points.reduce((sum, { requests }) => sum + requests, 0)).toBe(total.requests);
    if (by !== "model") expect(points.every(({ id, name }) => id === "" || name !== null)).toBe(true);
  }
  const [first] = await logged();
  const one = await get<{ points: Point[] }>(`/api/usage/series?model=${encodeURIComponent(first?.model ?? "")}`);
  expect(new Set(one.points.map(({ id }) => id))).toEqual(new Set([first?.model]));
});

test("behavior: the log can be taken along, as CSV and as JSON Lines, with its filters", async () => {
  const rows = await logged();
  const take = async (query: string) => {
    const answer = await api.app.inject({ url: `/api/usage/export?${query}`, headers: { cookie: buyer.cookie } });
    expect(answer.headers["content-disposition"]).toContain("attachment");
    return answer.body;
  };
  const lines = (await take("format=jsonl"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(lines.map(({ id, cost_usd }) => [id, cost_usd])).toEqual(rows.map(({ id, cost }) => [id, cost]));
  const csv = (await take("format=csv")).trim().split("\r\n");
  expect(csv[0]).toMatch(/^id,time,model,/);
  expect(csv.slice(1).map((line) => line.split(",")[0])).toEqual(rows.map(({ id }) => id));
  expect((await take("format=csv&model=nobody%2Fsells")).trim().split("\r\n")).toHaveLength(1);
});
