import type { Queryable, Sql } from "../db/types.ts";

/** A month in UTC: from its first moment until the first of the next one. */
export type Period = { from: Date; until: Date };

/** Jobs are billed for what they did up to so long ago; a day more leaves room for clocks. */
const LONGEST_JOB = "32 days";

/** Statements are read in one snapshot, or what is booked meanwhile would not add up. */
export async function inSnapshot<T>(sql: Sql, read: (tx: Queryable) => Promise<T>): Promise<T> {
  return (await sql.begin("isolation level repeatable read read only", (tx) => read(tx))) as T;
}

export type HolderRow = { owner: string; created_at: Date };

export async function holderOf(sql: Queryable, accountId: string): Promise<HolderRow | undefined> {
  const [row] = await sql<HolderRow[]>`
    select owner, created_at from accounts where account_id = ${accountId} and owner is not null`;
  return row;
}

export type EndsRow = { opening: bigint; closing: bigint; earned_opening: bigint; earned_closing: bigint };

/**
 * What an account had before and after a period, in nano-dollars: its balance, which is credit − debt − unsettled usage +
 * platform-funded credit, and its earnings in the contract.
 */
export async function endsOf(
  sql: Queryable,
  { accountId, from, until }: { accountId: string } & Period,
): Promise<EndsRow> {
  const [row] = await sql<[EndsRow]>`
    select
      coalesce(sum(-amount_nano) filter (where book <> 'earnings' and booked_at < ${from}), 0)::bigint as opening,
      coalesce(sum(-amount_nano) filter (where book <> 'earnings'), 0)::bigint as closing,
      coalesce(sum(-amount_nano) filter (where book = 'earnings' and booked_at < ${from}), 0)::bigint as earned_opening,
      coalesce(sum(-amount_nano) filter (where book = 'earnings'), 0)::bigint as earned_closing
    from entry_sides
    where account_id = ${accountId} and book in ('credit', 'debt', 'usage', 'funded', 'earnings') and booked_at < ${until}`;
  return row;
}

export type MovementRow = {
  cause: string;
  booked_at: Date;
  /** What the cause was on the chain, if it was there. */
  event_kind: string | null;
  is_earning: boolean;
  amount: bigint;
};

/** What moved an account's balance or its earnings in a period, but for what it used, by cause and in time. */
export async function movementsOf(
  sql: Queryable,
  { accountId, from, until }: { accountId: string } & Period,
): Promise<MovementRow[]> {
  return sql<MovementRow[]>`
    select m.cause, m.booked_at, e.kind as event_kind, m.is_earning, m.amount
    from (
      select cause, min(booked_at) as booked_at, book = 'earnings' as is_earning, sum(-amount_nano)::bigint as amount
      from entry_sides
      where account_id = ${accountId} and book in ('credit', 'debt', 'usage', 'funded', 'earnings')
        and booked_at >= ${from} and booked_at < ${until} and cause not like 'capture:%'
      group by cause, is_earning
      having sum(amount_nano) <> 0
    ) m
    left join chain_events e on e.event_id = regexp_replace(m.cause, '^(reverse:)?[a-z]+:(.*?)(#[0-9]+)?$', '\\2')
    order by m.booked_at, m.cause`;
}

export type UsedRow = { requests: bigint; cost: bigint; funded: bigint };

/** What an account was charged in a period. */
export async function usedIn(
  sql: Queryable,
  { accountId, from, until }: { accountId: string } & Period,
): Promise<UsedRow> {
  const [row] = await sql<[UsedRow]>`
    select count(distinct cause) as requests, coalesce(sum(amount_nano), 0)::bigint as cost,
      coalesce(sum(amount_nano) filter (where debit_book = 'funded'), 0)::bigint as funded
    from entries
    where debit_account = ${accountId} and debit_book in ('usage', 'funded') and cause like 'capture:%'
      and booked_at >= ${from} and booked_at < ${until}`;
  return row;
}

/** An account's charges in a period: the amounts from the ledger, what was metered from the usage log. */
const chargesOf = (sql: Queryable, { accountId, from, until }: { accountId: string } & Period) => sql`
  select u.*, c.booked_at, c.charged, c.funded
  from usage u
  cross join lateral (
    select min(e.booked_at) as booked_at, sum(e.amount_nano)::bigint as charged,
      coalesce(sum(e.amount_nano) filter (where e.debit_book = 'funded'), 0)::bigint as funded
    from entries e
    where e.cause = 'capture:' || u.request_id and e.debit_account = u.account_id and e.debit_book in ('usage', 'funded')
      and e.booked_at >= ${from} and e.booked_at < ${until}
  ) c
  where u.account_id = ${accountId} and u.started_at >= ${from}::timestamptz - ${LONGEST_JOB}::interval
    and u.started_at < ${until}::timestamptz + interval '1 day' and c.charged is not null`;

export type GroupRow = {
  model: string;
  key_id: string | null;
  key_name: string | null;
  requests: bigint;
  cost: bigint;
};

/** What was charged, by model and key. */
export async function groupsOf(sql: Queryable, period: { accountId: string } & Period): Promise<GroupRow[]> {
  return sql<GroupRow[]>`
    select g.*, k.name as key_name
    from (
      select model, key_id, count(*) as requests, sum(charged)::bigint as cost
      from (${chargesOf(sql, period)}) u group by model, key_id
    ) g
    left join api_keys k using (key_id)
    order by g.model, g.key_id`;
}

export type LineRow = {
  request_id: string;
  booked_at: Date;
  model: string;
  key_id: string | null;
  price_version: string;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  units: bigint;
  charged: bigint;
  funded: bigint;
  batch_seq: bigint | null;
};

/** Charges one by one, in the order in which they began, from the one after `after` on. */
export async function linesOf(
  sql: Queryable,
  {
    after,
    limit,
    ...period
  }: { accountId: string; after: { requestId: string; startedAt: Date } | null; limit: number } & Period,
): Promise<LineRow[]> {
  return sql<LineRow[]>`
    select c.request_id, c.booked_at, c.model, c.key_id, c.price_version, c.prompt_tokens, c.cached_tokens, c.completion_tokens,
      c.reasoning_tokens, c.units, c.charged, c.funded, b.seq as batch_seq
    from (
      ${chargesOf(sql, period)}
        ${after === null ? sql`` : sql`and (u.started_at, u.request_id) > (${after.startedAt}, ${after.requestId})`}
      order by u.started_at, u.request_id
      limit ${limit}
    ) c
    left join batches b using (batch_id)
    order by c.started_at, c.request_id`;
}

export type SettledRow = {
  seq: bigint;
  line_micro: bigint;
  funded_nano: bigint;
  receipts: number;
  transaction_hash: string;
};

/** Batches that were settled in a period, in their order, and how many there were with what in all. */
export async function settledIn(
  sql: Queryable,
  { accountId, from, until, limit }: { accountId: string; limit: number } & Period,
): Promise<{ count: bigint; line: bigint; rows: SettledRow[] }> {
  const settled = sql`
    select b.seq, l.line_micro, l.funded_nano, l.receipts, e.transaction_hash
    from batch_accounts l join batches b using (batch_id) join chain_events e on e.event_id = b.settled_event_id
    where l.account_id = ${accountId} and e.reversed_at is null and e.booked_at >= ${from} and e.booked_at < ${until}`;
  const [total] = await sql<[{ count: bigint; line: bigint }]>`
    select count(*) as count, coalesce(sum(line_micro), 0)::bigint as line from (${settled}) s`;
  const rows = await sql<SettledRow[]>`${settled} order by b.seq limit ${limit}`;
  return { ...total, rows };
}
