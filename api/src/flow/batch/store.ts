import type { Queryable, Sql, Tx } from "../../db/types.ts";
import type { Carried, ComposedBatch, ComposedLine } from "./compose-batch.ts";

const BUILDER_LOCK = 4_927_003;

/** One builder at a time, over all processes, until the transaction ends. */
export async function lockBuilder(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(${BUILDER_LOCK})`;
}

/**
 * What the next batch stands on: the last number that the contract has used, also for a batch that it has undone since, and
 * the digest of the last batch that is live, null before the first. `isSettled` is false while one is on its way.
 */
export async function lastBatch(
  sql: Queryable,
): Promise<{ usedSeq: bigint; isSettled: boolean; digest: `0x${string}` | null }> {
  const [row] = await sql<[{ used_seq: bigint; is_settled: boolean; digest: `0x${string}` | null }]>`
    select
      coalesce(max(seq) filter (where settled_event_id is not null), 0)::bigint as used_seq,
      coalesce(bool_and(state in ('mined', 'final', 'voided')), true) as is_settled,
      (select digest from batches where state <> 'voided' order by seq desc limit 1) as digest
    from batches`;
  return { usedSeq: row.used_seq, isSettled: row.is_settled, digest: row.digest };
}

export type Candidate = { account_id: string; chain_account: bigint; unsettled_nano: bigint; funded_nano: bigint };

/** Accounts whose unsettled usage is large or old enough for a line, largest first. */
export async function flushCandidates(
  sql: Sql,
  { flushNano, flushAfterSeconds, limit }: { flushNano: bigint; flushAfterSeconds: number; limit: number },
): Promise<Candidate[]> {
  return sql<Candidate[]>`
    select a.account_id, a.chain_account, sum(u.cost_nano - u.funded_nano)::bigint as unsettled_nano,
      sum(u.funded_nano)::bigint as funded_nano
    from usage u
    join settleable_accounts a using (account_id)
    join settleable_accounts o on o.account_id = u.operator_id
    where u.batch_id is null
    group by a.account_id, a.chain_account
    having sum(u.cost_nano) >= ${flushNano}
      or (sum(u.cost_nano) > 0 and min(u.captured_at) < now() - make_interval(secs => ${flushAfterSeconds}))
    order by sum(u.cost_nano) desc
    limit ${limit}`;
}

/** Operators with unsettled earnings that the contract has no account for yet. */
export async function unopenedEarners(
  sql: Sql,
): Promise<Array<{ account_id: string; owner: string; salt: string | null }>> {
  return sql<Array<{ account_id: string; owner: string; salt: string | null }>>`
    select account_id, owner, salt from accounts a
    where chain_account is null and salt is not null
      and exists (select from usage u where u.operator_id = a.account_id and u.batch_id is null)
    limit 100`;
}

/** Makes the batch's row, so that captures can be claimed for it; the rest is filled in before the commit. */
export async function insertDraft(tx: Tx, { seq, prev }: { seq: bigint; prev: string }): Promise<bigint> {
  const [row] = await tx<[{ batch_id: bigint }]>`
    insert into batches (seq, prev, receipts_root, period_end, gross_micro, debits, credits, referrals)
    values (${seq}, ${prev}, '', now(), 0, '', '', '') returning batch_id`;
  return row.batch_id;
}

/** What a line of an account may come to, in nano-dollars with what it carries: more would not settle. */
export type Room = { accountId: string; roomNano: bigint };

/** Claims captures, whole and oldest first, as long as they fit the room of their account. @returns how many */
export async function claimCaptures(
  tx: Tx,
  { batchId, rooms, limit }: { batchId: bigint; rooms: Room[]; limit: number },
): Promise<number> {
  const rows = await tx`
    with fitting as (
      select account_id, started_at, request_id from (
        select u.account_id, u.started_at, u.request_id, r.room_nano, coalesce(l.carry_out_nano, 0) + sum(u.cost_nano - u.funded_nano)
          over (partition by u.account_id order by u.started_at, u.request_id) as line_nano
        from unnest(${rooms.map((room) => room.accountId)}::text[], ${rooms.map((room) => room.roomNano.toString())}::bigint[])
          r(account_id, room_nano)
        join usage u using (account_id)
        join settleable_accounts o on o.account_id = u.operator_id
        left join lateral (
          select b.carry_out_nano from batch_accounts b join batches using (batch_id)
          where b.account_id = u.account_id and batches.state <> 'voided' order by b.batch_id desc limit 1
        ) l on true
        where u.batch_id is null
      ) u
      where line_nano < room_nano
      limit ${limit}
    )
    update usage u set batch_id = ${batchId} from fitting f
    where u.account_id = f.account_id and u.started_at = f.started_at and u.request_id = f.request_id`;
  return rows.count;
}

export type ClaimedRow = {
  account_id: string;
  account_ref: `0x${string}`;
  account_number: bigint;
  operator_id: string;
  operator_number: bigint;
  request_id: string;
  receipt_salt: Uint8Array;
  model: string;
  price_version: `0x${string}`;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  units: bigint;
  cost_nano: bigint;
  funded_nano: bigint;
  usage_source: "node" | "recount" | "drained";
  captured_at: Date;
};

/** A batch's captures, in the order of its receipts; of one account, if given. */
export async function claimedCaptures(sql: Queryable, batchId: bigint, accountId?: string): Promise<ClaimedRow[]> {
  return sql<ClaimedRow[]>`
    select u.account_id, a.ref as account_ref, a.chain_account as account_number, u.operator_id, o.chain_account as operator_number,
      u.request_id, u.receipt_salt, u.model, u.price_version, u.prompt_tokens, u.cached_tokens, u.completion_tokens,
      u.reasoning_tokens, u.units, u.cost_nano, u.funded_nano, u.usage_source, u.captured_at
    from usage u
    join accounts a using (account_id)
    join accounts o on o.account_id = u.operator_id
    where u.batch_id = ${batchId} ${accountId === undefined ? sql`` : sql`and u.account_id = ${accountId}`}
    order by a.chain_account, u.started_at, u.request_id`;
}

/** What accounts and earners carry out of their last live batch. */
export async function carriedBy(tx: Tx): Promise<{ accounts: Map<string, Carried>; earners: Map<string, Carried> }> {
  const read = async (table: "batch_accounts" | "batch_earners"): Promise<Map<string, Carried>> => {
    const rows = await tx<Array<{ account_id: string; carry_out_nano: bigint; seq: bigint }>>`
      select distinct on (l.account_id) l.account_id, l.carry_out_nano, b.seq
      from ${tx(table)} l join batches b using (batch_id)
      where b.state <> 'voided'
      order by l.account_id, l.batch_id desc`;
    return new Map(rows.map((row) => [row.account_id, { carryNano: row.carry_out_nano, seq: row.seq }]));
  };
  return { accounts: await read("batch_accounts"), earners: await read("batch_earners") };
}

export type UnsignedRow = {
  batch_id: bigint;
  seq: bigint;
  prev: `0x${string}`;
  receipts_root: `0x${string}`;
  period_end: Date;
  debits: Uint8Array;
  credits: Uint8Array;
  referrals: Uint8Array;
};

export async function unsignedBatch(sql: Sql): Promise<UnsignedRow | undefined> {
  const [row] = await sql<UnsignedRow[]>`
    select batch_id, seq, prev, receipts_root, period_end, debits, credits, referrals from batches where state = 'built'`;
  return row;
}

/** Keeps a signature before anybody sees it. */
export async function saveSignature(
  sql: Sql,
  { batchId, digest, deadline, signature }: { batchId: bigint; digest: string; deadline: bigint; signature: string },
): Promise<void> {
  await sql`
    update batches set state = 'signed', digest = ${digest}, deadline = ${deadline}, signature = ${signature}
    where batch_id = ${batchId} and state = 'built'`;
}

/** Fills in what a draft was composed to. */
export async function saveBatch(
  tx: Tx,
  {
    batchId,
    batch,
    root,
    subRoots,
    debits,
    credits,
    referrals,
  }: {
    batchId: bigint;
    batch: ComposedBatch;
    root: string;
    /** Of the receipts of each account, by number. */
    subRoots: ReadonlyMap<number, string>;
    debits: Uint8Array;
    credits: Uint8Array;
    referrals: Uint8Array;
  },
): Promise<void> {
  await tx`
    update batches set receipts_root = ${root}, gross_micro = ${batch.gross}, debits = ${debits}, credits = ${credits},
      referrals = ${referrals}, period_end = date_trunc('second', now())
    where batch_id = ${batchId}`;
  const rows = (lines: ComposedLine[]) => tx`
    unnest(
      ${lines.map((line) => line.accountId)}::text[], ${lines.map((line) => line.number)}::bigint[],
      ${lines.map((line) => line.line.toString())}::bigint[], ${lines.map((line) => line.nano.toString())}::bigint[],
      ${lines.map((line) => line.fundedNano.toString())}::bigint[], ${lines.map((line) => line.carryIn.toString())}::bigint[],
      ${lines.map((line) => line.carryOut.toString())}::bigint[], ${lines.map((line) => line.previousSeq.toString())}::bigint[],
      ${lines.map((line) => line.captures)}::int[], ${lines.map((line) => subRoots.get(line.number) ?? "")}::text[]
    ) as l(account_id, chain_account, line, nano, funded, carry_in, carry_out, previous_seq, captures, sub_root)`;
  await tx`
    insert into batch_accounts (batch_id, account_id, chain_account, previous_seq, line_micro, paid_nano, funded_nano,
      carry_in_nano, carry_out_nano, receipts, sub_root)
    select ${batchId}::bigint, account_id, chain_account, previous_seq, line, nano, funded, carry_in, carry_out, captures, sub_root
    from ${rows(batch.accounts)}`;
  await tx`
    insert into batch_earners (batch_id, account_id, chain_account, line_micro, earned_nano, carry_in_nano, carry_out_nano)
    select ${batchId}::bigint, account_id, chain_account, line, nano, carry_in, carry_out from ${rows(batch.earners)}`;
}

export type ComposedAccountRow = {
  chain_account: bigint;
  previous_seq: bigint;
  line_micro: bigint;
  funded_nano: bigint;
  carry_in_nano: bigint;
  carry_out_nano: bigint;
  receipts: number;
  sub_root: `0x${string}`;
};

/** The account lines of the batch that holds a capture, in the order of its tree. */
export async function composedAccounts(
  sql: Queryable,
  { requestId, accountId }: { requestId: string; accountId: string },
): Promise<{ batchId: bigint; seq: bigint; root: `0x${string}`; accounts: ComposedAccountRow[] } | undefined> {
  const [batch] = await sql<Array<{ batch_id: bigint; seq: bigint; receipts_root: `0x${string}` }>>`
    select b.batch_id, b.seq, b.receipts_root from usage u join batches b using (batch_id)
    where u.request_id = ${requestId} and u.account_id = ${accountId}`;
  if (!batch) return undefined;
  const accounts = await sql<ComposedAccountRow[]>`
    select chain_account, previous_seq, line_micro, funded_nano, carry_in_nano, carry_out_nano, receipts, sub_root
    from batch_accounts
    where batch_id = ${batch.batch_id} order by chain_account`;
  return { batchId: batch.batch_id, seq: batch.seq, root: batch.receipts_root, accounts };
}
