import type { Queryable, Sql, Tx } from "../db/types.ts";

export type EventKind =
  | "account_opened"
  | "deposited"
  | "transferred"
  | "voucher_created"
  | "voucher_closed"
  | "batch_settled"
  | "batch_voided"
  | "earnings_converted"
  | "exited"
  | "migrated"
  | "paid_out"
  | "payout_skipped"
  | "payout_to_queued"
  | "owner_changed"
  | "day_limit_set"
  | "payout_to_set"
  | "suspended";

/** An event as the indexer saw it; `data` has its columns as text, so that no amount passes through a float. */
export type ChainEvent = {
  event_id: string;
  kind: EventKind;
  block_number: bigint;
  block_hash: string;
  log_index: number;
  transaction_hash: string;
  happened_at: Date;
  data: Record<string, string>;
  /** How often it was booked before: more than never if a reorganisation took it away and brought it back. */
  times_booked: number;
};

/** A column of an event that is always there. */
export function column(event: ChainEvent, name: string): string {
  const value = event.data[name];
  if (value === undefined || value === null) throw new Error(`${event.kind} ${event.event_id} has no ${name}`);
  return value;
}

/**
 * The account that an event is about, or for `to_ref` the one that a move went to. Every event about an account comes
 * after the one that opened it.
 */
export async function accountOf(tx: Tx, event: ChainEvent, which: "ref" | "to_ref" = "ref"): Promise<string> {
  const ref = column(event, which);
  const [row] = await tx<Array<{ account_id: string }>>`select account_id from accounts where ref = ${ref}`;
  if (!row) throw new Error(`no account has the ref ${ref}`);
  return row.account_id;
}

/** Names an event's movement in the ledger; a block that was reorganised away and came back is a movement of its own. */
export const causeOf = (
  step: "deposit" | "confirm" | "credit" | "settle" | "void" | "payout",
  { event_id: id, times_booked: times }: Pick<BookedEvent, "event_id" | "times_booked">,
): string => (times === 0 ? `${step}:${id}` : `${step}:${id}#${times + 1}`);

/**
 * Events in the indexer's views that are not booked, in the order of the chain. Where an event names an account by
 * number, `data.ref` is whose number that was in the same snapshot: a reorganisation may give it to somebody else. Of a
 * move it is who gives, and `data.to_ref` who gets.
 */
export async function unbookedEvents(
  sql: Queryable,
  { schema, limit }: { schema: string; limit: number },
): Promise<ChainEvent[]> {
  const table = (name: string) => sql`${sql(schema)}.${sql(name)}`;
  const refOf = (account: string) =>
    sql`(select o.ref from ${table("account_opened")} o where o.account = t.${sql(account)})`;
  const events = (kind: EventKind, account: string | null, to: string | null = null) => sql`
    select ${kind}::text as kind, t.id as event_id, t.block_number::bigint, t.block_hash, t.log_index::int,
      t.transaction_hash, to_timestamp(t.block_timestamp::bigint) as happened_at,
      to_jsonb(t) || jsonb_build_object('ref', ${
        account === null ? sql`to_jsonb(t) ->> 'ref'` : refOf(account)
      }, 'to_ref', ${to === null ? sql`null::text` : refOf(to)}) as columns
    from ${table(kind)} t`;
  return sql<ChainEvent[]>`
    select e.kind, e.event_id, e.block_number, e.block_hash, e.log_index, e.transaction_hash, e.happened_at,
      (select jsonb_object_agg(key, value #>> '{}') from jsonb_each(e.columns)) as data,
      coalesce(c.times_booked, 0) as times_booked
    from (
      ${events("account_opened", null)}
      union all ${events("deposited", "account")}
      union all ${events("transferred", "from_account", "to_account")}
      union all ${events("voucher_created", "from_account")}
      union all ${events("voucher_closed", "to_account")}
      union all ${events("batch_settled", null)}
      union all ${events("batch_voided", null)}
      union all ${events("earnings_converted", "earner")}
      union all ${events("exited", "account")}
      union all ${events("migrated", "account")}
      union all ${events("paid_out", "earner")}
      union all ${events("payout_skipped", "earner")}
      union all ${events("payout_to_queued", "earner")}
      union all ${events("owner_changed", "account")}
      union all ${events("day_limit_set", "account")}
      union all ${events("payout_to_set", "earner")}
      union all ${events("suspended", "earner")}
    ) e
    left join chain_events c using (event_id)
    where e.block_number > (select final_block from chain_cursor)
      and (c.event_id is null or c.reversed_at is not null)
    order by e.block_number, e.log_index
    limit ${limit}`;
}

