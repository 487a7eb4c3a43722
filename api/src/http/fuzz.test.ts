import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bookBalance, differences } from "../ledger/store.ts";
import { credit, newUser, registerNode, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { faultOf } from "../testing/fuzz/check-answer.ts";
import { type Document, type Request, requests } from "../testing/fuzz/requests.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_121);
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 2_000);
const AT_ONCE = 20;
const FRESH_IDS_EVERY = 25;
const MS_EACH = 200;

const document = JSON.parse(readFileSync(new URL("../../openapi.json", import.meta.url), "utf8")) as Document;
let api: TestApi;
let user: TestUser;
let other: TestUser;
let manager: string;
/** Ids that exist, by the name of the parameter. */
let ids: Record<string, string> = {};
let nodeId = "";
const statuses = new Map<number, number>();

beforeAll(async () => {
  api = await startApi();
  await sellNode(api, { url: api.node.url, models: ["demo/small", "demo/large"] });
  [user, other] = [await newUser(api), await newUser(api)];
  await credit(api.sql, user.accountId, 1_000_000_000_000n);
  manager = (await newKey({ kind: "management" })).key;
  await user.openai.chat.completions.create({ model: "demo/small", messages: [{ role: "user", content: "Hi" }] });
});
afterAll(() => api.stop());

async function newKey(settings: object): Promise<{ id: string; key: string }> {
  const headers = { cookie: user.cookie };
  const payload = { name: "fuzz", ...settings };
  return (await api.app.inject({ method: "POST", url: "/api/keys", headers, payload })).json();
}

/** A key to be changed, rotated and revoked, and all else that a path can name. */
async function newIds(): Promise<void> {
  const { id: old = "" } = ids;
  await api.app.inject({ method: "DELETE", url: `/api/keys/${old}`, headers: { cookie: user.cookie } });
  await api.sql`delete from limits where subject_id = ${old}`;
  const { id } = await newKey({ limits: { day: "1" } });
  const [row] = await api.sql`select request_id, price_version from usage limit 1`;
  const node = await registerNode(api, user, { url: api.node.url, models: ["demo/large"] });
  nodeId = node.id;
  ids = {
    id,
    "*": "demo/small",
    subjectId: id,
    scope: "key",
    period: "day",
    requestId: String(row?.["request_id"]),
    version: String(row?.["price_version"]),
    seq: "1",
  };
}

function credentials({ sender, route }: Request): Record<string, string> {
  // Signed out for good, all that follows would be refused.
  if (route === "POST /api/auth/logout") return { cookie: "infr_session=nobody" };
  return {
    nobody: {},
    session: { cookie: user.cookie },
    other: { cookie: other.cookie },
    manager: { authorization: `Bearer ${manager}` },
    key: { authorization: `Bearer ${user.key}` },
    garbage: { authorization: "Bearer sk-infr-\u00e9", cookie: "infr_session=x" },
  }[sender];
}

async function send(request: Request) {
  const { method, url, headers, body } = request;
  const known = url.startsWith("/api/nodes/") ? { ...ids, id: nodeId } : ids;
  const answer = await api.app.inject({
    method: method as "GET",
    url: url.replaceAll(/\{([\w*]+)\}/g, (_, name: string) => known[name] ?? "missing"),
    headers: { ...(body ? { "content-type": "application/json" } : {}), ...credentials(request), ...headers },
    ...(body ? { payload: body } : {}),
  });
  statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
  return { status: answer.statusCode, headers: answer.headers, body: answer.body };
}

/** What the fuzz must not change, whatever it is answered. */
async function untouchable() {
  const [entries] = await api.sql`select count(*)::int as n from entries where cause not like 'capture:%'`;
  const [payers] = await api.sql`select count(*)::int as n from usage where account_id <> ${user.accountId}`;
  const books = ["escrow", "credit", "earnings", "debt", "funded", "written_off"] as const;
  const totals = await Promise.all(books.map((book) => bookBalance(api.sql, { book })));
  return { entries, payers, totals };
}

async function metered() {
  const [row] = await api.sql<
    Array<{ cost: bigint; booked: bigint }>
  >`select coalesce(sum(cost_nano), 0)::bigint as cost,
      (select coalesce(sum(amount_nano), 0)::bigint from entries where cause like 'capture:%') as booked from usage`;
  return row;
}

// Not shrunk: requests run into a world that those before them have changed. Each kind of fault is told once.
test(
  `property: ${RUNS} requests made from the document: no 5xx, answers as documented, exact books (seed ${SEED})`,
  async () => {
    const before = await untouchable();
    const startedAt = performance.now();
    const faults = new Map<string, string>();
    await newIds();
    const waiting = fc.sample(requests(document), { seed: SEED, numRuns: RUNS }).entries();
    const sender = async () => {
      // All senders share one iterator: each takes the next request.
      for (const [n, request] of waiting) {
        if (n % FRESH_IDS_EVERY === 0) await newIds();
        const answer = await send(request);
        const fault = faultOf(request, answer);
        if (fault !== null) faults.set(`${fault}: ${request.route} ${answer.status}`, told(request, answer));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    const seconds = (performance.now() - startedAt) / 1_000;
    console.log(
      `${RUNS} requests in ${seconds.toFixed(1)} s, by status: ${JSON.stringify(Object.fromEntries(statuses))}`,
    );
    expect(Object.fromEntries(faults)).toEqual({});
    expect(await differences(api.sql)).toEqual([]);
    expect(await untouchable()).toEqual(before);
    const { cost, booked } = (await metered()) ?? {};
    expect(cost).toBe(booked);
    expect(await api.sql`select from holds`).toHaveLength(0);
    expect((await fetch(`${api.origin}/health`)).status).toBe(200);
  },
  60_000 + RUNS * MS_EACH,
);

const told = ({ method, url, sender, headers, body }: Request, answer: { body: string }): string =>
  `${method} ${url} of ${sender} with ${JSON.stringify(headers)} and ${body?.toString("utf8").slice(0, 2_000)} was answered ${answer.body.slice(0, 1_000)}`;
