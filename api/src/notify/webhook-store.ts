import type { JSONValue } from "postgres";
import type { Queryable, Sql, Tx } from "../db/types.ts";

/** For how long an owner can read what was delivered. */
const KEPT = "30 days";
/** How many deliveries to one endpoint are tried at once: a slow one does not hold up the others. */
const PER_ENDPOINT = 3;

export type EndpointRow = {
  endpoint_id: string;
  url: string;
  types: string[] | null;
  created_at: Date;
  disabled_at: Date | null;
  disabled_reason: "owner" | "failing" | null;
  failing_since: Date | null;
};

type Owned = { endpointId: string; accountId: string };

/** Endpoints of an account that want to be told of a type of event. */
export async function endpointsFor(
  tx: Tx,
  { accountId, type }: { accountId: string; type: string },
): Promise<string[]> {
  const rows = await tx<Array<{ endpoint_id: string }>>`
    select endpoint_id from webhook_endpoints
    where account_id = ${accountId} and deleted_at is null and disabled_at is null
      and (types is null or ${type} = any(types))`;
  return rows.map(({ endpoint_id }) => endpoint_id);
}

/** @returns false if the account was told of that cause before */
export async function insertEvent(
  tx: Tx,
  event: { eventId: string; accountId: string; type: string; cause: string; data: object },
): Promise<boolean> {
  const rows = await tx`
    insert into webhook_events (event_id, account_id, type, cause, data)
    values (${event.eventId}, ${event.accountId}, ${event.type}, ${event.cause}, ${tx.json(event.data as JSONValue)})
    on conflict (account_id, type, cause) do nothing
    returning event_id`;
  return rows.length === 1;
}

export async function insertDeliveries(
  tx: Tx,
  { eventId, deliveries }: { eventId: string; deliveries: Array<[deliveryId: string, endpointId: string]> },
): Promise<void> {
  for (const [deliveryId, endpointId] of deliveries) {
    await tx`
      insert into webhook_deliveries (delivery_id, endpoint_id, event_id)
      values (${deliveryId}, ${endpointId}, ${eventId})`;
  }
}

/** How many endpoints an account has; that number stays until the transaction ends. */
export async function lockEndpointCount(tx: Tx, accountId: string): Promise<number> {
  await tx`select from accounts where account_id = ${accountId} for no key update`;
  const [row] = await tx<Array<{ n: number }>>`
    select count(*)::int as n from webhook_endpoints where account_id = ${accountId} and deleted_at is null`;
  return row?.n ?? 0;
}

export async function insertEndpoint(
  tx: Tx,
  endpoint: Owned & { url: string; types: string[] | null; secret: string },
): Promise<void> {
  await tx`
    insert into webhook_endpoints (endpoint_id, account_id, url, types, secret)
    values (${endpoint.endpointId}, ${endpoint.accountId}, ${endpoint.url}, ${endpoint.types}, ${endpoint.secret})`;
}

const columns = (sql: Queryable) =>
  sql`endpoint_id, url, types, created_at, disabled_at, disabled_reason, failing_since`;

export async function endpointsOf(sql: Queryable, accountId: string): Promise<EndpointRow[]> {
  return sql<EndpointRow[]>`
    select ${columns(sql)} from webhook_endpoints
    where account_id = ${accountId} and deleted_at is null order by endpoint_id limit 100`;
}

export async function endpointById(sql: Queryable, { endpointId, accountId }: Owned): Promise<EndpointRow | undefined> {
  const [row] = await sql<EndpointRow[]>`
    select ${columns(sql)} from webhook_endpoints
    where endpoint_id = ${endpointId} and account_id = ${accountId} and deleted_at is null`;
  return row;
}

