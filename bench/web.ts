import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { newId } from "../api/src/ids.ts";
import { launchChromium } from "../test/browser/chromium.ts";
import { openPage } from "../test/browser/pages.ts";
import { buildWeb, WEB_ROOT } from "../test/web-build.ts";
import { openWorld } from "./world.ts";

/**
 * The built web app in Chromium, served by the API: script that the first page loads before any wallet code, largest contentful
 * paint against a static page of the same process by turns, and how smoothly a long usage log is read to its end and scrolled
 * back, against as much turning of the wheel on the same page of an account that has none.
 */
const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    rounds: { type: "string", default: "7" },
    help: { type: "boolean", default: false },
  },
});

const FOLDER = `.infr-test/bench-web-${process.pid}`;
const SCROLL_MS = 8_000;
const SCROLL_PX = 600;
const PATIENCE_MS = 120_000;
const DAYS_MS = 30 * 86_400_000;
const SETTLED_MS = 500;
/** A static page with as much to read as the landing page's head. */
const STATIC_PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>static</title>
<h1>Inference credit you can check.</h1><p>Put in USDC, call any model through one OpenAI-compatible API, and see each
request settled on Base, to the last unit.</p></html>`;

async function run(): Promise<void> {
  await buildWeb();
  cpSync(WEB_ROOT, FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "static.html"), STATIC_PAGE);
  const world = await openWorld({ webRoot: FOLDER });
  const browser = await launchChromium();
  try {
    const scripts = await firstScripts(browser, world.webUrl);
    const gzipBytes = scripts.reduce((sum, name) => sum + gzipOf(name), 0);
    reportBundle(scripts);
    const paint = await comparePaints(browser, world.webUrl);
    await logRequests(world, Number(values.rows));
    const scroll = await compareScrolls(browser, world);
    const result = {
      firstLoadGzipBytes: gzipBytes,
      lcpRatio: Number((paint.app / paint.plain).toFixed(2)),
      lcpMs: Math.round(paint.app),
      staticLcpMs: Math.round(paint.plain),
      rowsRead: scroll.rows,
      readSeconds: Number((scroll.readMs / 1000).toFixed(1)),
      longTasksReading: scroll.reading.count,
      longestReadingMs: scroll.reading.longestMs,
      longTasks: scroll.scrolling.count,
      longestTaskMs: scroll.scrolling.longestMs,
      emptyLongTasks: scroll.empty.count,
      emptyLongestTaskMs: scroll.empty.longestMs,
    };
    console.log(`script before the wallet's  ${(gzipBytes / 1000).toFixed(1)} kB gzip (budget 200)`);
    console.log(
      `largest contentful paint    ${result.lcpMs} ms, static ${result.staticLcpMs} ms: ${result.lcpRatio} × (budget 2)`,
    );
    console.log(
      `long tasks in the log       ${result.longTasks} while ${result.rowsRead} rows are scrolled, ${result.longTasksReading} while they came (without any: ${result.emptyLongTasks})`,
    );
    console.log(JSON.stringify(result));
  } finally {
    await browser.close();
    await world.stop();
  }
}

/** Names of the scripts that a visitor's first page asks for until it is quiet. */
async function firstScripts(browser: Browser, url: string): Promise<string[]> {
  const page = await browser.newPage();
  const names = new Set<string>();
  page.on("request", (request) => {
    const [, name] = /\/assets\/([^/?]+\.js)/.exec(request.url()) ?? [];
    if (name !== undefined) names.add(name);
  });
  await page.goto(url);
  await page.getByRole("heading", { level: 1, name: /^Inference credit/ }).waitFor();
  await page.waitForTimeout(SETTLED_MS);
  await page.close();
  return [...names];
}

const gzipOf = (name: string): number => gzipSync(readFileSync(join(WEB_ROOT, "assets", name)), { level: 9 }).length;

function reportBundle(first: string[]): void {
  const chunks = readdirSync(join(WEB_ROOT, "assets"))
    .filter((name) => name.endsWith(".js"))
    .map((name) => ({ name, bytes: gzipOf(name), isFirst: first.includes(name) }))
    .toSorted((a, b) => b.bytes - a.bytes);
  console.log("chunk, kB gzip (* on the first page)");
  for (const { name, bytes, isFirst } of chunks.slice(0, 20)) {
    console.log(`  ${isFirst ? "*" : " "} ${(bytes / 1000).toFixed(1).padStart(6)}  ${name}`);
  }
  const total = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`    ${(total / 1000).toFixed(1).padStart(6)}  in ${chunks.length} chunks`);
}

