import { mkdirSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import getPort from "get-port";
import { migrate } from "../api/src/db/migrate.ts";
import { openDatabase } from "../api/src/db/open.ts";
import type { Sql } from "../api/src/db/types.ts";
import { rebuildUsageDays } from "../api/src/flow/capture/rollup-store.ts";
import { usagePage, usageSummary } from "../api/src/flow/capture/store.ts";
import { startPostgres } from "../scripts/postgres.mjs";

/**
 * Reading the usage log when it is a hundred times as long: a page and a month's sum, by turns in a log of 10 million
 * rows and in one of 100,000, both of the same ten accounts over the same 90 days. Medians; a tail of 1,000 rows is not
 * rolled up yet, as under load.
 */
const { values } = parseArgs({
  options: {
    small: { type: "string", default: "100000" },
    large: { type: "string", default: "10000000" },
    rounds: { type: "string", default: "2000" },
    help: { type: "boolean", default: false },
  },
});

const ACCOUNTS = 10;
const DAYS = 90;
const TAIL = 1_000;
const PAGE = 50;
const PAGES = 10;
const OPERATOR = "acct_platform";

async function run(url: string): Promise<void> {
  const small = await openLog(url, { name: "small", rows: Number(values.small) });
  const large = await openLog(url, { name: "large", rows: Number(values.large) });
  const page = await compare({ small, large }, readPages);
  const filtered = await compare({ small, large }, readFiltered);
  const monthSum = await compare({ small, large }, sumMonth);
  console.log(`a page            ${show(page)}`);
  console.log(`a page of one key ${show(filtered)}`);
  console.log(`a month's sum     ${show(monthSum)}`);
  await Promise.all([small.end(), large.end()]);
  console.log(
    JSON.stringify({ pageRatio: ratio(page), filteredPageRatio: ratio(filtered), monthSumRatio: ratio(monthSum) }),
  );
}

type Medians = { small: number; large: number };

const ratio = ({ small, large }: Medians): number => Number((large / small).toFixed(3));
const show = (medians: Medians): string =>
  `${medians.small.toFixed(2)} ms → ${medians.large.toFixed(2)} ms, ${ratio(medians)} ×`;

/** Each round asks both logs, the one that begins changing by turns. */
async function compare(
  logs: { small: Sql; large: Sql },
  read: (sql: Sql, round: number) => Promise<void>,
): Promise<Medians> {
  const times: { small: number[]; large: number[] } = { small: [], large: [] };
  for (let round = -20; round < Number(values.rounds); round++) {
    for (const name of round % 2 === 0 ? (["small", "large"] as const) : (["large", "small"] as const)) {
      const startedAt = performance.now();
      await read(logs[name], Math.abs(round));
      if (round >= 0) times[name].push(performance.now() - startedAt);
    }
  }
  return { small: median(times.small), large: median(times.large) };
}

const median = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
const accountOf = (round: number): string => `acct_${round % ACCOUNTS}`;

/** One of the first ten pages of an account. */
const cursors = new Map<Sql, Map<string, Array<{ startedAt: Date; requestId: string } | null>>>();
async function readPages(sql: Sql, round: number): Promise<void> {
  const accountId = accountOf(round);
  const known = cursors.get(sql) ?? new Map<string, Array<{ startedAt: Date; requestId: string } | null>>();
  cursors.set(sql, known);
  const places = known.get(accountId) ?? [null];
  known.set(accountId, places);
  const at = Math.floor(round / ACCOUNTS) % PAGES;
  const rows = await usagePage(sql, { accountId, before: places[at] ?? null, limit: PAGE + 1 });
  const last = rows[PAGE - 1];
  if (!last) throw new Error(`a page has ${rows.length} rows`);
  places[at + 1] = { startedAt: last.started_at, requestId: last.request_id };
}

async function readFiltered(sql: Sql, round: number): Promise<void> {
  const filter = { keyId: `key_${round % 2}`, model: `m/${round % 4}` };
  const rows = await usagePage(sql, { accountId: accountOf(round), filter, before: null, limit: PAGE + 1 });
  if (rows.length !== PAGE + 1) throw new Error(`a page has ${rows.length} rows`);
}

/** The whole month before this one, by day, as a chart asks for it, and the total. */
async function sumMonth(sql: Sql, round: number): Promise<void> {
  const now = new Date();
  const day = (month: number, date: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, date)).toISOString().slice(0, 10);
  const range = { from: day(-1, 1), to: day(0, 0) };
  const { total } = await usageSummary(sql, {
    accountId: accountOf(round),
    ...range,
    by: "day",
    filter: {},
    limit: 100,
  });
  if (total.requests === 0n) throw new Error("a month without usage");
}

