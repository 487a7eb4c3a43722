import type { PendingQuery, Row } from "postgres";
import type { Queryable, Sql, Tx } from "../../db/types.ts";
import type { Candidate } from "./choose-accounts.ts";

/** What a receipt needs of a capture, besides who account and operator are in the contract. */
export type CaptureRow = {
  account_id: string;
  operator_id: string;
  request_id: string;
  receipt_salt: Uint8Array;
  model: string;
  price_version: `0x${string}`;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  units: number;
  cost_nano: bigint;
  funded_nano: bigint;
  usage_source: "node" | "recount" | "drained";
  /** Seconds since 1970 at which it was captured. */
  time: number;
};

const columnsOf = (sql: Queryable) => sql`
  u.account_id, u.operator_id, u.request_id, u.receipt_salt, u.model, u.price_version, u.prompt_tokens, u.cached_tokens,
  u.completion_tokens, u.reasoning_tokens, u.units::float8 as units, u.cost_nano, u.funded_nano, u.usage_source,
  floor(extract(epoch from u.captured_at))::float8 as time`;

/** How long an operator is new, and so of low standing, and how long a card payment can be disputed. */
export type Caution = { newOperatorDays: number; chargebackDays: number };

/**
 * Captures whose platform-funded part may be settled: it can't be taken out of the contract again, so an operator who is
 * not known well gets it when the payment behind it is final. Ledger and contract alike owe it to him until then.
 */
const maySettle = (sql: Queryable, caution: Caution | undefined) =>
  caution === undefined
    ? sql``
    : sql`and (funded_nano = 0 or captured_at < now() - make_interval(days => ${caution.chargebackDays})
        or operator_id not in (select operators_of_low_standing(make_interval(days => ${caution.newOperatorDays}))))`;

/** Accounts with due usage that are looked at for one batch: more than it has lines for. */
const MAX_CANDIDATES = 2_000;

/**
 * Accounts whose unsettled usage is large or old enough for a line: the largest and the one that waits longest by turns, so
 * that neither many small ones nor many large ones keep the others out. Captures of operators without a lasting number wait.
 */
export async function flushCandidates(
  sql: Sql,
  { flushNano, flushAfterSeconds, caution }: { flushNano: bigint; flushAfterSeconds: number; caution?: Caution },
): Promise<Candidate[]> {
  const rows = await sql<
    Array<{
      account_id: string;
      paid_captures: number;
      funded_captures: number;
      unsettled_nano: bigint;
      funded_nano: bigint;
      operators: string[];
      referrer_id: string | null;
    }>
  >`
    with waiting as (
      select account_id, operator_id, count(*) filter (where funded_nano = 0) as paid_captures,
        count(*) filter (where funded_nano > 0) as funded_captures, sum(cost_nano - funded_nano) as unsettled,
        sum(funded_nano) as funded, min(captured_at) as oldest
      from usage where batch_id is null ${maySettle(sql, caution)}
      group by 1, 2
    ), placed as (
      select w.*, ${byTurns(sql, sql`partition by w.account_id`, sql`w.operator_id`)} as place
      from waiting w
      where ${isSettleable(sql, sql`w.account_id`)} and ${isSettleable(sql, sql`w.operator_id`)}
    ), due as (
      select account_id, sum(paid_captures)::int as paid_captures, sum(funded_captures)::int as funded_captures,
        sum(unsettled)::bigint as unsettled, sum(funded)::bigint as funded, min(oldest) as oldest,
        array_agg(operator_id order by place, operator_id) as operators
      from placed
      group by 1
      having sum(unsettled + funded) >= ${flushNano}
        or (sum(unsettled + funded) > 0 and min(oldest) < now() - make_interval(secs => ${flushAfterSeconds}))
    )
    select account_id, paid_captures, funded_captures, unsettled as unsettled_nano, funded as funded_nano, operators,
      referrer_id
    from due left join referrals using (account_id)
    order by ${byTurns(sql, sql``, sql`account_id`)}
    limit ${MAX_CANDIDATES}`;
  return rows.map((row) => ({
    accountId: row.account_id,
    paidCaptures: row.paid_captures,
    fundedCaptures: row.funded_captures,
    unsettledNano: row.unsettled_nano,
    fundedNano: row.funded_nano,
    operators: row.operators,
    referrerId: row.referrer_id,
  }));
}

/**
 * Asked for each by its key. As a join it went row by row through all accounts, for every pair of account and operator, while
 * PostgreSQL had no statistics of young tables: 11 s instead of 1.
 */
const isSettleable = (sql: Sql, id: PendingQuery<Row[]>) => sql`
  (select true from settleable_accounts s where s.account_id = ${id}) is true`;

/** A row's place if the dearest and the oldest come first by turns. */
const byTurns = (sql: Sql, among: PendingQuery<Row[]>, id: PendingQuery<Row[]>) => sql`
  least(2 * row_number() over (${among} order by unsettled + funded desc, ${id}) - 1,
    2 * row_number() over (${among} order by oldest, ${id}))`;

/** Whether so many captures wait for a batch. */
export async function isFull(sql: Sql, captures: number): Promise<boolean> {
  const [row] = await sql`select from usage where batch_id is null offset ${captures - 1} limit 1`;
  return row !== undefined;
}

