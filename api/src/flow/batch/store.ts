import type { Queryable, Sql, Tx } from "../../db/types.ts";
import type { Carried, ComposedBatch, ComposedLine } from "./compose-batch.ts";
import type { Referrals } from "./compose-referrals.ts";

/** Sub-root over no receipts: the platform may have a line and none. */
const NO_RECEIPTS = `0x${"00".repeat(32)}`;
const BUILDER_LOCK = 4_927_003;

/** One builder at a time, over all processes, until the transaction ends. */
export async function lockBuilder(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(${BUILDER_LOCK})`;
}

/**
 * What the next batch stands on: the last number that the contract has used, also for a batch that it has undone since, and
 * the digest of the last batch that is live, null before the first. `isSettled` is false while one is on its way.
 */
export type LastBatch = { usedSeq: bigint; isSettled: boolean; digest: `0x${string}` | null; ageMs: number };

export async function lastBatch(sql: Queryable): Promise<LastBatch> {
  const [row] = await sql<[{ used_seq: bigint; is_settled: boolean; digest: `0x${string}` | null; age_ms: number }]>`
    select
      coalesce((select seq from batches where settled_event_id is not null order by seq desc limit 1), 0)::bigint as used_seq,
      not exists (select from batches where state in ('built', 'signed', 'submitted')) as is_settled,
      l.digest, coalesce(extract(epoch from now() - l.built_at) * 1000, 'infinity')::float8 as age_ms
    from (select) one
    left join (select digest, built_at from batches where state <> 'voided' order by seq desc limit 1) l on true`;
  return { usedSeq: row.used_seq, isSettled: row.is_settled, digest: row.digest, ageMs: row.age_ms };
}

/** Operators and referrers with something to earn whom the contract has no account for yet. */
export async function unopenedEarners(
  sql: Sql,
): Promise<Array<{ account_id: string; owner: string; salt: string | null }>> {
  return sql<Array<{ account_id: string; owner: string; salt: string | null }>>`
    select account_id, owner, salt from accounts a
    where chain_account is null and salt is not null and (
      exists (select from entries e where e.credit_account = a.account_id and e.credit_book = 'unsettled')
      or exists (select from batch_referrers r where r.account_id = a.account_id)
    )
    limit 100`;
}

/** Makes the batch's row, so that captures can be claimed for it; the rest is filled in before the commit. */
export async function insertDraft(tx: Tx, { seq, prev }: { seq: bigint; prev: string }): Promise<bigint> {
  const [row] = await tx<[{ batch_id: bigint }]>`
    insert into batches (seq, prev, receipts_root, period_end, gross_micro, debits, credits, referrals)
    values (${seq}, ${prev}, '', now(), 0, '', '', '') returning batch_id`;
  return row.batch_id;
}

type Carries = { accounts: Map<string, Carried>; earners: Map<string, Carried> };

/** What accounts and earners carry out of their last live batch before this one. */
export async function carriesBefore(
  sql: Queryable,
  { batchId, accounts, earners }: { batchId: bigint; accounts: string[]; earners: string[] },
): Promise<Carries> {
  const read = async (table: "batch_accounts" | "batch_earners", of: string[]): Promise<Map<string, Carried>> => {
    const rows = await sql<Array<{ account_id: string; carry_out_nano: bigint; seq: bigint }>>`
      select a.account_id, l.carry_out_nano, l.seq
      from unnest(${of}::text[]) a(account_id)
      cross join lateral (
        select l.carry_out_nano, b.seq from ${sql(table)} l join batches b using (batch_id)
        where l.account_id = a.account_id and l.batch_id < ${batchId} and b.state <> 'voided'
        order by l.batch_id desc limit 1
      ) l`;
    return new Map(rows.map((row) => [row.account_id, { carryNano: row.carry_out_nano, seq: row.seq }]));
  };
  return { accounts: await read("batch_accounts", accounts), earners: await read("batch_earners", earners) };
}

/**
 * Ends the referrals of these accounts that have turned out to be self-dealing. The batch's own time tells it, and whoever
 * computes it again, that they count no more.
 */
export async function endSelfDealing(tx: Tx, accounts: string[]): Promise<void> {
  await tx`select end_self_dealing(${accounts}, now())`;
}

/** Who referred these accounts, and what referrers carry out of their last live batch before this one. */
export async function referralsBefore(
  sql: Queryable,
  { batchId, accounts }: { batchId: bigint; accounts: string[] },
): Promise<Referrals> {
  const referred = await sql<Array<{ account_id: string; referrer_id: string }>>`
    select account_id, referrer_id from referrals
    where account_id = any (${accounts})
      and (ended_at is null or ended_at > (select built_at from batches where batch_id = ${batchId}))`;
  const carried = await sql<Array<{ account_id: string; carry_out_micro: bigint }>>`
    select r.account_id, l.carry_out_micro
    from (select distinct referrer_id as account_id from referrals) r
    cross join lateral (
      select l.carry_out_micro from batch_referrers l join batches b using (batch_id)
      where l.account_id = r.account_id and l.batch_id < ${batchId} and b.state <> 'voided'
      order by l.batch_id desc limit 1
    ) l
    where l.carry_out_micro > 0`;
  return {
    referrerOf: new Map(referred.map((row) => [row.account_id, row.referrer_id])),
    carried: new Map(carried.map((row) => [row.account_id, row.carry_out_micro])),
  };
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

export async function unsignedBatch(sql: Queryable): Promise<UnsignedRow | undefined> {
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

/**
 * Gives up a batch that nobody has signed: its captures wait for another one, or are again those of a batch whose undoing
 * was reorganised away.
 */
export async function dropUnsigned(sql: Sql, batchId: bigint): Promise<void> {
  await sql`select give_up_batch(${batchId}, array['built'])`;
}

export type BatchBytes = { root: string; debits: Uint8Array; credits: Uint8Array; referrals: Uint8Array };

/** Fills in what a draft was composed to. */
export async function saveBatch(
  tx: Tx,
  {
    batchId,
    batch,
    subRoots,
    bytes: { root, debits, credits, referrals },
  }: {
    batchId: bigint;
    batch: ComposedBatch;
    /** Of the receipts of each account that has any. */
    subRoots: ReadonlyMap<string, string>;
    bytes: BatchBytes;
  },
): Promise<void> {
  await tx`
    update batches set receipts_root = ${root}, gross_micro = ${batch.gross}, debits = ${debits}, credits = ${credits},
      referrals = ${referrals}, period_end = date_trunc('second', clock_timestamp())
    where batch_id = ${batchId}`;
  const rows = (lines: ComposedLine[]) => tx`
    unnest(
      ${lines.map((line) => line.accountId)}::text[], ${lines.map((line) => line.number)}::bigint[],
      ${lines.map((line) => line.line.toString())}::bigint[], ${lines.map((line) => line.nano.toString())}::bigint[],
      ${lines.map((line) => line.fundedNano.toString())}::bigint[], ${lines.map((line) => line.carryIn.toString())}::bigint[],
      ${lines.map((line) => line.carryOut.toString())}::bigint[], ${lines.map((line) => line.previousSeq.toString())}::bigint[],
      ${lines.map((line) => line.captures)}::int[], ${lines.map((line) => subRoots.get(line.accountId) ?? NO_RECEIPTS)}::text[]
    ) as l(account_id, chain_account, line, nano, funded, carry_in, carry_out, previous_seq, captures, sub_root)`;
  await tx`
    insert into batch_accounts (batch_id, account_id, chain_account, previous_seq, line_micro, paid_nano, funded_nano,
      carry_in_nano, carry_out_nano, receipts, sub_root)
    select ${batchId}::bigint, account_id, chain_account, previous_seq, line, nano, funded, carry_in, carry_out, captures, sub_root
    from ${rows(batch.accounts)}`;
  await tx`
    insert into batch_earners (batch_id, account_id, chain_account, line_micro, earned_nano, carry_in_nano, carry_out_nano)
    select ${batchId}::bigint, account_id, chain_account, line, nano, carry_in, carry_out from ${rows(batch.earners)}`;
  await insertReferrers(tx, batchId, batch.referrers);
}

async function insertReferrers(tx: Tx, batchId: bigint, referrers: ComposedBatch["referrers"]): Promise<void> {
  await tx`
    insert into batch_referrers (batch_id, account_id, chain_account, referred_micro, carry_in_micro, carry_out_micro, line_micro)
    select ${batchId}::bigint, * from unnest(
      ${referrers.map((line) => line.accountId)}::text[], ${referrers.map((line) => line.number)}::bigint[],
      ${referrers.map((line) => line.referred.toString())}::bigint[], ${referrers.map((line) => line.carryIn.toString())}::bigint[],
      ${referrers.map((line) => line.carryOut.toString())}::bigint[], ${referrers.map((line) => line.line.toString())}::bigint[]
    )`;
}

export type ComposedAccountRow = {
  account_id: string;
  chain_account: bigint;
  previous_seq: bigint;
  line_micro: bigint;
  funded_nano: bigint;
  carry_in_nano: bigint;
  carry_out_nano: bigint;
  receipts: number;
  sub_root: `0x${string}`;
};

/** The account lines of the batch that holds a capture, in the order of its tree, and the capture's operator. */
export async function composedAccounts(
  sql: Queryable,
  { requestId, accountId }: { requestId: string; accountId: string },
): Promise<{ batchId: bigint; seq: bigint; root: `0x${string}`; accounts: ComposedAccountRow[] } | undefined> {
  const [batch] = await sql<Array<{ batch_id: bigint; seq: bigint; receipts_root: `0x${string}` }>>`
    select b.batch_id, b.seq, b.receipts_root from usage u join batches b using (batch_id)
    where u.request_id = ${requestId} and u.account_id = ${accountId}`;
  if (!batch) return undefined;
  const accounts = await sql<ComposedAccountRow[]>`
    select account_id, chain_account, previous_seq, line_micro, funded_nano, carry_in_nano, carry_out_nano, receipts, sub_root
    from batch_accounts
    where batch_id = ${batch.batch_id} order by chain_account`;
  return { batchId: batch.batch_id, seq: batch.seq, root: batch.receipts_root, accounts };
}
