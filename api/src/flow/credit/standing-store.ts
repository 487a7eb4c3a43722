import type { Queryable, Sql, Tx } from "../../db/types.ts";
import type { NamedAs } from "./moves-store.ts";

export type Every = "day" | "week" | "month";

export type StandingRow = {
  order_id: string;
  account_id: string;
  user_id: string;
  named_as: Exclude<NamedAs, "request" | "name" | "phone">;
  named: string;
  amount_micro: bigint;
  note: string;
  every: Every;
  ends_at: Date | null;
  state: "active" | "paused" | "ended";
  runs: number;
  next_at: Date;
  last_move: string | null;
  failure: string | null;
  created_at: Date;
};

const columns = (sql: Queryable) => sql`
  select order_id, account_id, user_id, named_as, named, amount_micro, note, every, ends_at, state, runs, next_at, last_move,
    failure, created_at
  from standing_orders`;

/** A standing order of the account that gives. */
export async function standingOf(
  sql: Queryable,
  { orderId, accountId }: { orderId: string; accountId: string },
): Promise<StandingRow | undefined> {
  const [row] = await sql<StandingRow[]>`
    ${columns(sql)} where order_id = ${orderId} and account_id = ${accountId}`;
  return row;
}

/** The standing orders of an account, newest first, those that have ended after all others. */
export async function standingOrdersOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<StandingRow[]> {
  return sql<StandingRow[]>`
    ${columns(sql)} where account_id = ${accountId} order by (state = 'ended'), order_id desc limit ${limit}`;
}

export type NewStanding = Pick<
  StandingRow,
  "order_id" | "account_id" | "user_id" | "named_as" | "named" | "amount_micro" | "note" | "every" | "ends_at"
> & { starts_at: Date; idempotency_key: string | null };

/** @returns false if the account has one with that key, or `most` already that have not ended */
export async function insertStanding(sql: Queryable, order: NewStanding, most: number): Promise<boolean> {
  const made = await sql`
    insert into standing_orders (order_id, account_id, user_id, named_as, named, amount_micro, note, every, ends_at, starts_at, next_at,
      idempotency_key)
    select ${order.order_id}, ${order.account_id}, ${order.user_id}, ${order.named_as}, ${order.named}, ${order.amount_micro},
      ${order.note}, ${order.every}, ${order.ends_at}, ${order.starts_at}, ${order.starts_at}, ${order.idempotency_key}
    where (select count(*) from standing_orders where account_id = ${order.account_id} and state <> 'ended') < ${most}
    on conflict (account_id, idempotency_key) do nothing
    returning order_id`;
  return made.length === 1;
}

/** The standing order that an account made with a key. */
export async function standingByKey(
  sql: Queryable,
  { accountId, key }: { accountId: string; key: string },
): Promise<StandingRow | undefined> {
  const [row] = await sql<StandingRow[]>`
    ${columns(sql)} where account_id = ${accountId} and idempotency_key = ${key}`;
  return row;
}

/** Pauses an order, lets it go on from the next time that it falls on, or ends it. @returns false if it has ended */
export async function setStandingState(
  sql: Queryable,
  { orderId, state }: { orderId: string; state: StandingRow["state"] },
): Promise<boolean> {
  const changed = await sql`
    update standing_orders o set next_at = n.next_at,
      state = case when ${state} = 'active' and n.next_at > o.ends_at then 'ended' else ${state} end
    from (
      select order_id, case when ${state} = 'active' and next_at <= now() and state = 'paused'
        then next_run(starts_at, every, now()) else next_at end as next_at
      from standing_orders
    ) n
    where o.order_id = ${orderId} and n.order_id = o.order_id and o.state <> 'ended' returning o.order_id`;
  return changed.length === 1;
}

export type DueRow = StandingRow & {
  /** Who owns the giver's account in the contract now, in lower case. */
  owner: string;
};

/** Orders that are due. */
export async function dueOrders(sql: Sql, limit: number): Promise<DueRow[]> {
  return sql<DueRow[]>`
    select d.*, current_owner(a) as owner
    from (${columns(sql)} where state = 'active' and next_at <= now() order by next_at limit ${limit}) d
    join accounts a using (account_id)
    order by d.next_at`;
}

/**
 * Keeps an order from being paused, ended or run by somebody else until the transaction ends.
 * @returns false if it is, or was since it was read: then it is not to be run now
 */
export async function lockDue(tx: Tx, { orderId, run }: { orderId: string; run: number }): Promise<boolean> {
  const locked = await tx`
    select from standing_orders where order_id = ${orderId} and runs = ${run - 1} and state = 'active'
      and next_at <= now()
    for update skip locked`;
  return locked.length === 1;
}

/** Ends what runs have prepared and nobody has signed: of a run that was broken off nobody else knows. */
export async function endUnsigned(
  sql: Sql,
  { orderId, accountId }: { orderId: string; accountId: string },
): Promise<void> {
  await sql`
    select end_move(move_id, 'failed', 'Its standing order was paused or ended.') from moves
    where account_id = ${accountId} and starts_with(idempotency_key, ${`${orderId}:`}) and state = 'awaiting_signature'`;
}

/**
 * Notes that a run is over, and when the next one is: in the future, whatever was missed.
 * @returns false if another worker has done so
 */
export async function endRun(
  tx: Tx,
  { orderId, run, moveId, failure }: { orderId: string; run: number; moveId: string | null; failure: string | null },
): Promise<boolean> {
  const ended = await tx`
    update standing_orders set runs = ${run}, last_move = coalesce(${moveId}, last_move), failure = ${failure},
      next_at = next_run(starts_at, every, now()),
      state = case when next_run(starts_at, every, now()) > ends_at then 'ended' else state end
    where order_id = ${orderId} and runs = ${run - 1} and state <> 'ended' returning order_id`;
  return ended.length === 1;
}
