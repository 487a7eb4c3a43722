import { decodeLines } from "@infr/protocol";
import { bytesToHex } from "viem";
import type { BookedEvent } from "../../chain/events-store.ts";
import type { Queryable, Sql, Tx } from "../../db/types.ts";
import type { SettledLine } from "./settlement-entries.ts";

export type BatchRow = {
  batch_id: bigint;
  seq: bigint;
  state: "built" | "signed" | "submitted" | "mined" | "final" | "voided";
  prev: `0x${string}`;
  receipts_root: `0x${string}`;
  period_end: Date;
  gross_micro: bigint;
  debits: Uint8Array;
  credits: Uint8Array;
  referrals: Uint8Array;
};

export type OpenBatchRow = BatchRow & {
  digest: string | null;
  deadline: bigint | null;
  signature: `0x${string}` | null;
};

/** The first batch that is on its way; others, if a reorganisation undid several, stand on it. */
export async function openBatch(sql: Sql): Promise<OpenBatchRow | undefined> {
  const [batch] = await sql<OpenBatchRow[]>`
    select batch_id, seq, state, prev, receipts_root, period_end, gross_micro, debits, credits, referrals,
      digest, deadline, signature
    from batches where state in ('built', 'signed', 'submitted')
    order by seq limit 1`;
  return batch;
}

export async function setSubmitted(
  tx: Tx,
  { batchId, transactionId }: { batchId: bigint; transactionId: string },
): Promise<void> {
  await tx`
    update batches set state = 'submitted', transaction_id = ${transactionId}
    where batch_id = ${batchId} and state in ('signed', 'submitted')`;
}

/** The transaction that brings a batch to the chain. */
export type SubmissionRow = { cause: string; state: string; nonce: bigint | null; age_ms: number };

export async function submissionOf(sql: Sql, batchId: bigint): Promise<SubmissionRow | undefined> {
  const [row] = await sql<SubmissionRow[]>`
    select t.cause, t.state, t.nonce, (extract(epoch from now() - t.updated_at) * 1000)::float8 as age_ms
    from batches b join transactions t using (transaction_id) where b.batch_id = ${batchId}`;
  return row;
}

/** In how many transactions a batch was submitted. It looks at all there are: ask when one has failed, not before. */
export async function countSubmissions(sql: Sql, batchId: bigint): Promise<number> {
  const [row] = await sql<[{ n: number }]>`
    select count(*)::int as n from batches b
    join transactions t using (transaction_id)
    join transactions s on s.kind = 'settle' and s.data = t.data
    where b.batch_id = ${batchId}`;
  return row.n;
}

/** Whose captures are they? That is answered by one process at a time; see `give_up_batch`. */
const lockCaptures = (tx: Tx): Promise<unknown> => tx`lock table voided_captures in exclusive mode`;

/**
 * Gives up a batch that can't be settled any more, and those that stand on it: their captures wait for the next one, or
 * are again those of a batch whose undoing was reorganised away. Does nothing if another process was faster.
 */
export async function giveUpBatch(sql: Sql, batchId: bigint): Promise<void> {
  await sql`select give_up_batch(${batchId}, array['built', 'signed', 'submitted'])`;
}

/** The batch that a digest was signed for, unless it was given up, and the event that has settled it, if one has. */
export async function batchOfDigest(
  tx: Tx,
  digest: string,
): Promise<{ batchId: bigint; settledBy: string | null } | undefined> {
  const [row] = await tx<Array<{ batch_id: bigint; settled_event_id: string | null }>>`
    select batch_id, settled_event_id from batches where digest = ${digest} and state <> 'voided' for update`;
  return row && { batchId: row.batch_id, settledBy: row.settled_event_id };
}

/** The three kinds of lines of a batch, as they were signed, by API account: whose numbers they were when it was built. */
export async function linesOf(
  tx: Tx,
  batchId: bigint,
): Promise<{ debits: SettledLine[]; credits: SettledLine[]; referrals: SettledLine[] }> {
  const [batch] = await tx<[Pick<BatchRow, "debits" | "credits" | "referrals">]>`
    select debits, credits, referrals from batches where batch_id = ${batchId}`;
  const accounts = await accountsOfBatch(tx, batchId);
  const read = (bytes: Uint8Array): SettledLine[] =>
    decodeLines(bytesToHex(bytes)).map(({ id, amount }) => ({ accountId: accountOf(accounts, id), amount }));
  return { debits: read(batch.debits), credits: read(batch.credits), referrals: read(batch.referrals) };
}

/** API accounts by the number that a batch knows them by. */
export async function accountsOfBatch(tx: Tx, batchId: bigint): Promise<Map<number, string>> {
  const rows = await tx<Array<{ account_id: string; chain_account: bigint }>>`
    select account_id, chain_account from batch_accounts where batch_id = ${batchId}
    union
    select account_id, chain_account from batch_earners where batch_id = ${batchId}
    union
    select account_id, chain_account from batch_referrers where batch_id = ${batchId} and chain_account is not null`;
  return new Map(rows.map((row) => [Number(row.chain_account), row.account_id]));
}

export function accountOf(accounts: ReadonlyMap<number, string>, number: number): string {
  const accountId = accounts.get(number);
  if (accountId === undefined) throw new Error(`no account has the number ${number}`);
  return accountId;
}

