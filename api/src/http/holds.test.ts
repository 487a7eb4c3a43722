import { nanoUsd } from "@infr/money";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Queryable, Sql } from "../db/types.ts";
import { holdForJob } from "../flow/hold/hold-for-job.ts";
import { expireJobHolds } from "../flow/hold/job-store.ts";
import { endLease } from "../ledger/commit/store.ts";
import { insertLimit, knownUsage } from "../ledger/limits-store.ts";
import { differences } from "../ledger/store.ts";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { grantCredit } from "../testing/lots.ts";
import { type Buyer, newBuyer } from "../testing/market.ts";

/** $0.001 a GPU second, in nano-dollars. */
const SECOND_NANO = 1_000_000n;
const H100 = { id: "h100", unit: "gpu-second", pricePerUnit: "0.001" };
let api: TestApi;
let operator: TestUser;
let nodeId: string;
let buyer: Buyer;

beforeAll(async () => {
  api = await startApi();
  operator = await newUser(api);
  const node = await call<{ id: string }>("POST", "/api/nodes", operator, {
    name: "gpu",
    url: api.node.url,
    models: [],
    resources: [H100, { id: "render", unit: "image", pricePerUnit: "0.01" }],
  });
  nodeId = node.body.id;
});
beforeEach(async () => {
  buyer = await newBuyer(api);
});
afterAll(async () => {
  expect(await differences(api.sql)).toEqual([]);
  await api.stop();
});

type Reply<T> = { status: number; body: T };

