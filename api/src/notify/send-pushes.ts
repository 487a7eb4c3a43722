import type { Dispatcher } from "undici";
import webPush from "web-push";
import type { Sql } from "../db/types.ts";
import { type Posted, post } from "../outbound/post.ts";
import { claimPushes, endPush, forgetSubscription, type PushRow, postponePush } from "./push-store.ts";

const AT_ONCE = 20;
const LEASE_MS = 60_000;
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 3_600_000;
/** The browser has ended its subscription (RFC 8030, 7.3). */
const GONE = [404, 410];

/** The platform's key towards push services (RFC 8292). */
export type Vapid = { publicKey: string; privateKey: string; subject: string };

type Context = { sql: Sql; agent: Dispatcher; vapid: Vapid };

/**
 * Sends the desktop notifications that are due, encrypted for the browser (RFC 8291): the push service between can't read
 * them. The service is one that the browser named, so it is connected to like any other place that users name.
 */
export async function sendPushes(context: Context): Promise<void> {
  for (;;) {
    const pushes = await claimPushes(context.sql, { limit: AT_ONCE, leaseMs: LEASE_MS });
    await Promise.all(pushes.map((push) => sendOne(context, push)));
    if (pushes.length < AT_ONCE) return;
  }
}

async function sendOne({ sql, agent, vapid }: Context, push: PushRow): Promise<void> {
  const pushId = push.push_id;
  if (push.left <= 0) return endPush(sql, { pushId, error: "expired" });
  const request = encrypt(push, vapid);
  if (request === null) return forgetSubscription(sql, push.subscription_id);
  const posted = await post({ agent, url: push.endpoint, ...request });
  await note(sql, push, posted);
}

async function note(sql: Sql, push: PushRow, { status, error, retryAfter }: Posted): Promise<void> {
  const pushId = push.push_id;
  if (status !== null && status >= 200 && status < 300) return endPush(sql, { pushId });
  if (status !== null && GONE.includes(status)) return forgetSubscription(sql, push.subscription_id);
  const reason = error ?? `HTTP ${status}`;
  // What is wrong with the request itself stays wrong.
  if (status !== null && status < 500 && status !== 429) return endPush(sql, { pushId, error: reason });
  const asked = Number(retryAfter) * 1_000 || 0;
  const waitMs = Math.min(Math.max(FIRST_WAIT_MS * 2 ** Math.min(push.attempts - 1, 12), asked), LONGEST_WAIT_MS);
  await postponePush(sql, { pushId, waitMs, error: reason });
}

/** Null for keys that nothing can be encrypted with. */
function encrypt({ endpoint, p256dh, auth, message, left }: PushRow, { subject, publicKey, privateKey }: Vapid) {
  try {
    const { headers, body } = webPush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      JSON.stringify(message),
      { vapidDetails: { subject, publicKey, privateKey }, TTL: left, urgency: "high", contentEncoding: "aes128gcm" },
    );
    if (body === null) return null;
    // Node counts the body itself.
    const named = Object.entries(headers).filter(([name]) => name !== "Content-Length");
    return { headers: Object.fromEntries(named), body };
  } catch {
    return null;
  }
}
