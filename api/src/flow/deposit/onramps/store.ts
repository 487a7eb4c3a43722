import type { Queryable, Tx } from "../../../db/types.ts";
import type { News, Provider } from "./onramp.ts";

export type OrderRow = {
  order_id: string;
  provider: Provider;
  amount_usd_cents: bigint | null;
  address: string;
  progress: number;
  transaction_hash: string | null;
  external_id: string | null;
  created_at: Date;
};

export async function insertOrder(
  sql: Queryable,
  order: { orderId: string; accountId: string; provider: Provider; amountCents: bigint | null; address: string },
): Promise<void> {
  await sql`
    insert into onramp_orders (order_id, account_id, provider, amount_usd_cents, address)
    values (${order.orderId}, ${order.accountId}, ${order.provider}, ${order.amountCents}, ${order.address})`;
}

export async function saveExternalId(
  sql: Queryable,
  { orderId, externalId }: { orderId: string; externalId: string },
): Promise<void> {
  await sql`
    update onramp_orders set external_id = greatest(external_id, ${externalId}) where order_id = ${orderId}`;
}

/** An account's purchases, newest first. */
export async function ordersOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<OrderRow[]> {
  return sql<OrderRow[]>`
    select order_id, provider, amount_usd_cents, address, progress, transaction_hash, external_id, created_at
    from onramp_orders where account_id = ${accountId}
    order by created_at desc, order_id desc limit ${limit}`;
}

/** The order that news are about: by our id, or by the provider's. */
export async function orderOfNews(tx: Tx, provider: Provider, news: News): Promise<string | null> {
  const [row] = await tx<Array<{ order_id: string }>>`
    select order_id from onramp_orders
    where provider = ${provider} and (order_id = ${news.orderId} or external_id = ${news.externalId})
    order by (order_id = ${news.orderId}) desc nulls last
    limit 1`;
  return row?.order_id ?? null;
}

/** @returns false if this event was heard before */
export async function insertEvent(
  tx: Tx,
  event: { provider: Provider; eventId: string; kind: string; orderId: string | null },
): Promise<boolean> {
  const rows = await tx`
    insert into onramp_events (provider, event_id, order_id, kind)
    values (${event.provider}, ${event.eventId}, ${event.orderId}, ${event.kind})
    on conflict do nothing returning event_id`;
  return rows.length === 1;
}

/** What only rises, and of two texts the greater one: in whatever order news come, they come to the same. */
export async function advanceOrder(
  tx: Tx,
  { orderId, progress, news }: { orderId: string; progress: number; news: News },
): Promise<void> {
  await tx`
    update onramp_orders set progress = greatest(progress, ${progress}),
      transaction_hash = greatest(transaction_hash, ${news.transactionHash}),
      external_id = greatest(external_id, ${news.externalId}), updated_at = now()
    where order_id = ${orderId}`;
}