/** `undefined` leaves a field as it is. Enabling one that failed gives it all its time again. */
export async function updateEndpoint(
  tx: Tx,
  { endpointId, types, disabled }: { endpointId: string; types?: string[] | null; disabled?: boolean },
): Promise<void> {
  if (types !== undefined) await tx`update webhook_endpoints set types = ${types} where endpoint_id = ${endpointId}`;
  if (disabled === false) {
    await tx`
      update webhook_endpoints set disabled_at = null, disabled_reason = null, failing_since = null
      where endpoint_id = ${endpointId}`;
  }
  if (disabled === true) await disableEndpoint(tx, { endpointId, reason: "owner" });
}

/** Whoever changes an endpoint and its deliveries begins with this. */
export async function lockEndpoint(tx: Tx, endpointId: string): Promise<void> {
  await tx`select from webhook_endpoints where endpoint_id = ${endpointId} for no key update`;
}

/** @returns false if it was disabled before */
export async function disableEndpoint(
  tx: Tx,
  { endpointId, reason }: { endpointId: string; reason: "owner" | "failing" },
): Promise<boolean> {
  const rows = await tx`
    update webhook_endpoints set disabled_at = now(), disabled_reason = ${reason}
    where endpoint_id = ${endpointId} and disabled_at is null returning endpoint_id`;
  if (rows.length === 1) await dropPending(tx, endpointId);
  return rows.length === 1;
}

export async function deleteEndpoint(tx: Tx, endpointId: string): Promise<void> {
  await tx`
    update webhook_endpoints set deleted_at = now(), secret = '', old_secret = null, old_secret_until = null
    where endpoint_id = ${endpointId}`;
  await dropPending(tx, endpointId);
}

async function dropPending(tx: Tx, endpointId: string): Promise<void> {
  await tx`
    update webhook_deliveries set state = 'dropped', ended_at = now()
    where endpoint_id = ${endpointId} and state = 'pending'`;
}

/** Gives an endpoint another secret; the one of before signs beside it until the grace is over. */
export async function replaceSecret(
  tx: Tx,
  { endpointId, secret, graceSeconds }: { endpointId: string; secret: string; graceSeconds: number },
): Promise<void> {
  await tx`
    update webhook_endpoints set
      old_secret = case when ${graceSeconds} > 0 then secret end,
      old_secret_until = case when ${graceSeconds} > 0 then now() + make_interval(secs => ${graceSeconds}) end,
      secret = ${secret}
    where endpoint_id = ${endpointId}`;
}

export type DueRow = {
  delivery_id: string;
  endpoint_id: string;
  event_id: string;
  attempts: number;
  account_id: string;
  url: string;
  secret: string;
  /** Only while it is still to sign. */
  old_secret: string | null;
  type: string;
  data: object;
  happened_at: Date;
};

