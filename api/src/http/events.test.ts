import { EventEmitter, once } from "node:events";
import { get } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../db/open.ts";
import { ChangeListener } from "../live/change-listener.ts";
import { ChangeTeller } from "../live/change-teller.ts";
import { tellChange } from "../live/store.ts";
import { credit, newUser, sellNode, startApi, type TestApi, type TestUser } from "../testing/api.ts";

let api: TestApi;
let buyer: TestUser;
let other: TestUser;

beforeAll(async () => {
  api = await startApi();
  await sellNode(api, { url: api.node.url, models: ["demo/small"] });
  [buyer, other] = [await newUser(api), await newUser(api)];
  await credit(api.sql, buyer.accountId, 1_000_000_000n);
});
afterAll(() => api?.stop());

/** As an EventSource does it: the topics as they come. */
async function openStream(headers: Record<string, string>) {
  const topics: string[] = [];
  const heard = new EventEmitter();
  const request = get(`${api.origin}/api/events`, { headers: { accept: "text/event-stream", ...headers } });
  const [answer] = await once(request, "response");
  answer.setEncoding("utf8").on("data", (text: string) => {
    topics.push(...[...text.matchAll(/^data: (.+)$/gm)].map(([, topic = ""]) => topic));
    heard.emit("more");
  });
  answer.on("error", () => {});
  return {
    status: answer.statusCode as number,
    topics,
    until: (topic: string) => expect.poll(() => topics, { timeout: 10_000 }).toContain(topic),
    close: () => request.destroy(),
  };
}

const ask = () =>
  buyer.openai.chat.completions.create({ model: "demo/small", messages: [{ role: "user", content: "Hi" }] });

