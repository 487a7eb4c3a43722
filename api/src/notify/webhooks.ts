import { randomBytes } from "node:crypto";
import type { Sql, Tx } from "../db/types.ts";
import { InfrError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { readPublicUrl } from "../outbound/public-url.ts";
import type { EventType } from "./event-types.ts";
import {
  type DeliveryRow,
  deleteEndpoint,
  deliveriesOf,
  type EndpointRow,
  endpointById,
  insertDeliveries,
  insertEndpoint,
  insertEvent,
  lockEndpointCount,
  redeliver,
  replaceSecret,
  updateEndpoint,
} from "./webhook-store.ts";

const MAX_ENDPOINTS = 10;
const SECRET_BYTES = 32;

/** An account has too many endpoints, or one is disabled: HTTP 409. */
export class EndpointStateError extends InfrError {
  readonly code = "endpoint_state";
  readonly status = 409;
}

type Which = { accountId: string; endpointId: string };

/**
 * Creates an endpoint. The secret, `whsec_…`, signs what is posted to it, by the rules of Standard Webhooks.
 * @param types what it wants to be told of; null for everything
 * @throws InvalidInputError for a URL that is not https to a public host, EndpointStateError
 */
export async function createEndpoint(
  sql: Sql,
  wanted: { accountId: string; url: string; types: EventType[] | null; allowPrivate: boolean },
): Promise<{ endpoint: EndpointRow; secret: string }> {
  const { accountId, types } = wanted;
  const url = readPublicUrl(wanted.url, wanted).href;
  const endpointId = newId("hook");
  const secret = newWebhookSecret();
  await sql.begin(async (tx) => {
    if ((await lockEndpointCount(tx, accountId)) >= MAX_ENDPOINTS) {
      throw new EndpointStateError(`An account has at most ${MAX_ENDPOINTS} endpoints. Delete one that is not used.`);
    }
    await insertEndpoint(tx, { endpointId, accountId, url, types, secret });
  });
  return { endpoint: await readEndpoint(sql, { accountId, endpointId }), secret };
}

/** @throws NotFoundError */
export async function readEndpoint(sql: Sql | Tx, which: Which): Promise<EndpointRow> {
  const row = await endpointById(sql, which);
  if (!row) throw new NotFoundError("endpoint");
  return row;
}

/** Changes what an endpoint is told, disables or enables it. @throws NotFoundError */
export async function changeEndpoint(
  sql: Sql,
  { accountId, endpointId, ...change }: Which & { types?: EventType[] | null; disabled?: boolean },
): Promise<EndpointRow> {
  await sql.begin(async (tx) => {
    await readEndpoint(tx, { accountId, endpointId });
    await updateEndpoint(tx, { endpointId, ...change });
  });
  return readEndpoint(sql, { accountId, endpointId });
}

/** Ends an endpoint for good; what was on its way is dropped. @throws NotFoundError */
export async function endEndpoint(sql: Sql, which: Which): Promise<void> {
  await sql.begin(async (tx) => {
    await readEndpoint(tx, which);
    await deleteEndpoint(tx, which.endpointId);
  });
}

/** Another secret; the old one signs too until the grace is over, 0 ends it now. @throws NotFoundError */
export async function rotateSecret(
  sql: Sql,
  { graceSeconds, ...which }: Which & { graceSeconds: number },
): Promise<string> {
  const secret = newWebhookSecret();
  await sql.begin(async (tx) => {
    await readEndpoint(tx, which);
    await replaceSecret(tx, { endpointId: which.endpointId, secret, graceSeconds });
  });
  return secret;
}

const newWebhookSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;

/** Queues an event for one endpoint alone, whatever types it wants. @throws NotFoundError, EndpointStateError */
export async function testEndpoint(sql: Sql, which: Which): Promise<DeliveryRow> {
  const deliveryId = newId("delivery");
  await sql.begin(async (tx) => {
    refuseDisabled(await readEndpoint(tx, which));
    const eventId = newId("event");
    const data = { message: "It works." };
    await insertEvent(tx, { eventId, accountId: which.accountId, type: "webhook.test", cause: eventId, data });
    await insertDeliveries(tx, { eventId, deliveries: [[deliveryId, which.endpointId]] });
  });
  return readDelivery(sql, { ...which, deliveryId });
}

/** Sends a delivery once more, the same event under the same id. @throws NotFoundError, EndpointStateError */
export async function deliverAgain(
  sql: Sql,
  { deliveryId, ...which }: Which & { deliveryId: string },
): Promise<DeliveryRow> {
  await sql.begin(async (tx) => {
    refuseDisabled(await readEndpoint(tx, which));
    if (!(await redeliver(tx, { endpointId: which.endpointId, deliveryId }))) throw new NotFoundError("delivery");
  });
  return readDelivery(sql, { ...which, deliveryId });
}

async function readDelivery(
  sql: Sql,
  { endpointId, deliveryId }: Which & { deliveryId: string },
): Promise<DeliveryRow> {
  const [row] = await deliveriesOf(sql, { endpointId, deliveryId, limit: 1 });
  if (!row) throw new NotFoundError("delivery");
  return row;
}

function refuseDisabled({ disabled_at }: EndpointRow): void {
  if (disabled_at) throw new EndpointStateError("This endpoint is disabled. Enable it first.");
}
