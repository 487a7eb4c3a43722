import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startMailServer } from "../../../scripts/mail-server.ts";
import type { Sql } from "../db/types.ts";
import { newId } from "../ids.ts";
import { openOutboundAgent } from "../outbound/post.ts";
import { testDatabase } from "../testing/database.ts";
import { deliverWebhooks } from "./deliver-webhooks.ts";
import { openMailer } from "./mailer.ts";
import { queueEvent } from "./queue-event.ts";
import { sendMails } from "./send-mails.ts";
import { deliveriesOf, endpointsOf } from "./webhook-store.ts";
import { changeEndpoint, createEndpoint, deliverAgain, endEndpoint, rotateSecret, testEndpoint } from "./webhooks.ts";

type Received = { path: string; headers: Record<string, string>; body: string };
const agent = openOutboundAgent({ allowPrivate: true });
const accountId = "acct_platform";
const data = { balance: "1", threshold: "5" };
let sql: Sql;
let drop: () => Promise<void>;
let server: Server;
let origin = "";
let received: Received[] = [];
/** By path. */
const statuses = new Map<string, number>();

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      received.push({
        path,
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString(),
      });
      const status = statuses.get(path) ?? 200;
      if (status === 0) return request.socket.destroy();
      response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end("thanks");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  received = [];
  statuses.clear();
});
afterEach(async () => {
  await sql`delete from webhook_events`;
  await sql`delete from webhook_endpoints`;
});
afterAll(async () => {
  await agent.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await drop();
});

const create = (path = "/", types: Parameters<typeof createEndpoint>[1]["types"] = null) =>
  createEndpoint(sql, { accountId, url: `${origin}${path}`, types, allowPrivate: true });
const tell = (cause: string = newId("event")) =>
  sql.begin((tx) => queueEvent(tx, { cause, accountId, type: "balance.low", data }));
const deliver = () => deliverWebhooks({ sql, agent });
const dueNow = () => sql`update webhook_deliveries set next_attempt_at = now() where state = 'pending'`;
async function log(endpointId: string) {
  const [first] = await deliveriesOf(sql, { endpointId, limit: 10 });
  return first;
}