/** Takes up deliveries that are due. Each is this process's for `leaseMs`: if it dies, another sends them then. */
export async function claimDeliveries(
  sql: Sql,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<DueRow[]> {
  return sql<DueRow[]>`
    with chosen as (
      select delivery_id from (
        select delivery_id, next_attempt_at,
          row_number() over (partition by endpoint_id order by next_attempt_at, delivery_id) as nth
        from webhook_deliveries where state = 'pending' and next_attempt_at <= now()
      ) due
      where nth <= ${PER_ENDPOINT} order by next_attempt_at limit ${limit}
    ), mine as (
      select delivery_id from webhook_deliveries
      where delivery_id in (select delivery_id from chosen) and state = 'pending' and next_attempt_at <= now()
      for update skip locked
    )
    update webhook_deliveries d
    set attempts = d.attempts + 1, next_attempt_at = now() + make_interval(secs => ${leaseMs / 1000})
    from mine, webhook_endpoints p, webhook_events e
    where d.delivery_id = mine.delivery_id and p.endpoint_id = d.endpoint_id and e.event_id = d.event_id
    returning d.delivery_id, d.endpoint_id, d.event_id, d.attempts, p.account_id, p.url, p.secret,
      case when p.old_secret_until > now() then p.old_secret end as old_secret,
      e.type, e.data, e.created_at as happened_at`;
}

type Attempt = { deliveryId: string; status: number | null; error: string | null; tookMs: number };

/** Notes what came of an attempt; `waitMs` until the next one, null for none. */
export async function noteAttempt(
  tx: Tx,
  { attempt, state, waitMs }: { attempt: Attempt; state: "pending" | "delivered" | "failed"; waitMs: number | null },
): Promise<void> {
  const { deliveryId, status, error, tookMs } = attempt;
  await tx`
    insert into webhook_attempts (delivery_id, nth, status, error, took_ms)
    select ${deliveryId}, coalesce(max(nth), 0) + 1, ${status}::int, ${error}::text, ${tookMs}::int
    from webhook_attempts where delivery_id = ${deliveryId}`;
  await tx`
    update webhook_deliveries set
      state = ${state},
      ended_at = case when ${state} = 'pending' then null else now() end,
      next_attempt_at = now() + make_interval(secs => ${(waitMs ?? 0) / 1000})
    where delivery_id = ${deliveryId} and state = 'pending'`;
}

export async function noteSuccess(tx: Tx, endpointId: string): Promise<void> {
  await tx`
    update webhook_endpoints set failing_since = null
    where endpoint_id = ${endpointId} and failing_since is not null`;
}

/** @returns whether nothing was delivered for so long that the endpoint is to be disabled */
export async function noteFailure(
  tx: Tx,
  { endpointId, days }: { endpointId: string; days: number },
): Promise<{ tooLong: boolean; url: string }> {
  const [row] = await tx<Array<{ too_long: boolean; url: string }>>`
    update webhook_endpoints set failing_since = coalesce(failing_since, now())
    where endpoint_id = ${endpointId}
    returning failing_since <= now() - make_interval(days => ${days}) as too_long, url`;
  return { tooLong: row?.too_long ?? false, url: row?.url ?? "" };
}

export type DeliveryRow = {
  delivery_id: string;
  event_id: string;
  type: string;
  data: object;
  state: "pending" | "delivered" | "failed" | "dropped";
  next_attempt_at: Date;
  created_at: Date;
  attempts: Array<{ status: number | null; error: string | null; tookMs: number; at: string }>;
};

/** Deliveries to an endpoint, newest first, with what came of each attempt. */
export async function deliveriesOf(
  sql: Queryable,
  { endpointId, limit, deliveryId = null }: { endpointId: string; limit: number; deliveryId?: string | null },
): Promise<DeliveryRow[]> {
  return sql<DeliveryRow[]>`
    select d.delivery_id, d.event_id, e.type, e.data, d.state, d.next_attempt_at, d.created_at, coalesce((
      select jsonb_agg(jsonb_build_object('status', status, 'error', error, 'tookMs', took_ms, 'at', attempted_at) order by nth)
      from webhook_attempts a where a.delivery_id = d.delivery_id), '[]') as attempts
    from webhook_deliveries d join webhook_events e using (event_id)
    where d.endpoint_id = ${endpointId} and (${deliveryId}::text is null or d.delivery_id = ${deliveryId})
    order by d.delivery_id desc limit ${limit}`;
}

/** Sends a delivery again, with all its attempts, unless it is on its way. @returns false if there is none */
export async function redeliver(
  tx: Tx,
  { endpointId, deliveryId }: { endpointId: string; deliveryId: string },
): Promise<boolean> {
  const rows = await tx`
    update webhook_deliveries set
      state = 'pending', ended_at = null,
      attempts = case when state = 'pending' then attempts else 0 end,
      next_attempt_at = case when state = 'pending' then next_attempt_at else now() end
    where delivery_id = ${deliveryId} and endpoint_id = ${endpointId} returning delivery_id`;
  return rows.length === 1;
}

/** Forgets events, and with them what became of them. */
export async function trimEvents(sql: Sql): Promise<void> {
  await sql`
    delete from webhook_events e where created_at < now() - ${KEPT}::interval
      and not exists (select from webhook_deliveries d where d.event_id = e.event_id and d.state = 'pending')`;
}
