import type { Queryable, Sql, Tx } from "../db/types.ts";

/** After this nobody wants to know it any more. */
const LIFETIME = "24 hours";
const KEPT = "7 days";

type Message = { title: string; body: string; path: string };

export async function subscriptionsFor(tx: Tx, accountId: string): Promise<string[]> {
  const rows = await tx<Array<{ subscription_id: string }>>`
    select subscription_id from push_subscriptions join account_members using (user_id)
    where account_id = ${accountId} and role in ('owner', 'admin', 'billing')
    limit 1000`;
  return rows.map(({ subscription_id }) => subscription_id);
}

/** @returns how many were new */
export async function insertPushes(
  tx: Tx,
  {
    pushes,
    cause,
    message,
  }: { pushes: Array<{ pushId: string; subscriptionId: string }>; cause: string; message: Message },
): Promise<number> {
  let inserted = 0;
  for (const { pushId, subscriptionId } of pushes) {
    const rows = await tx`
      insert into pushes (push_id, subscription_id, cause, message, expires_at)
      values (${pushId}, ${subscriptionId}, ${cause}, ${tx.json(message)}, now() + ${LIFETIME}::interval)
      on conflict (subscription_id, cause) do nothing returning push_id`;
    inserted += rows.length;
  }
  return inserted;
}

export type SubscriptionRow = { subscription_id: string; created_at: Date };

/** The browsers of a user, without their endpoints: whoever has one of those can be anybody's sender. */
export async function subscriptionsOf(sql: Queryable, userId: string): Promise<SubscriptionRow[]> {
  return sql<SubscriptionRow[]>`
    select subscription_id, created_at from push_subscriptions where user_id = ${userId}
    order by subscription_id limit 100`;
}

/** Saves a browser's subscription; one that was another user's is this one's now: he sits at it. */
export async function saveSubscription(
  tx: Tx,
  subscription: { subscriptionId: string; userId: string; endpoint: string; p256dh: string; auth: string; max: number },
): Promise<SubscriptionRow | null> {
  const { userId, endpoint, p256dh, auth } = subscription;
  await tx`select from users where user_id = ${userId} for no key update`;
  const [row] = await tx<SubscriptionRow[]>`
    insert into push_subscriptions (subscription_id, user_id, endpoint, p256dh, auth)
    values (${subscription.subscriptionId}, ${userId}, ${endpoint}, ${p256dh}, ${auth})
    on conflict (endpoint) do update set user_id = ${userId}, p256dh = ${p256dh}, auth = ${auth}
    returning subscription_id, created_at`;
  const [count] = await tx<Array<{ n: number }>>`
    select count(*)::int as n from push_subscriptions where user_id = ${userId}`;
  return row && (count?.n ?? 0) <= subscription.max ? row : null;
}

/** @returns false if the user has no such subscription */
export async function deleteSubscription(
  sql: Sql,
  { subscriptionId, userId }: { subscriptionId: string; userId: string },
): Promise<boolean> {
  const gone = await sql`
    delete from push_subscriptions where subscription_id = ${subscriptionId} and user_id = ${userId} returning 1`;
  return gone.length === 1;
}

/** The push service says that it is over: the browser has ended it. */
export async function forgetSubscription(sql: Sql, subscriptionId: string): Promise<void> {
  await sql`delete from push_subscriptions where subscription_id = ${subscriptionId}`;
}

export type PushRow = {
  push_id: string;
  subscription_id: string;
  message: Message;
  attempts: number;
  endpoint: string;
  p256dh: string;
  auth: string;
  /** Seconds that it is still worth something. */
  left: number;
};

/** Takes up pushes that are due. Each is this process's for `leaseMs`: if it dies, another sends them then. */
export async function claimPushes(
  sql: Sql,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<PushRow[]> {
  return sql<PushRow[]>`
    update pushes p set attempts = p.attempts + 1, next_attempt_at = now() + make_interval(secs => ${leaseMs / 1000})
    from push_subscriptions s
    where s.subscription_id = p.subscription_id and p.push_id in (
      select push_id from pushes where ended_at is null and next_attempt_at <= now()
      order by next_attempt_at limit ${limit} for update skip locked)
    returning p.push_id, p.subscription_id, p.message, p.attempts, s.endpoint, s.p256dh, s.auth,
      extract(epoch from p.expires_at - now())::int as left`;
}

export async function endPush(
  sql: Sql,
  { pushId, error = null }: { pushId: string; error?: string | null },
): Promise<void> {
  await sql`update pushes set ended_at = now(), error = ${error} where push_id = ${pushId} and ended_at is null`;
}

export async function postponePush(
  sql: Sql,
  { pushId, waitMs, error }: { pushId: string; waitMs: number; error: string },
): Promise<void> {
  await sql`
    update pushes set next_attempt_at = now() + make_interval(secs => ${waitMs / 1000}), error = ${error}
    where push_id = ${pushId} and ended_at is null`;
}

export async function trimPushes(sql: Sql): Promise<void> {
  await sql`delete from pushes where ended_at < now() - ${KEPT}::interval`;
}