describe("webhooks", () => {
  test("default: an event is posted, and its signature is verified by the official library", async () => {
    const { endpoint, secret } = await create("/in?token=1");
    const eventId = await tell();
    await deliver();
    const [post] = received;
    const payload = new Webhook(secret).verify(post?.body ?? "", post?.headers ?? {});
    expect(payload).toMatchObject({ type: "balance.low", data });
    expect(post?.headers["webhook-id"]).toBe(eventId);
    expect(post?.path).toBe("/in?token=1");
    expect(await log(endpoint.endpoint_id)).toMatchObject({
      state: "delivered",
      attempts: [{ status: 200, error: null }],
    });
  });

  test("behavior: a changed body, another secret and an old timestamp do not verify", async () => {
    const { secret } = await create();
    await tell();
    await deliver();
    const [{ body, headers }] = received as [Received];
    const signed = headers;
    const noMatch = "No matching signature found";
    expect(() => new Webhook(secret).verify(`${body} `, signed)).toThrow(noMatch);
    expect(() => new Webhook(`whsec_${Buffer.alloc(32).toString("base64")}`).verify(body, signed)).toThrow(noMatch);
    const old = { ...signed, "webhook-timestamp": String(Number(signed["webhook-timestamp"]) - 600) };
    expect(() => new Webhook(secret).verify(body, old)).toThrow("too old");
  });

  test("behavior: the same cause is told once, and each endpoint is told of its types alone", async () => {
    await create("/all");
    await create("/tests", ["webhook.test"]);
    await Promise.all([tell("once"), tell("once"), tell("once")]);
    await deliver();
    expect(received.map(({ path }) => path)).toEqual(["/all"]);
  });

  test("behavior: three workers deliver a hundred events once each", async () => {
    await create();
    for (let i = 0; i < 100; i++) await tell();
    await Promise.all([deliver(), deliver(), deliver()]);
    expect(received).toHaveLength(100);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(100);
  });

  test("behavior: what fails is tried eight times, later each time, under one id, then it has failed", async () => {
    const { endpoint } = await create("/down");
    statuses.set("/down", 500);
    await tell();
    const waits = [];
    for (let i = 0; i < 8; i++) {
      await deliver();
      await deliver();
      const [row] =
        await sql`select round(extract(epoch from next_attempt_at - now()) / 5) * 5 as wait from webhook_deliveries`;
      waits.push(Number(row?.["wait"]));
      await dueNow();
    }
    expect(waits.slice(0, 7)).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
    expect(received).toHaveLength(8);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(await log(endpoint.endpoint_id)).toMatchObject({ state: "failed" });
    expect((await log(endpoint.endpoint_id))?.attempts).toHaveLength(8);
  });

  test("behavior: redirects are not followed, and a broken connection is a failure with few words", async () => {
    const { endpoint } = await create("/moved");
    statuses.set("/moved", 302);
    await tell();
    await deliver();
    statuses.set("/moved", 0);
    await dueNow();
    await deliver();
    expect(received.map(({ path }) => path)).not.toContain("/elsewhere");
    expect((await log(endpoint.endpoint_id))?.attempts).toMatchObject([
      { status: 302, error: null },
      { status: null, error: "the connection failed" },
    ]);
  });

  test("behavior: what a worker that died had taken is delivered by another", async () => {
    await create();
    await tell();
    await sql`update webhook_deliveries set attempts = 1, next_attempt_at = now() + interval '60 seconds'`;
    await deliver();
    expect(received).toHaveLength(0);
    await dueNow();
    await deliver();
    expect(received).toHaveLength(1);
  });

  test("behavior: after rotation both secrets sign until the grace is over", async () => {
    const { endpoint, secret } = await create();
    const which = { accountId, endpointId: endpoint.endpoint_id };
    const next = await rotateSecret(sql, { ...which, graceSeconds: 60 });
    await tell();
    await deliver();
    const verify = (one: string, n: number) =>
      new Webhook(one).verify(received[n]?.body ?? "", received[n]?.headers ?? {});
    expect(() => verify(secret, 0)).not.toThrow();
    expect(() => verify(next, 0)).not.toThrow();
    const last = await rotateSecret(sql, { ...which, graceSeconds: 0 });
    await tell();
    await deliver();
    expect(() => verify(last, 1)).not.toThrow();
    for (const old of [secret, next]) expect(() => verify(old, 1)).toThrow("No matching signature found");
  });

  test("behavior: nothing delivered for five days disables it, with one mail; enabling gives it time again", async () => {
    const mails = await startMailServer();
    const mailer = openMailer({ smtpUrl: `smtp://127.0.0.1:${mails.port}`, from: "a@example.com" });
    const [userId, address] = [newId("user"), "owner@example.com"];
    await sql`insert into users (user_id) values (${userId})`;
    await sql`insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'owner')`;
    await sql`insert into emails (email_id, user_id, address) values (${newId("email")}, ${userId}, ${address})`;
    const { endpoint } = await create("/dead");
    statuses.set("/dead", 503);
    for (let i = 0; i < 3; i++) await tell();
    await deliver();
    await sql`update webhook_endpoints set failing_since = now() - interval '5 days'`;
    await dueNow();
    await Promise.all([deliver(), deliver()]);
    await sendMails({ sql, mailer, publicUrl: new URL("https://infr.example"), logger: { warn: () => {} } });
    expect(mails.mails.map(({ subject }) => subject)).toEqual(["A webhook endpoint was disabled"]);
    expect(mails.mails[0]?.headers["list-unsubscribe-post"]).toBe("List-Unsubscribe=One-Click");
    expect(await endpointsOf(sql, accountId)).toMatchObject([{ disabled_reason: "failing" }]);
    expect(await tell()).toBeNull();
    statuses.clear();
    await changeEndpoint(sql, { accountId, endpointId: endpoint.endpoint_id, disabled: false });
    await tell();
    await deliver();
    expect(await endpointsOf(sql, accountId)).toMatchObject([{ disabled_at: null, failing_since: null }]);
    mailer.close();
    await mails.close();
  });

  test("behavior: 410 Gone disables it at once; what was dropped can be sent again after enabling", async () => {
    const { endpoint } = await create("/gone");
    const which = { accountId, endpointId: endpoint.endpoint_id };
    statuses.set("/gone", 410);
    await tell();
    await deliver();
    expect(await log(endpoint.endpoint_id)).toMatchObject({ state: "dropped" });
    const deliveryId = (await log(endpoint.endpoint_id))?.delivery_id ?? "";
    await expect(deliverAgain(sql, { ...which, deliveryId })).rejects.toMatchObject({ code: "endpoint_state" });
    statuses.clear();
    await changeEndpoint(sql, { ...which, disabled: false });
    await deliverAgain(sql, { ...which, deliveryId });
    await deliver();
    expect(await log(endpoint.endpoint_id)).toMatchObject({
      state: "delivered",
      attempts: [{ status: 410 }, { status: 200 }],
    });
  });

  test("behavior: a deleted endpoint gets nothing more, and its secret is gone", async () => {
    const { endpoint, secret } = await create();
    await tell();
    await endEndpoint(sql, { accountId, endpointId: endpoint.endpoint_id });
    await tell();
    await deliver();
    expect(received).toHaveLength(0);
    const [row] = await sql`select to_jsonb(e)::text as text from webhook_endpoints e`;
    expect(row?.["text"]).not.toContain(secret);
  });

  test("behavior: a test reaches an endpoint that wants other types", async () => {
    const { endpoint } = await create("/", ["balance.low"]);
    await testEndpoint(sql, { accountId, endpointId: endpoint.endpoint_id });
    await deliver();
    expect(received.map(({ body }) => JSON.parse(body).type)).toEqual(["webhook.test"]);
  });

  test("error: at most ten endpoints, also when twenty are created at once", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => create()));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
  });

  test.each([
    "http://example.com",
    "https://127.0.0.1/x",
    "https://localhost",
    "https://a:b@example.com",
    "ftp://example.com",
  ])("error: %s is no place for a webhook", async (url) => {
    await expect(createEndpoint(sql, { accountId, url, types: null, allowPrivate: false })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });

  test("error: a name that leads to a private address is not connected to", async () => {
    const guarded = openOutboundAgent({ allowPrivate: false });
    const { endpoint } = await create();
    const { port } = server.address() as AddressInfo;
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
      await sql`update webhook_endpoints set url = ${`http://${host}:${port}/`}`;
      await tell();
      await deliverWebhooks({ sql, agent: guarded });
      expect((await log(endpoint.endpoint_id))?.attempts).toMatchObject([{ status: null, error: "private_address" }]);
    }
    expect(received).toHaveLength(0);
    await guarded.close();
  });
});