/** Medians of both, by turns, each with an empty cache. */
async function comparePaints(browser: Browser, url: string): Promise<{ app: number; plain: number }> {
  const app: number[] = [];
  const plain: number[] = [];
  await largestPaint(browser, url);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    plain.push(await largestPaint(browser, `${url}/static.html`));
    app.push(await largestPaint(browser, url));
  }
  return { app: median(app), plain: median(plain) };
}

async function largestPaint(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForTimeout(SETTLED_MS);
  const ms = await page.evaluate<number>(`new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
      .observe({ type: "largest-contentful-paint", buffered: true });
  })`);
  await context.close();
  return ms;
}

type Tasks = { count: number; longestMs: number };
type World = Awaited<ReturnType<typeof openWorld>>;

/** A log of so many requests, over a month. The time in their ids is that when they began: pages follow one another by it. */
async function logRequests({ sql, account }: World, rows: number): Promise<void> {
  const now = Date.now();
  const at = Array.from({ length: rows }, (_, i) => new Date(now - Math.floor((i * DAYS_MS) / rows)));
  await sql`
    insert into usage (account_id, started_at, request_id, captured_at, model, node_id, operator_id, price_version,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, prompt_nano, cached_nano, completion_nano,
      reasoning_nano, cost_nano, funded_nano, latency_ms, status, usage_source, receipt_salt)
    select ${account}, at, id, at, 'm/' || i % 4, n.node_id, n.account_id,
      '0x' || repeat('11', 32), 900, 100, 300, 0, 90000, 1000, 45000, 0, 136000, 0, 800, 'ok', 'node',
      decode(repeat('00', 32), 'hex')
    from unnest(${at.map((one) => newId("req", one))}::text[], ${at.map((one) => one.toISOString())}::timestamptz[]) with ordinality r(id, at, i)
    cross join (select node_id, account_id from nodes limit 1) n`;
  await sql`vacuum (analyze) usage`;
}

/** Reads the log of an account to its end and scrolls back in it, then turns the wheel as long on that of one without. */
async function compareScrolls(browser: Browser, { webUrl, cookies }: World) {
  const full = await openUsage(browser, webUrl, cookies.buyer);
  const table = full.getByRole("table", { name: "Usage" });
  await table.getByRole("row").nth(5).waitFor();
  await watchTasks(full);
  const readMs = await dragToEnd(full, PATIENCE_MS);
  const reading = await takeTasks(full);
  await scrollBack(full);
  const empty = await openUsage(browser, webUrl, cookies.operator);
  await watchTasks(empty);
  await dragToEnd(empty, readMs);
  await scrollBack(empty);
  const rows = Number(await table.getAttribute("aria-rowcount")) - 1;
  return { reading, scrolling: await takeTasks(full), empty: await takeTasks(empty), rows, readMs };
}

async function openUsage(browser: Browser, url: string, cookie: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const [name = "", value = ""] = cookie.split("=");
  await context.addCookies([{ name, value, url }]);
  const page = await context.newPage();
  // With the chart, which is no part of the log.
  await openPage(page, `${url}/usage`);
  await page.waitForTimeout(SETTLED_MS);
  return page;
}

/** Begins to note what keeps the page from answering for more than 50 ms. */
async function watchTasks(page: Page): Promise<void> {
  await page.evaluate(`window.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.duration)))
      .observe({ type: "longtask" });`);
  await page.mouse.move(900, 600);
}

/** Drags the bar to the page's end, again and again, until the log has no more rows or time is up. @returns how long it took */
const dragToEnd = (page: Page, atMostMs: number): Promise<number> =>
  page.evaluate<number>(`new Promise((resolve) => {
    const since = performance.now();
    const drag = () => {
      const took = performance.now() - since;
      const total = document.querySelector("table[aria-label=Usage]")?.getAttribute("aria-rowcount") ?? "-1";
      if (total !== "-1" || took > ${atMostMs}) return resolve(took);
      scrollTo(0, document.documentElement.scrollHeight);
      requestAnimationFrame(drag);
    };
    drag();
  })`);

/** Turns the wheel back for a while. */
async function scrollBack(page: Page): Promise<void> {
  const until = performance.now() + SCROLL_MS;
  while (performance.now() < until) await page.mouse.wheel(0, -SCROLL_PX);
}

/** What was noted since the last time. */
async function takeTasks(page: Page): Promise<Tasks> {
  const tasks = await page.evaluate<number[]>("longTasks.splice(0)");
  return { count: tasks.length, longestMs: Math.round(Math.max(0, ...tasks)) };
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

if (values.help) {
  console.log("pnpm bench web [--rows 100000] [--rounds 7]");
} else {
  mkdirSync(FOLDER, { recursive: true });
  await run().finally(() => rmSync(FOLDER, { recursive: true, force: true }));
}