/** What is asked of one account: captures that come after a place, as many and as dear as it has room for. */
export type Ask = {
  accountId: string;
  /** What is paid has to stay below it. */
  paidNano: bigint;
  /** What the platform pays may not exceed it. */
  fundedNano: bigint;
  most: number;
  /** Of the capture before the first one, as text, so that no microsecond is lost. */
  after: Place;
};

export type Place = { startedAt: string; requestId: string };
/** `last_at`: when the last capture that was asked for of its account began, as text; null for all others. */
export type ClaimedRow = CaptureRow & { last_at: string | null };

/**
 * Claims captures, whole and oldest first, as long as they fit; with platform-funded credit in them, or without.
 * @returns what was claimed, in no order
 */
export async function claimCaptures(
  tx: Tx,
  {
    batchId,
    operators,
    funded,
    asks,
    caution,
  }: { batchId: bigint; operators: string[]; funded: boolean; asks: Ask[]; caution: Caution | undefined },
): Promise<ClaimedRow[]> {
  return tx<ClaimedRow[]>`
    with asked as (
      select account_id, paid_room, funded_room, most, after_at::timestamptz as after_at, after_id from unnest(
        ${asks.map((ask) => ask.accountId)}::text[], ${asks.map((ask) => String(ask.paidNano))}::bigint[],
        ${asks.map((ask) => String(ask.fundedNano))}::bigint[], ${asks.map((ask) => ask.most)}::int[],
        ${asks.map((ask) => ask.after.startedAt)}::text[], ${asks.map((ask) => ask.after.requestId)}::text[]
      ) a(account_id, paid_room, funded_room, most, after_at, after_id)
    ), fitting as (
      select account_id, started_at, request_id, place = most as is_last from (
        select q.*, a.paid_room, a.funded_room, a.most, row_number() over oldest_first as place, sum(q.cost_nano - q.funded_nano) over oldest_first as paid,
          sum(q.funded_nano) over oldest_first as funded
        from asked a cross join lateral (
          select u.account_id, u.started_at, u.request_id, u.cost_nano, u.funded_nano from usage u
          where u.account_id = a.account_id and u.batch_id is null
            and (u.started_at, u.request_id) > (a.after_at, a.after_id)
            and u.operator_id = any (${operators}::text[]) and (u.funded_nano > 0) = ${funded} ${maySettle(tx, funded ? caution : undefined)}
          order by u.started_at, u.request_id
          limit a.most
        ) q
        window oldest_first as (partition by q.account_id order by q.started_at, q.request_id)
      ) q
      where paid < paid_room and funded <= funded_room
    )
    update usage u set batch_id = ${batchId} from fitting f
    where u.account_id = f.account_id and u.started_at = f.started_at and u.request_id = f.request_id
    returning ${columnsOf(tx)}, case when f.is_last then u.started_at::text end as last_at`;
}

const READ_AT_ONCE = 2_000;

/** A batch's captures, in no order; of one account, if given. */
export async function* capturesOf(
  sql: Queryable,
  batchId: bigint,
  accountId?: string,
): AsyncGenerator<CaptureRow[], void> {
  yield* sql<CaptureRow[]>`
    select ${columnsOf(sql)} from usage u
    where u.batch_id = ${batchId} ${accountId === undefined ? sql`` : sql`and u.account_id = ${accountId}`}`.cursor(
    READ_AT_ONCE,
  );
}

/** Who an account is in the contract. */
export type Party = { accountId: string; number: number | null; ref: Uint8Array | null; isLasting: boolean };
type PartyRow = { account_id: string; chain_account: bigint | null; ref: string | null; is_lasting: boolean };

/** Accounts by id; `isLasting` if no reorganisation is expected to give their number to somebody else. */
export async function partiesOf(sql: Queryable, accounts: string[]): Promise<Map<string, Party>> {
  return partiesIn(sql, sql`select unnest(${accounts}::text[])`);
}

/** The accounts whose captures a batch has, or one of them, and their operators. */
export async function partiesOfBatch(sql: Queryable, batchId: bigint, accountId?: string): Promise<Map<string, Party>> {
  const rows = sql`usage where batch_id = ${batchId} ${accountId === undefined ? sql`` : sql`and account_id = ${accountId}`}`;
  return partiesIn(sql, sql`select account_id from ${rows} union select operator_id from ${rows}`);
}

async function partiesIn(sql: Queryable, accounts: PendingQuery<Row[]>): Promise<Map<string, Party>> {
  const rows = await sql<PartyRow[]>`
    select a.account_id, a.chain_account, a.ref, s.account_id is not null as is_lasting
    from accounts a left join settleable_accounts s using (account_id)
    where a.account_id in (${accounts})`;
  return new Map(
    rows.map((row) => [
      row.account_id,
      {
        accountId: row.account_id,
        number: row.chain_account === null ? null : Number(row.chain_account),
        ref: row.ref === null ? null : Buffer.from(row.ref.slice(2), "hex"),
        isLasting: row.is_lasting,
      },
    ]),
  );
}