describe("GET /api/events", () => {
  test("default: whose request was billed is told, and nobody else", async () => {
    const [mine, theirs] = [await openStream({ cookie: buyer.cookie }), await openStream({ cookie: other.cookie })];
    await ask();
    await mine.until("usage");
    await tellChange(api.sql, { topic: "moves", accountIds: [other.accountId] });
    await theirs.until("moves");
    expect(theirs.topics.filter((topic) => topic !== "*")).toEqual(["moves"]);
    expect(mine.topics).not.toContain("moves");
    mine.close();
    theirs.close();
  });

  test("behavior: what is written in tables tells of itself, when its transaction commits", async () => {
    const stream = await openStream({ cookie: buyer.cookie });
    await api.sql`update accounts set frozen_reason = null where account_id = ${buyer.accountId}`;
    await stream.until("account");
    stream.close();
  });

  test("behavior: a plan, and the owner in the contract, tell of themselves", async () => {
    const stream = await openStream({ cookie: buyer.cookie });
    await stream.until("*");
    await api.sql`
      insert into subscriptions (subscription_id, account_id, plan_id, status, ends_at_period_end)
      values ('sub_told', ${buyer.accountId}, 'plan', 'incomplete', false)`;
    await stream.until("lots");
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
      values ('owner:1', 'owner_changed', 1, '', 0, '', now(), 'seen')`;
    await api.sql`
      insert into account_changes (event_id, account_id, what, value)
      values ('owner:1', ${buyer.accountId}, 'owner', ${`0x${"a".repeat(40)}`})`;
    await stream.until("account");
    stream.topics.length = 0;
    await api.sql`update subscriptions set status = 'ended' where subscription_id = 'sub_told'`;
    await stream.until("lots");
    stream.close();
  });

  test("behavior: an account that can be paid to is told when its opening is safe, not when it is seen", async () => {
    await api.sql`
      insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, finality)
      values ('opened:77', 'account_opened', 1, '', 0, '', now(), 'seen')`;
    await api.sql`update accounts set chain_account = 77, opened_event_id = 'opened:77' where account_id = ${other.accountId}`;
    const stream = await openStream({ cookie: other.cookie });
    await stream.until("*");
    await api.sql`update chain_events set finality = 'safe' where event_id = 'opened:77'`;
    await stream.until("account");
    stream.close();
  });

  test("behavior: visitors are told what everybody may know", async () => {
    const stream = await openStream({});
    await tellChange(api.sql, { topic: "usage", accountIds: ["*"] });
    await tellChange(api.sql, { topic: "reserves", accountIds: ["*"] });
    await stream.until("reserves");
    expect(stream.topics).not.toContain("usage");
    stream.close();
  });

  test("behavior: visitors are told of another price, and are given it at once", async () => {
    const stream = await openStream({});
    await stream.until("*");
    const promptPrice = async () => {
      const answer = await fetch(`${api.origin}/v1/models`);
      const { data } = (await answer.json()) as { data: Array<{ pricing: { prompt: string } }> };
      return data[0]?.pricing.prompt;
    };
    const before = await promptPrice();
    await api.sql`update nodes set canary_ms = 7`;
    await api.sql`update node_models set prompt_nano = prompt_nano * 2`;
    await stream.until("models");
    expect(Number(await promptPrice())).toBeCloseTo(Number(before) * 2, 9);
    expect(stream.topics.filter((topic) => topic === "models")).toHaveLength(1);
    await api.sql`update node_models set prompt_nano = prompt_nano / 2`;
    stream.close();
  });

  test("behavior: whoever comes, or comes back, may have missed something", async () => {
    const stream = await openStream({ cookie: buyer.cookie });
    await stream.until("*");
    stream.close();
  });

  test("behavior: a change for more accounts than fit is told to everybody, one for many to each", async () => {
    const stream = await openStream({ cookie: buyer.cookie });
    const strangers = (count: number) => Array.from({ length: count }, (_, n) => `acct_${String(n).padStart(26, "0")}`);
    await tellChange(api.sql, { topic: "lots", accountIds: [...strangers(500), buyer.accountId] });
    await stream.until("lots");
    await tellChange(api.sql, { topic: "batches", accountIds: strangers(2_001) });
    await stream.until("batches");
    stream.close();
  });

  test("behavior: fifty pages of an account are told, and one more is refused until one is closed", async () => {
    const streams = await Promise.all(Array.from({ length: 51 }, () => openStream({ cookie: other.cookie })));
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(50);
    expect(streams.filter(({ status }) => status === 429)).toHaveLength(1);
    for (const { close } of streams) close();
    await expect
      .poll(async () => {
        const stream = await openStream({ cookie: other.cookie });
        stream.close();
        return stream.status;
      })
      .toBe(200);
  });

  test("error: a session that is over, and a client that does not read events", async () => {
    expect((await openStream({ cookie: "infr_session=over" })).status).toBe(401);
    const plain = await api.app.inject({ url: "/api/events", headers: { cookie: buyer.cookie } });
    expect(plain.statusCode).toBe(406);
  });
});

describe("ChangeListener", () => {
  test("behavior: after its connection was cut it hears again, and tells that there was a gap", async () => {
    const listener = new ChangeListener({
      open: () => openDatabase({ url: api.databaseUrl, connections: 1 }),
      onError: () => {},
      watchMs: 50,
    });
    await listener.start();
    const heard: string[] = [];
    listener.listen("acct_x", (topic) => heard.push(topic));
    const cut = () =>
      api.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where query ilike 'listen%' and datname = current_database()`;
    await cut();
    await expect.poll(() => heard).toContain("*");
    heard.length = 0;
    const tell = async () => {
      await tellChange(api.sql, { topic: "moves", accountIds: ["acct_x"] });
      return heard;
    };
    await expect.poll(tell, { timeout: 10_000 }).toContain("moves");
    await listener.stop();
  });
});

describe("ChangeTeller", () => {
  test("behavior: however many captures there were, they are told once", async () => {
    const stream = await openStream({ cookie: buyer.cookie });
    const teller = new ChangeTeller({ sql: api.sql, onError: () => {} });
    const operations = Array.from({ length: 1_000 }, (_, n) => ({
      kind: "release" as const,
      requestId: `req_${n}`,
      accountId: buyer.accountId,
    }));
    teller.committed(operations);
    teller.committed(operations);
    await tellChange(api.sql, { topic: "lots", accountIds: [buyer.accountId] });
    await teller.stop();
    await tellChange(api.sql, { topic: "moves", accountIds: [buyer.accountId] });
    await stream.until("moves");
    expect(stream.topics.filter((topic) => topic !== "*")).toEqual(["lots", "usage", "moves"]);
    stream.close();
  });
});