/** A database with so many rows in its log; indexes are built when the rows are there. */
async function openLog(url: string, { name, rows }: { name: string; rows: number }): Promise<Sql> {
  const startedAt = performance.now();
  const admin = openDatabase({ url, connections: 1 });
  await admin`create database ${admin(name)}`;
  await admin.end();
  const sql = openDatabase({ url: url.replace(/postgres$/, name), connections: 1 });
  await migrate(sql);
  await sql`insert into nodes (node_id, account_id, name, url) select 'node_' || n, ${OPERATOR}, 'n', n::text from generate_series(0, 1) n`;
  await sql`select create_usage_month((date_trunc('month', now()) - make_interval(months => n))::date) from generate_series(1, 3) n`;
  await sql`set maintenance_work_mem = '512MB'`;
  const indexes = await sql<Array<{ name: string; definition: string }>>`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index where indrelid = 'usage'::regclass and not indisprimary`;
  await sql`alter table usage drop constraint usage_pkey`;
  for (const index of indexes) await sql.unsafe(`drop index ${index.name}`);
  await sql`alter table usage disable trigger usage_append_deltas`;
  await insertRows(sql, { first: TAIL, rows: rows - TAIL, total: rows });
  await sql`alter table usage enable trigger usage_append_deltas`;
  await sql`alter table usage add primary key (account_id, started_at, request_id)`;
  for (const index of indexes) await sql.unsafe(index.definition);
  await rebuildUsageDays(sql);
  await insertRows(sql, { first: 0, rows: TAIL, total: rows });
  for (const table of ["usage", "usage_days", "usage_deltas"]) await sql`vacuum (analyze) ${sql(table)}`;
  console.log(`${name}: ${rows} rows in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return sql;
}

/** Rows from the newest (0) backwards, evenly over the days. */
async function insertRows(
  sql: Sql,
  { first, rows, total }: { first: number; rows: number; total: number },
): Promise<void> {
  await sql`
    insert into usage (account_id, started_at, request_id, captured_at, key_id, user_id, model, node_id, operator_id,
      price_version, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano,
      completion_nano, reasoning_nano, cost_nano, funded_nano, latency_ms, status, usage_source, receipt_salt)
    select 'acct_' || i % ${ACCOUNTS}::int, at, 'req_' || lpad(i::text, 26, '0'), at, 'key_' || i / 40 % 2, 'user_1',
      'm/' || i / 10 % 4, 'node_' || i / 80 % 2, ${OPERATOR}, '0x' || repeat('11', 32), 900, 100, 300, 0, 90000, 1000,
      45000, 0, 136000, 0, 800, 'ok', 'node', decode(repeat('00', 32), 'hex')
    from generate_series(${first + rows - 1}::int, ${first}::int, -1) i
    cross join lateral (
      select now() - i * (make_interval(days => ${DAYS}::int) / ${total}::int) as at
    ) t`;
}

if (values.help) {
  console.log("pnpm bench usage [--small 100000] [--large 10000000] [--rounds 2000]");
} else {
  const folder = `.infr-test/bench-usage-${process.pid}`;
  mkdirSync(".infr-test", { recursive: true });
  const server = await startPostgres({ dir: folder, port: await getPort(), durable: false });
  try {
    await run(server.url);
  } finally {
    await server.stop();
    for (const path of [folder, `${folder}.log`]) rmSync(path, { recursive: true, force: true });
  }
}