/** What a batch overdrew and wrote off, by account number. */
export async function overdraftsOf(
  tx: Tx,
  {
    schema,
    table,
    blockHash,
    seq,
  }: { schema: string; table: "overdrawn" | "written_off"; blockHash: string; seq: string },
): Promise<Array<{ account: bigint; amount: bigint }>> {
  return tx<Array<{ account: bigint; amount: bigint }>>`
    select account::bigint, amount::bigint from ${tx(schema)}.${tx(table)}
    where block_hash = ${blockHash} and seq = ${seq}`;
}

/** Notes that an event is booked. @returns false if another process was faster */
export async function noteBooked(tx: Tx, event: ChainEvent): Promise<boolean> {
  const rows = await tx`
    insert into chain_events (event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at)
    values (${event.event_id}, ${event.kind}, ${event.block_number}, ${event.block_hash}, ${event.log_index},
      ${event.transaction_hash}, ${event.happened_at})
    on conflict (event_id) do update set reversed_at = null, finality = 'seen', booked_at = now(),
      times_booked = chain_events.times_booked + 1
      where chain_events.reversed_at is not null
    returning event_id`;
  return rows.length === 1;
}

export type BookedEvent = Omit<ChainEvent, "data">;

/** The newest booked event that a reorganisation could still take away. */
export async function newestOpenEvent(sql: Sql): Promise<BookedEvent | undefined> {
  const [row] = await sql<BookedEvent[]>`
    select event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, times_booked
    from chain_events
    where finality <> 'final' and reversed_at is null
    order by block_number desc, log_index desc
    limit 1`;
  return row;
}

/** Booked events up to a block that are not known to be safe, newest first. */
export async function unsafeEvents(sql: Sql, upTo: bigint): Promise<BookedEvent[]> {
  return sql<BookedEvent[]>`
    select event_id, kind, block_number, block_hash, log_index, transaction_hash, happened_at, times_booked
    from chain_events
    where finality = 'seen' and reversed_at is null and block_number <= ${upTo}
    order by block_number desc, log_index desc`;
}

/** @returns false if another process was faster */
export async function noteReversed(tx: Tx, eventId: string): Promise<boolean> {
  const rows = await tx`
    update chain_events set reversed_at = now()
    where event_id = ${eventId} and reversed_at is null returning event_id`;
  return rows.length === 1;
}

/**
 * Raises finality up to what the chain says, and moves the cursor: to the block before the last final one that has
 * booked events, because a crash may have come between two events of the same block.
 */
export async function raiseFinality(sql: Sql, { safe, final }: { safe: bigint; final: bigint }): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`
      update chain_events set finality = case when block_number <= ${final} then 'final' else 'safe' end
      where finality <> 'final' and reversed_at is null and block_number <= ${safe}
        and finality <> case when block_number <= ${final} then 'final' else 'safe' end`;
    await tx`
      update chain_cursor set final_block = greatest(final_block, (
        select coalesce(max(block_number) - 1, -1) from chain_events where finality = 'final' and reversed_at is null))`;
  });
}

/** Whether the indexer has come up far enough to have made its views. */
export async function viewsExist(sql: Queryable, schema: string): Promise<boolean> {
  const [row] = await sql<[{ present: boolean }]>`
    select to_regclass(${`${schema}.deposited`}) is not null as present`;
  return row.present;
}
