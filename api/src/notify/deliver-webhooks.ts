import { Webhook } from "standardwebhooks";
import type { Dispatcher } from "undici";
import type { Sql, Tx } from "../db/types.ts";
import { type Posted, post } from "../outbound/post.ts";
import { queueMail } from "./queue-mail.ts";
import {
  claimDeliveries,
  type DueRow,
  disableEndpoint,
  lockEndpoint,
  noteAttempt,
  noteFailure,
  noteSuccess,
} from "./webhook-store.ts";

const AT_ONCE = 50;
/** Longer than an endpoint may take, so that nobody else takes up what is on its way. */
const LEASE_MS = 60_000;
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
/** Pauses after each failed attempt: eight attempts in 28 hours. */
const PAUSES_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];
/** An endpoint that took nothing for so long is disabled. */
const DISABLE_AFTER_DAYS = 5;
const GONE = 410;

type Context = { sql: Sql; agent: Dispatcher };

/**
 * Posts the events that are due, signed as Standard Webhooks has it: `webhook-id` is the event's and the same in each
 * attempt, `webhook-timestamp` the attempt's. Any 2xx counts as delivered. Whoever dies between posting and noting it makes
 * an event come twice: receivers tell by its id.
 */
export async function deliverWebhooks({ sql, agent }: Context): Promise<void> {
  for (;;) {
    const due = await claimDeliveries(sql, { limit: AT_ONCE, leaseMs: LEASE_MS });
    await Promise.all(due.map((row) => deliver({ sql, agent }, row)));
    if (due.length === 0) return;
  }
}

async function deliver({ sql, agent }: Context, row: DueRow): Promise<void> {
  const body = JSON.stringify({ type: row.type, timestamp: row.happened_at.toISOString(), data: row.data });
  const posted = await post({ agent, url: row.url, headers: headersOf(row, body), body });
  await sql.begin((tx) => note(tx, row, posted));
}

function headersOf({ event_id, secret, old_secret }: DueRow, body: string): Record<string, string> {
  const at = new Date();
  const secrets = old_secret === null ? [secret] : [secret, old_secret];
  return {
    "content-type": "application/json",
    "user-agent": "infr-webhooks/1",
    "webhook-id": event_id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": secrets.map((one) => new Webhook(one).sign(event_id, at, body)).join(" "),
  };
}

async function note(tx: Tx, row: DueRow, { status, error, tookMs }: Posted): Promise<void> {
  // The endpoint before its deliveries, as everybody does: disabling it drops the others.
  await lockEndpoint(tx, row.endpoint_id);
  const attempt = { deliveryId: row.delivery_id, status, error, tookMs };
  if (status !== null && status >= 200 && status < 300) {
    await noteAttempt(tx, { attempt, state: "delivered", waitMs: null });
    return noteSuccess(tx, row.endpoint_id);
  }
  const waitMs = PAUSES_MS[row.attempts - 1] ?? null;
  await noteAttempt(tx, { attempt, state: waitMs === null ? "failed" : "pending", waitMs });
  const { tooLong, url } = await noteFailure(tx, { endpointId: row.endpoint_id, days: DISABLE_AFTER_DAYS });
  if (!tooLong && status !== GONE) return;
  if (!(await disableEndpoint(tx, { endpointId: row.endpoint_id, reason: "failing" }))) return;
  await queueMail(tx, {
    cause: `webhook_disabled:${row.endpoint_id}:${row.delivery_id}:${row.attempts}`,
    to: { accountId: row.account_id },
    template: "webhook_disabled",
    data: { url: new URL(url).origin, why: status === GONE ? "gone" : "failing", days: DISABLE_AFTER_DAYS },
  });
}
