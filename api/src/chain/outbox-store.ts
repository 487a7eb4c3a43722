import type { Queryable, Sql, Tx } from "../db/types.ts";

export type TransactionState = "queued" | "sent" | "mined" | "final" | "failed";

export type TransactionRow = {
  transaction_id: string;
  account_id: string | null;
  kind: string;
  cause: string;
  sender: string;
  target: `0x${string}`;
  data: `0x${string}`;
  state: TransactionState;
  nonce: bigint | null;
  mined_hash: `0x${string}` | null;
  block_number: bigint | null;
  block_hash: string | null;
  error: string | null;
  updated_at: Date;
};

/** What is to go on-chain, and why: `cause` makes queueing it twice one transaction. */
export type Outgoing = {
  transactionId: string;
  accountId: string | null;
  kind: string;
  cause: string;
  sender: string;
  target: string;
  data: string;
};

/** Puts a transaction into the outbox, once per cause; one that failed before it was sent is tried again. @returns its row */
export async function queueTransaction(tx: Tx, out: Outgoing): Promise<TransactionRow> {
  await tx`
    insert into transactions (transaction_id, account_id, kind, cause, sender, target, data)
    values (${out.transactionId}, ${out.accountId}, ${out.kind}, ${out.cause}, ${out.sender.toLowerCase()},
      ${out.target.toLowerCase()}, ${out.data.toLowerCase()})
    on conflict (cause) do update set state = 'queued', error = null, failures = 0, data = excluded.data, updated_at = now()
      where transactions.state = 'failed' and transactions.nonce is null`;
  const [row] = await tx<[TransactionRow]>`select * from transactions where cause = ${out.cause}`;
  return row;
}

export async function transactionById(
  sql: Queryable,
  { transactionId, accountId }: { transactionId: string; accountId: string },
): Promise<TransactionRow | undefined> {
  const [row] = await sql<TransactionRow[]>`
    select * from transactions where transaction_id = ${transactionId} and account_id = ${accountId}`;
  return row;
}

export async function transactionByCause(sql: Queryable, cause: string): Promise<TransactionRow | undefined> {
  const [row] = await sql<TransactionRow[]>`select * from transactions where cause = ${cause}`;
  return row;
}

export async function transactionState(sql: Queryable, transactionId: string): Promise<TransactionRow | undefined> {
  const [row] = await sql<TransactionRow[]>`select * from transactions where transaction_id = ${transactionId}`;
  return row;
}

/** What a sender has to send or to see mined: oldest nonce first, then what is not sent yet. */
export async function openTransactions(
  sql: Sql,
  { sender, limit }: { sender: string; limit: number },
): Promise<TransactionRow[]> {
  return sql<TransactionRow[]>`
    select * from transactions
    where sender = ${sender} and state in ('queued', 'sent')
    order by nonce nulls last, created_at, transaction_id
    limit ${limit}`;
}

export type AttemptRow = { hash: `0x${string}`; raw: `0x${string}`; max_fee_per_gas: string; signed_at: Date };

/** Signed versions of a transaction, newest first. */
export async function attemptsOf(sql: Sql, transactionId: string): Promise<AttemptRow[]> {
  return sql<AttemptRow[]>`
    select hash, raw, max_fee_per_gas::text, signed_at from transaction_attempts
    where transaction_id = ${transactionId} order by signed_at desc`;
}

/** The nonce after the highest one this sender ever used. */
export async function nextJournalNonce(sql: Sql, sender: string): Promise<number> {
  const [row] = await sql<[{ next: bigint }]>`
    select coalesce(max(nonce) + 1, 0) as next from transactions where sender = ${sender}`;
  return Number(row.next);
}

/** Journals a signed version before it is sent. */
export async function saveAttempt(
  sql: Sql,
  attempt: { transactionId: string; nonce: number; hash: string; raw: string; maxFeePerGas: bigint },
): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`
      insert into transaction_attempts (hash, transaction_id, raw, max_fee_per_gas)
      values (${attempt.hash}, ${attempt.transactionId}, ${attempt.raw}, ${attempt.maxFeePerGas.toString()})
      on conflict (hash) do nothing`;
    await tx`
      update transactions set state = 'sent', nonce = ${attempt.nonce}, updated_at = now()
      where transaction_id = ${attempt.transactionId}`;
  });
}

export async function markMined(
  sql: Sql,
  mined: { transactionId: string; hash: string; blockNumber: bigint; blockHash: string; error: string | null },
): Promise<void> {
  await sql`
    update transactions set state = ${mined.error === null ? "mined" : "failed"}, mined_hash = ${mined.hash},
      block_number = ${mined.blockNumber}, block_hash = ${mined.blockHash}, error = ${mined.error}, updated_at = now()
    where transaction_id = ${mined.transactionId}`;
}

export async function markState(
  sql: Sql,
  { transactionId, state, error = null }: { transactionId: string; state: TransactionState; error?: string | null },
): Promise<void> {
  await sql`
    update transactions set state = ${state}, error = ${error}, updated_at = now()
    where transaction_id = ${transactionId}`;
}

/** The mined transaction that a reorganisation would take away first. */
export async function newestMined(sql: Sql, sender: string): Promise<TransactionRow | undefined> {
  const [row] = await sql<TransactionRow[]>`
    select * from transactions where sender = ${sender} and state = 'mined'
    order by block_number desc, nonce desc limit 1`;
  return row;
}

export async function finalizeMined(
  sql: Sql,
  { sender, finalBlock }: { sender: string; finalBlock: bigint },
): Promise<void> {
  await sql`
    update transactions set state = 'final', updated_at = now()
    where sender = ${sender} and state = 'mined' and block_number <= ${finalBlock}`;
}

/** Back into the queue, to be sent under another nonce. */
export async function requeue(sql: Sql, transactionId: string): Promise<void> {
  await sql`
    update transactions set state = 'queued', nonce = null, updated_at = now()
    where transaction_id = ${transactionId} and state = 'sent'`;
}

/** Notes that a round failed; what was never sent is given up after too many. */
export async function countFailure(
  sql: Sql,
  { transactionId, error, most }: { transactionId: string; error: string; most: number },
): Promise<void> {
  await sql`
    update transactions set failures = failures + 1, error = ${error}, updated_at = now(),
      state = case when state = 'queued' and failures + 1 >= ${most} then 'failed' else state end
    where transaction_id = ${transactionId}`;
}