async function call<T>(
  method: "GET" | "POST" | "DELETE" | "PUT",
  url: string,
  as: TestUser,
  payload?: object,
): Promise<Reply<T>> {
  const answer = await api.app.inject({ method, url, headers: { cookie: as.cookie }, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json<T>() };
}

type Hold = { id: string; left: string; captured: string; state: string; events: number };
type Answer = {
  id: string;
  outcome: string;
  reason: string | null;
  requestId: string | null;
  cost: string | null;
  left: string | null;
};

async function hold(amount: string, extra: object = {}): Promise<Hold> {
  const { status, body } = await call<Hold>("POST", "/api/holds", buyer, {
    amount,
    expiresIn: 3_600,
    nodeId,
    ...extra,
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

const event = (id: string, holdId: string, quantity = 1, extra: object = {}) => ({
  id,
  hold: holdId,
  resource: "h100",
  quantity,
  ...extra,
});
const report = async (events: object[], as = operator) =>
  (await call<{ events: Answer[] }>("POST", "/api/meter-events", as, { nodeId, events })).body.events;
const stateOf = async ({ id }: Hold) => (await call<Hold>("GET", `/api/holds/${id}`, buyer)).body;
const grant = (nano: bigint) => grantCredit(api.sql, buyer.accountId, nano);
const userOf = async ({ accountId }: TestUser) => {
  const [row] = await api.sql<
    [{ user_id: string }]
  >`select user_id from account_members where account_id = ${accountId}`;
  return row.user_id;
};

class LostAnswerError extends Error {}

/** Commits, and then the connection is gone. */
function losingAnswers(sql: Sql): Sql {
  const begin = async (run: Parameters<Sql["begin"]>[1]) => {
    await sql.begin(run as never);
    throw new LostAnswerError();
  };
  return new Proxy(sql, { get: (target, name) => (name === "begin" ? begin : Reflect.get(target, name)) });
}

/** As a report notes what it bills. */
const note = (to: Queryable, eventId = "", holdId = "") => to`
  insert into meter_events (node_id, event_id, hold_id, resource, quantity, cost_nano, request_id)
  values (${nodeId}, ${eventId}, ${holdId}, 'h100', 1, 1, 'req_other')`;
const names = (n: number, prefix: string) => Array.from({ length: n }, (_, i) => `${prefix}-${i}`);

describe("POST /api/holds", () => {
  test("default: sets credit aside, meter events bill it, a release gives back the rest", async () => {
    const made = await hold("2", { description: "training run" });
    expect(made).toMatchObject({ left: "2", captured: "0", state: "open", description: "training run" });
    expect(await buyer.spent()).toBe(2_000_000_000n);
    const [first, second] = await report([event("a", made.id, 300), event("b", made.id, 1, { resource: "render" })]);
    expect(first).toMatchObject({ outcome: "captured", cost: "0.3", left: "1.7" });
    expect(second).toMatchObject({ outcome: "captured", cost: "0.01", left: "1.69" });
    const released = await call<Hold>("DELETE", `/api/holds/${made.id}`, buyer);
    expect(released.body).toMatchObject({ state: "released", left: "0", captured: "0.31", events: 2 });
    expect(await buyer.spent()).toBe(310_000_000n);
    const { body } = await call<{ usage: object[] }>("GET", "/api/usage", buyer);
    expect(body.usage).toHaveLength(2);
    expect(body.usage.find((row) => "id" in row && row.id === first?.requestId)).toMatchObject({
      units: 300,
      model: "h100",
      cost: "0.3",
      costBreakdown: { prompt: "0", units: "0.3" },
    });
  });

  test("error: more than the balance is 402, more than a limit is 403 and names it, and nothing is held", async () => {
    expect((await call("POST", "/api/holds", buyer, { amount: "11", expiresIn: 60, nodeId })).body).toMatchObject({
      code: "insufficient_quota",
    });
    await call("PUT", `/api/limits/account/${buyer.accountId}/day`, buyer, { amount: "1" });
    const refused = await call<{ detail: string }>("POST", "/api/holds", buyer, { amount: "2", expiresIn: 60, nodeId });
    expect(refused).toMatchObject({ status: 403, body: { code: "limit_reached" } });
    expect(await buyer.spent()).toBe(0n);
    const made = await hold("1");
    await report([event(`limit-${made.id}`, made.id, 400)]);
    await call("DELETE", `/api/holds/${made.id}`, buyer);
    const { body } = await call<{ limits: object[] }>("GET", "/api/limits", buyer);
    expect(body.limits[0]).toMatchObject({ used: "0.4", held: "0", left: "0.6" });
  });

  test("behavior: platform-funded credit is burnt first, event by event", async () => {
    await grant(150_000_000n);
    const made = await hold("1");
    await report([event(`f1-${made.id}`, made.id, 100), event(`f2-${made.id}`, made.id, 100)]);
    const rows = await api.sql<Array<{ funded_nano: bigint }>>`
      select funded_nano from usage where account_id = ${buyer.accountId} order by request_id`;
    expect(rows.reduce((sum, row) => sum + row.funded_nano, 0n)).toBe(150_000_000n);
    expect(rows.map((row) => row.funded_nano).toSorted((a, b) => Number(a - b))).toEqual([50_000_000n, 100_000_000n]);
  });

  test("error: platform-funded credit does not pay for one's own node", async () => {
    const own = { name: "own", url: api.node.url, models: [], resources: [H100] };
    const { body: node } = await call<{ id: string }>("POST", "/api/nodes", buyer, own);
    await grant(150_000_000n);
    const wanted = { amount: "10.1", expiresIn: 60, nodeId: node.id };
    expect((await call("POST", "/api/holds", buyer, wanted)).body).toMatchObject({ code: "insufficient_quota" });
    const made = await hold("1", { nodeId: node.id });
    const events = [event(`own-${made.id}`, made.id, 100)];
    const billed = { status: 200, body: { events: [{ outcome: "captured", cost: "0.1" }] } };
    // Prices of a new node are read within moments.
    const reported = async () => call("POST", "/api/meter-events", buyer, { nodeId: node.id, events });
    await expect.poll(reported, { timeout: 10_000 }).toMatchObject(billed);
    const rows = await api.sql`select cost_nano, funded_nano from usage where account_id = ${buyer.accountId}`;
    expect(rows).toEqual([{ cost_nano: 100_000_000n, funded_nano: 0n }]);
  });

  test("behavior: holds belong to no process: a lease that ends leaves them alone", async () => {
    const made = await hold("1");
    const [{ instance_id: instance }] = await api.sql<
      [{ instance_id: string }]
    >`select instance_id from instances limit 1`;
    await endLease(api.sql, instance);
    expect(await stateOf(made)).toMatchObject({ state: "open", left: "1" });
    await api.sql`insert into instances (instance_id, lease_until) values (${instance}, now() + interval '1 hour')`;
    expect(await report([event(`lease-${made.id}`, made.id)])).toMatchObject([{ outcome: "captured" }]);
  });

  test("error: a process that dies before a hold is a job's leaves nothing behind", async () => {
    const before = await buyer.spent();
    const lost = {
      ...(await api.batcher.hold({
        requestId: "hold_dying",
        accountId: buyer.accountId,
        worst: 5n as never,
        floor: 5n as never,
        subjects: [],
      })),
    };
    expect(lost.outcome).toBe("held");
    const [{ instance_id: instance }] = await api.sql<
      [{ instance_id: string }]
    >`select instance_id from instances limit 1`;
    await endLease(api.sql, instance);
    expect(await buyer.spent()).toBe(before);
    const [row] = await api.sql<[{ kept: string }]>`
      select keep_for_job(${buyer.accountId}, 'hold_dying', now() + interval '1 hour', 1000) as kept`;
    expect(row.kept).toBe("gone");
    await api.sql`insert into instances (instance_id, lease_until) values (${instance}, now() + interval '1 hour')`;
  });

  test("error: no more than a thousand are open at once, however many are asked for in parallel", async () => {
    await api.sql`
      with placed as (
        insert into holds (account_id, request_id, paid_nano, funded_nano, expires_at)
        select ${buyer.accountId}, 'hold_full_' || n, 1, 0, now() + interval '1 hour' from generate_series(1, 990) n
        returning paid_nano
      )
      update balances set held_nano = held_nano + (select sum(paid_nano) from placed) where account_id = ${buyer.accountId}`;
    const wanted = { amount: "0.01", expiresIn: 3_600, nodeId };
    const ask = () => call<{ code: string }>("POST", "/api/holds", buyer, wanted);
    const answers = await Promise.all(Array.from({ length: 40 }, ask));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused.map(({ body }) => body.code)).toEqual(Array(30).fill("too_many_holds"));
    expect(await buyer.spent()).toBe(990n + 10n * 10_000_000n);
    const { body } = await call<{ holds: Hold[] }>("GET", "/api/holds", buyer);
    await call("DELETE", `/api/holds/${body.holds[0]?.id}`, buyer);
    expect((await ask()).status).toBe(201);
  });
});

describe("POST /api/holds with an Idempotency-Key", () => {
  const keyed = async (key: string, extra: object = {}, { cookie }: TestUser = buyer) => {
    const answer = await api.app.inject({
      method: "POST",
      url: "/api/holds",
      headers: { cookie, "idempotency-key": key },
      payload: { amount: "6", expiresIn: 3_600, nodeId, ...extra },
    });
    return { status: answer.statusCode, body: answer.json<Hold>() };
  };

  test("default: sent again it is the same hold, as that is by then", async () => {
    const first = await keyed("again");
    expect(first).toMatchObject({ status: 201, body: { left: "6", state: "open" } });
    await report([event(`again-${first.body.id}`, first.body.id)]);
    expect(await keyed("again", { amount: "6.00" })).toMatchObject({
      status: 201,
      body: { id: first.body.id, captured: "0.001", left: "5.999" },
    });
    await call("DELETE", `/api/holds/${first.body.id}`, buyer);
    expect(await keyed("again")).toMatchObject({ status: 201, body: { id: first.body.id, state: "released" } });
    expect(await buyer.spent()).toBe(SECOND_NANO);
  });

  test("error: another body under the same key is refused, and holds nothing", async () => {
    await keyed("once");
    for (const other of [{ amount: "1" }, { expiresIn: 60 }, { description: "x" }, { resources: ["h100"] }]) {
      expect(await keyed("once", other)).toMatchObject({ status: 409, body: { code: "idempotency_key_reused" } });
    }
    expect(await buyer.spent()).toBe(6_000_000_000n);
  });

  test("behavior: a key is its account's, and what was refused may be sent again", async () => {
    const stranger = await newBuyer(api);
    const [mine, theirs] = [await keyed("shared"), await keyed("shared", {}, stranger)];
    expect(mine.body.id).not.toBe(theirs.body.id);
    expect((await keyed("poor")).status).toBe(402);
    await call("DELETE", `/api/holds/${mine.body.id}`, buyer);
    expect((await keyed("poor")).status).toBe(201);
    expect((await keyed("k".repeat(256))).status).toBe(400);
  });

  test("behavior: 40 at once, with money for one, are answered with one hold, also when it ends meanwhile", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => keyed("parallel")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const [id, ...others] = new Set(answers.map(({ body }) => body.id));
    expect(others).toEqual([]);
    expect(await buyer.spent()).toBe(6_000_000_000n);
    await call("DELETE", `/api/holds/${id}`, buyer);
    const ending = Array.from({ length: 40 }, async (_, i) => {
      const { body } = await keyed(`ending-${i % 4}`, { amount: "1" });
      expect((await call("DELETE", `/api/holds/${body.id}`, buyer)).status).toBe(200);
      return body.id;
    });
    expect(new Set(await Promise.all(ending)).size).toBe(4);
    expect(await buyer.spent()).toBe(0n);
    expect(await api.sql`select from holds where account_id = ${buyer.accountId}`).toHaveLength(0);
  });

  test("behavior: a commit whose answer is lost is found by sending it again", async () => {
    const payer = { accountId: buyer.accountId, userId: await userOf(buyer), keyId: null, models: null, subjects: {} };
    const asked = { amount: nanoUsd(SECOND_NANO), expiresInSeconds: 3_600, nodeId, description: "" };
    const wanted = { ...asked, idempotencyKey: "lost" };
    await expect(holdForJob({ sql: losingAnswers(api.sql), batcher: api.batcher }, payer, wanted)).rejects.toThrow(
      LostAnswerError,
    );
    expect(await holdForJob({ sql: api.sql, batcher: api.batcher }, payer, wanted)).toMatchObject({ state: "open" });
    expect(await buyer.spent()).toBe(SECOND_NANO);
  });

  test("behavior: keys are forgotten when no hold can be open any more", async () => {
    await keyed("old", { amount: "1" });
    await api.sql`update hold_keys set created_at = now() - interval '31 days' where account_id = ${buyer.accountId}`;
    await expireJobHolds(api.sql);
    expect(await api.sql`select from hold_keys where account_id = ${buyer.accountId}`).toHaveLength(0);
  });
});

describe("holdForJob", () => {
  test("error: a commit whose answer is lost leaves a hold that is a job's, and only a job's end ends it", async () => {
    const payer = { accountId: buyer.accountId, userId: await userOf(buyer), keyId: null, models: null, subjects: {} };
    const wanted = { amount: nanoUsd(SECOND_NANO), expiresInSeconds: 3_600, nodeId, description: "" };
    const context = { sql: losingAnswers(api.sql), batcher: api.batcher };
    await expect(holdForJob(context, payer, wanted)).rejects.toThrow(LostAnswerError);
    const { body } = await call<{ holds: Hold[] }>("GET", "/api/holds", buyer);
    const [kept] = body.holds;
    if (!kept) throw new Error("nothing is held");
    expect(kept).toMatchObject({ state: "open", left: "0.001" });
    expect(await buyer.spent()).toBe(SECOND_NANO);
    expect(await report([event(`lost-${kept.id}`, kept.id)])).toMatchObject([{ outcome: "captured" }]);
    expect((await call("DELETE", `/api/holds/${kept.id}`, buyer)).body).toMatchObject({ state: "released" });
  });
});

describe("POST /api/meter-events", () => {
  test("behavior: 100 parallel reports never bill more than the hold, and bill it to the end", async () => {
    const made = await hold("0.05");
    const answers = await Promise.all(names(100, made.id).map((id) => report([event(id, made.id)])));
    const outcomes = Map.groupBy(answers.flat(), ({ outcome, reason }) => `${outcome} ${reason}`);
    expect(outcomes.get("captured null")).toHaveLength(50);
    expect(outcomes.get("refused above_hold")).toHaveLength(50);
    expect(await stateOf(made)).toMatchObject({ captured: "0.05", left: "0", events: 50 });
    expect(await buyer.spent()).toBe(50n * SECOND_NANO);
  });

  test("behavior: a replay is billed once and answered as it was, also at the same time; other content is a conflict", async () => {
    const made = await hold("1");
    const other = await hold("1");
    const events = names(20, `r-${made.id}`).map((id) => event(id, made.id, 3));
    const rounds = await Promise.all(Array.from({ length: 8 }, () => report(events)));
    const ids = new Set(rounds.flat().map(({ requestId }) => requestId));
    expect(ids.size).toBe(20);
    expect(rounds.flat().filter(({ outcome }) => outcome === "captured")).toHaveLength(20);
    expect(rounds.flat().every(({ cost }) => cost === "0.003")).toBe(true);
    expect(await stateOf(made)).toMatchObject({ captured: "0.06", events: 20 });
    const [changed] = await report([{ ...events[0], quantity: 4 }]);
    expect(changed).toMatchObject({ outcome: "refused", reason: "conflict", requestId: null });
    const [moved] = await report([{ ...events[0], hold: other.id }]);
    expect(moved).toMatchObject({ outcome: "refused", reason: "conflict" });
    const twins = await Promise.all([made, other].map(({ id }) => report([event(`twin-${made.id}`, id)])));
    expect(
      twins
        .flat()
        .map(({ outcome }) => outcome)
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(["captured", "refused"]);
  });

  test("behavior: in one report, what does not fit is refused and what fits after it is billed", async () => {
    const made = await hold("0.01");
    const quantities = [4, 7, 5, 2, 1];
    const answers = await report(quantities.map((n, i) => event(`fit-${i}-${made.id}`, made.id, n)));
    expect(answers.map(({ outcome }) => outcome)).toEqual(["captured", "refused", "captured", "refused", "captured"]);
    expect(answers.at(-1)).toMatchObject({ left: "0" });
  });

  test("behavior: a thousand events in one report", async () => {
    const made = await hold("5");
    const answers = await report(names(1_000, `k-${made.id}`).map((id) => event(id, made.id)));
    expect(answers.every(({ outcome }) => outcome === "captured")).toBe(true);
    expect(await stateOf(made)).toMatchObject({ captured: "1", events: 1_000 });
  });

  test("error: an expired hold bills nothing more, before and after the job that ends it, and never both", async () => {
    const made = await hold("1");
    const running = names(60, `x-${made.id}`).map((id) => report([event(id, made.id)]));
    await api.sql`update holds set expires_at = now() where request_id = ${made.id}`;
    const expired = vi.waitFor(async () => expect(await expireJobHolds(api.sql)).toBeGreaterThan(0), { interval: 1 });
    const answers = (await Promise.all(running)).flat();
    await expired;
    const billed = answers.filter(({ outcome }) => outcome === "captured").length;
    expect(await report([event(`late-${made.id}`, made.id)])).toMatchObject([
      { outcome: "refused", reason: "hold_ended" },
    ]);
    expect(await stateOf(made)).toMatchObject({ state: "expired", events: billed, left: "0" });
    expect(await buyer.spent()).toBe(BigInt(billed) * SECOND_NANO);
  });

  test("behavior: a disabled node bills jobs that were under way, also many at once, and none that came later", async () => {
    const leaver = await newUser(api);
    const sell = async (name: string) => {
      const wanted = { name, url: `${api.node.url}/${name}`, models: [], resources: [H100] };
      return (await call<{ id: string }>("POST", "/api/nodes", leaver, wanted)).body;
    };
    const [node, other] = [await sell("leaving"), await sell("staying")];
    const running = await hold("0.05", { nodeId: undefined, operatorId: leaver.accountId });
    await api.app.inject({ method: "DELETE", url: `/api/nodes/${node.id}`, headers: { cookie: leaver.cookie } });
    const later = await hold("1", { nodeId: undefined, operatorId: leaver.accountId });
    const send = async (at: string, id: string, made: Hold) => {
      const payload = { nodeId: at, events: [event(id, made.id)] };
      return (await call<{ events: Answer[] }>("POST", "/api/meter-events", leaver, payload)).body.events[0];
    };
    const answers = await Promise.all(names(60, "leaving").map((id) => send(node.id, id, running)));
    expect(answers.filter((answer) => answer?.outcome === "captured")).toHaveLength(50);
    expect(answers.filter((answer) => answer?.reason === "above_hold")).toHaveLength(10);
    expect(await send(node.id, "later", later)).toMatchObject({ outcome: "refused", reason: "node_disabled" });
    expect(await send(other.id, "later", later)).toMatchObject({ outcome: "captured", cost: "0.001" });
    expect((await call("POST", "/api/holds", buyer, { amount: "1", expiresIn: 60, nodeId: node.id })).status).toBe(404);
  });

  test("error: another operator, another node, another resource, another time", async () => {
    const stranger = await newUser(api);
    const made = await hold("1", { resources: ["render"] });
    const foreign = await call("POST", "/api/meter-events", stranger, { nodeId, events: [event("s", made.id)] });
    expect(foreign.status).toBe(404);
    expect((await call("GET", `/api/holds/${made.id}`, stranger)).status).toBe(404);
    expect((await call("DELETE", `/api/holds/${made.id}`, operator)).status).toBe(404);
    expect((await call("GET", `/api/holds/${made.id}`, operator)).status).toBe(200);
    const old = new Date(Date.now() - 3_600_000).toISOString();
    const early = new Date(Date.now() + 3_600_000).toISOString();
    const answers = await report([
      event("w1", made.id),
      event("w2", made.id, 1, { resource: "render", startedAt: old }),
      event("w3", made.id, 1, { resource: "render", startedAt: early }),
      event("w4", "hold_00000000000000000000000000"),
    ]);
    expect(answers.map(({ reason }) => reason)).toEqual(["wrong_resource", "too_early", "in_future", "unknown_hold"]);
    const twice = await call("POST", "/api/meter-events", operator, {
      nodeId,
      events: [event("t", made.id), event("t", made.id)],
    });
    expect(twice.status).toBe(400);
    expect(
      (
        await call("POST", "/api/meter-events", operator, {
          nodeId,
          events: [event("u", made.id, 1, { resource: "none" })],
        })
      ).status,
    ).toBe(404);
  });

  test("error: a report that loses a deadlock to another one is billed all the same", async () => {
    const made = await hold("1");
    const [first, second] = names(2, `deadlock-${made.id}`);
    const other = await api.sql.reserve();
    // The report is the one to notice that nobody can go on, after the usual second.
    await other`begin`;
    await other`set local deadlock_timeout = '20s'`;
    await note(other, second, made.id);
    const answers = report([event(`${first}`, made.id), event(`${second}`, made.id)]);
    // Of this database: other tests wait for locks on the same server.
    const waiting = () =>
      api.sql`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`;
    await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), { interval: 5, timeout: 10_000 });
    await note(other, first, made.id);
    await other`rollback`;
    other.release();
    expect(await answers).toMatchObject([{ outcome: "captured" }, { outcome: "captured" }]);
  });

  test("behavior: a limit counts what jobs bill while it is made, without reading the log from their beginning", async () => {
    const made = await hold("1");
    await api.sql`update holds set created_at = now() - interval '30 days' where request_id = ${made.id}`;
    await api.sql`update job_holds set created_at = now() - interval '30 days' where hold_id = ${made.id}`;
    const { accountId } = buyer;
    const limit = { accountId, scope: "account", subjectId: accountId, period: "total" } as const;
    const startedAt = new Date(Date.now() - 20 * 86_400_000).toISOString();
    await report([event(`before-${made.id}`, made.id, 3, { startedAt })]);
    const known = await knownUsage(api.sql, limit);
    expect(known.used).toBe(3n * SECOND_NANO);
    expect(Date.now() - Date.parse(known.started)).toBeLessThan(2 * 3_600_000);
    const since = await report([
      event(`since-${made.id}`, made.id, 4, { startedAt }),
      event(`new-${made.id}`, made.id, 5),
    ]);
    expect(since.map(({ outcome }) => outcome)).toEqual(["captured", "captured"]);
    await api.sql.begin((tx) => insertLimit(tx, { ...limit, amount: 10n ** 12n }, known));
    const { body } = await call<{ limits: object[] }>("GET", "/api/limits", buyer);
    expect(body.limits[0]).toMatchObject({ used: "0.012", held: "0.988" });
  });

  test("error: a statement that fails bills none of its events", async () => {
    const made = await hold("1");
    await api.sql`alter table meter_events add constraint broken check (event_id <> 'broken')`;
    const failed = await call("POST", "/api/meter-events", operator, {
      nodeId,
      events: [event(`good-${made.id}`, made.id), event("broken", made.id)],
    });
    await api.sql`alter table meter_events drop constraint broken`;
    expect(failed.status).toBe(500);
    expect(await stateOf(made)).toMatchObject({ captured: "0", events: 0 });
    expect(await report([event(`good-${made.id}`, made.id)])).toMatchObject([{ outcome: "captured" }]);
  });
});
