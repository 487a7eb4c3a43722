import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import webPush from "web-push";
import type { Sql } from "../db/types.ts";
import { newId } from "../ids.ts";
import { openOutboundAgent } from "../outbound/post.ts";
import { testDatabase } from "../testing/database.ts";
import { queuePush } from "./queue-push.ts";
import { sendPushes } from "./send-pushes.ts";
import { subscribePush } from "./subscribe-push.ts";

type Received = { path: string; headers: IncomingMessage["headers"]; body: Buffer };
const vapid = { ...webPush.generateVAPIDKeys(), subject: "mailto:admin@example.com" };
const agent = openOutboundAgent({ allowPrivate: true });
const accountId = "acct_platform";
const note = { title: "Your credit runs low", body: "$0.9 are left.", path: "/deposit" };
let sql: Sql;
let drop: () => Promise<void>;
let server: Server;
let origin = "";
let received: Received[] = [];
let status = 201;
let userId = "";

beforeAll(async () => {
  ({ sql, drop } = await testDatabase());
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(status, status === 429 ? { "retry-after": "120" } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  userId = newId("user");
  await sql`insert into users (user_id) values (${userId})`;
  await sql`insert into account_members (account_id, user_id, role) values (${accountId}, ${userId}, 'owner')`;
});
beforeEach(() => {
  received = [];
  status = 201;
});
afterEach(async () => {
  await sql`delete from pushes`;
  await sql`delete from push_subscriptions`;
});
afterAll(async () => {
  await agent.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await drop();
});

/** What a browser does: a key of its own, and a secret that only the sender gets. */
function newBrowser() {
  const key = createECDH("prime256v1");
  const p256dh = key.generateKeys("base64url");
  const auth = randomBytes(16);
  // RFC 8188: salt, record size, then the sender's key (RFC 8291).
  const open = (body: Buffer): unknown => {
    const [salt, sender, sealed] = [body.subarray(0, 16), body.subarray(21, 86), body.subarray(86)];
    const info = Buffer.concat([Buffer.from("WebPush: info\0"), key.getPublicKey(), sender]);
    const shared = Buffer.from(hkdfSync("sha256", key.computeSecret(sender), auth, info, 32));
    const derive = (what: string, bytes: number) =>
      Buffer.from(hkdfSync("sha256", shared, salt, `Content-Encoding: ${what}\0`, bytes));
    const decipher = createDecipheriv("aes-128-gcm", derive("aes128gcm", 16), derive("nonce", 12));
    decipher.setAuthTag(sealed.subarray(-16));
    const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString());
  };
  return { keys: { p256dh, auth: auth.toString("base64url") }, open };
}

const subscribe = (path: string, keys = newBrowser().keys) =>
  subscribePush(sql, { userId, endpoint: `${origin}${path}`, keys, allowPrivate: true });
const queue = (cause: string = newId("event")) => sql.begin((tx) => queuePush(tx, { cause, accountId, ...note }));
const send = () => sendPushes({ sql, agent, vapid });

describe("sendPushes", () => {
  test("default: the browser can read it, the push service can't, and it is signed by our key", async () => {
    const browser = newBrowser();
    await subscribe("/push/1", browser.keys);
    await queue();
    await send();
    const [{ headers, body }] = received as [Received];
    expect(browser.open(body)).toEqual(note);
    expect(body.toString()).not.toContain("credit");
    expect(headers).toMatchObject({ "content-encoding": "aes128gcm", urgency: "high" });
    expect(Number(headers["ttl"])).toBeGreaterThan(86_000);
    expect(claimsOf(headers.authorization ?? "")).toMatchObject({ aud: origin, sub: vapid.subject });
  });

  test("behavior: a cause is shown once in each browser, also by three workers", async () => {
    await subscribe("/push/1");
    await subscribe("/push/2");
    await Promise.all([queue("once"), queue("once")]);
    await Promise.all([send(), send(), send()]);
    expect(received).toHaveLength(2);
    expect(new Set(received.map(({ path }) => path))).toEqual(new Set(["/push/1", "/push/2"]));
  });

  test.each([404, 410])("behavior: after HTTP %i the browser is forgotten", async (gone) => {
    await subscribe("/push/1");
    await queue();
    status = gone;
    await send();
    expect(await sql`select from push_subscriptions`).toHaveLength(0);
  });

  test("behavior: a busy service is asked again when it says, a broken one later each time", async () => {
    await subscribe("/push/1");
    await queue();
    const waits = [];
    for (const answer of [429, 503, 503]) {
      status = answer;
      await send();
      const [row] = await sql`select round(extract(epoch from next_attempt_at - now()) / 5) * 5 as wait from pushes`;
      waits.push(Number(row?.["wait"]));
      await sql`update pushes set next_attempt_at = now()`;
    }
    expect(waits).toEqual([120, 20, 40]);
    status = 201;
    await send();
    expect(await sql`select from pushes where ended_at is null`).toHaveLength(0);
  });

  test("error: what is wrong with it is not sent again, what has expired not at all", async () => {
    await subscribe("/push/1");
    await queue();
    status = 400;
    await send();
    await send();
    expect(received).toHaveLength(1);
    await queue();
    await sql`update pushes set expires_at = now() where ended_at is null`;
    await send();
    expect(received).toHaveLength(1);
  });

  test("error: an endpoint that leads to a private address is not connected to", async () => {
    const guarded = openOutboundAgent({ allowPrivate: false });
    await subscribe("/push/1");
    await queue();
    await sendPushes({ sql, agent: guarded, vapid });
    await guarded.close();
    expect(received).toHaveLength(0);
    expect(await sql`select error from pushes`).toMatchObject([{ error: "private_address" }]);
  });

  test.each([
    ["an endpoint inside the network", { endpoint: "https://10.0.0.1/x", keys: newBrowser().keys }],
    [
      "a key that is no point",
      { endpoint: "https://push.example.com/x", keys: { p256dh: "AAAA", auth: newBrowser().keys.auth } },
    ],
    [
      "a secret that is too short",
      { endpoint: "https://push.example.com/x", keys: { ...newBrowser().keys, auth: "AAAA" } },
    ],
  ])("error: InvalidInputError for %s", async (_, subscription) => {
    await expect(subscribePush(sql, { userId, ...subscription, allowPrivate: false })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });

  test("error: at most twenty browsers, also when thirty subscribe at once", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => subscribe(`/push/${i}`)));
    expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(20);
  });
});

/** What a VAPID token says (RFC 8292), if our key has signed it. */
function claimsOf(authorization: string): unknown {
  const [, token = "", key = ""] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? [];
  expect(key).toBe(vapid.publicKey);
  const [header = "", claims = "", signature = ""] = token.split(".");
  const point = Buffer.from(key, "base64url");
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString("base64url"));
  const publicKey = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const signed = Buffer.from(`${header}.${claims}`);
  const isOurs = verify(
    "sha256",
    signed,
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  expect(isOurs).toBe(true);
  return JSON.parse(Buffer.from(claims, "base64url").toString());
}