/** The contract's carries of these earners; taken under the batch's lock, one batch is booked at a time. */
export async function carriesOf(tx: Tx, accounts: string[]): Promise<Map<string, bigint>> {
  if (accounts.length === 0) return new Map();
  const rows = await tx<Array<{ account_id: string; carry: number }>>`
    select account_id, carry from earner_carries where account_id in ${tx(accounts)}`;
  return new Map(rows.map((row) => [row.account_id, BigInt(row.carry)]));
}

export async function saveCarries(tx: Tx, carries: ReadonlyMap<string, bigint>): Promise<void> {
  await tx`
    insert into earner_carries (account_id, carry)
    select * from unnest(${[...carries.keys()]}::text[], ${[...carries.values()].map(Number)}::int[])
    on conflict (account_id) do update set carry = excluded.carry`;
}

export async function setMined(tx: Tx, { batchId, eventId }: { batchId: bigint; eventId: string }): Promise<void> {
  await tx`update batches set state = 'mined', settled_event_id = ${eventId} where batch_id = ${batchId}`;
}

/** The settlement was reorganised away. @returns the batch that is on its way again */
export async function unsetMined(tx: Tx, eventId: string): Promise<bigint> {
  const [row] = await tx<Array<{ batch_id: bigint }>>`
    update batches set state = 'submitted', settled_event_id = null
    where settled_event_id = ${eventId} returning batch_id`;
  if (!row) throw new Error(`no batch was settled by ${eventId}`);
  return row.batch_id;
}

/** The live batch that the contract has undone, and the booking of its settlement. */
export type UndoneBatch = { batchId: bigint; settled: Pick<BookedEvent, "event_id" | "times_booked"> };

export async function settledBatchOfDigest(tx: Tx, digest: string): Promise<UndoneBatch | undefined> {
  const [row] = await tx<Array<{ batch_id: bigint; event_id: string; times_booked: number }>>`
    select b.batch_id, e.event_id, e.times_booked
    from batches b join chain_events e on e.event_id = b.settled_event_id
    where b.digest = ${digest} and b.state in ('mined', 'final') for update of b`;
  return row && { batchId: row.batch_id, settled: row };
}

/** The contract has undone a batch: its captures are unsettled again, and remembered as long as that is not final. */
export async function setVoided(tx: Tx, { batchId, eventId }: { batchId: bigint; eventId: string }): Promise<void> {
  await lockCaptures(tx);
  await tx`update batches set state = 'voided', voided_event_id = ${eventId} where batch_id = ${batchId}`;
  await tx`
    insert into voided_captures (batch_id, account_id, started_at, request_id)
    select batch_id, account_id, started_at, request_id from usage where batch_id = ${batchId}
    on conflict do nothing`;
  await tx`update usage set batch_id = null where batch_id = ${batchId}`;
}

/**
 * The undoing was reorganised away: the batch is settled again. Captures that a later batch has claimed meanwhile come
 * back when that one is given up: it can't be settled as long as this one is live.
 * @returns the batch
 */
export async function unsetVoided(tx: Tx, eventId: string): Promise<bigint> {
  await lockCaptures(tx);
  const [row] = await tx<Array<{ batch_id: bigint }>>`
    update batches set state = 'mined', voided_event_id = null where voided_event_id = ${eventId} returning batch_id`;
  if (!row) throw new Error(`no batch was undone by ${eventId}`);
  await tx`
    update usage u set batch_id = v.batch_id from voided_captures v
    where v.batch_id = ${row.batch_id} and u.batch_id is null
      and u.account_id = v.account_id and u.started_at = v.started_at and u.request_id = v.request_id`;
  return row.batch_id;
}

/** What accounts owe by now, in nano-dollars. */
export async function debtsOf(tx: Tx, accounts: string[]): Promise<Map<string, bigint>> {
  if (accounts.length === 0) return new Map();
  const rows = await tx<Array<{ account_id: string; debt_nano: bigint }>>`
    select account_id, debt_nano from balances where account_id in ${tx(accounts)}`;
  return new Map(rows.map((row) => [row.account_id, row.debt_nano]));
}

/**
 * Batches whose event is final are final. What an undone one had claimed is forgotten when its undoing is final, or when
 * that was reorganised away for good and nothing on its way could have claimed it meanwhile.
 */
export async function finalizeBatches(sql: Sql): Promise<void> {
  await sql`
    update batches b set state = 'final' from chain_events e
    where b.state = 'mined' and e.event_id = b.settled_event_id and e.finality = 'final'`;
  await sql`
    delete from voided_captures v using batches b join chain_events e on e.event_id = b.voided_event_id
    where v.batch_id = b.batch_id and e.finality = 'final'`;
  await sql`
    delete from voided_captures v using batches b
    where v.batch_id = b.batch_id and b.state = 'final'
      and not exists (select from batches where state in ('built', 'signed', 'submitted'))`;
}

export type BatchListRow = BatchRow & {
  digest: string | null;
  transaction_hash: string | null;
  built_at: Date;
  debit_lines: number;
  credit_lines: number;
};

/** Batches, newest first; or one of them. */
export async function listBatches(
  sql: Queryable,
  { limit, seq }: { limit: number; seq: bigint | null },
): Promise<BatchListRow[]> {
  return sql<BatchListRow[]>`
    select b.*, e.transaction_hash, length(b.debits) / 9 as debit_lines, length(b.credits) / 9 as credit_lines
    from batches b left join chain_events e on e.event_id = b.settled_event_id
    ${seq === null ? sql`` : sql`where b.seq = ${seq}`}
    order by b.batch_id desc
    limit ${limit}`;
}
