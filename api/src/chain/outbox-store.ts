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

export type AttemptRow = { hash: `0x${string}`; raw: `0x${string}`; max_fee_per_gas: string; age_ms: number };

/** Signed versions of a transaction, newest first. */
export async function attemptsOf(sql: Sql, transactionId: string): Promise<AttemptRow[]> {
  return sql<AttemptRow[]>`
    select hash, raw, max_fee_per_gas::text, (extract(epoch from now() - signed_at) * 1000)::float8 as age_ms
    from transaction_attempts
    where transaction_id = ${transactionId} order by signed_at desc`;
}

/** The nonce after the highest one this sender ever used. */
export async function nextJournalNonce(sql: Sql, sender: string): Promise<number> {
  const [row] = await sql<[{ next: bigint }]>`
    select coalesce(max(nonce) + 1, 0) as next from transactions where sender = ${sender}`;
  return Number(row.next);
}

/**
 * Journals a signed version before it is sent: the first, or a replacement under the same nonce.
 * @returns false if another process has sent it under another nonce, or has seen it mined: this version is not to be sent
 */
export async function saveAttempt(
  sql: Sql,
  attempt: { transactionId: string; nonce: number; hash: string; raw: string; maxFeePerGas: bigint },
): Promise<boolean> {
  return sql.begin(async (tx) => {
    const rows = await tx`
      update transactions set state = 'sent', nonce = ${attempt.nonce}, error = null, updated_at = now()
      where transaction_id = ${attempt.transactionId}
        and ((state = 'queued' and nonce is null) or (state = 'sent' and nonce = ${attempt.nonce}))
      returning transaction_id`;
    if (rows.length === 0) return false;
    await tx`
      insert into transaction_attempts (hash, transaction_id, raw, max_fee_per_gas)
      values (${attempt.hash}, ${attempt.transactionId}, ${attempt.raw}, ${attempt.maxFeePerGas.toString()})
      on conflict (hash) do nothing`;
    return true;
  });
}

export async function markMined(
  sql: Sql,
  mined: {
    transactionId: string;
    nonce: number;
    hash: string;
    blockNumber: bigint;
    blockHash: string;
    error: string | null;
  },
): Promise<void> {
  await sql`
    update transactions set state = ${mined.error === null ? "mined" : "failed"}, mined_hash = ${mined.hash},
      block_number = ${mined.blockNumber}, block_hash = ${mined.blockHash}, error = ${mined.error}, updated_at = now(),
      nonce = ${mined.nonce}
    where transaction_id = ${mined.transactionId} and (nonce is null or nonce = ${mined.nonce})`;
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
export async function requeue(
  sql: Sql,
  { transactionId, nonce }: { transactionId: string; nonce: number },
): Promise<void> {
  await sql`
    update transactions set state = 'queued', nonce = null, error = 'something else was mined under its nonce', updated_at = now()
    where transaction_id = ${transactionId} and state = 'sent' and nonce = ${nonce}`;
}

/**
 * What was mined and reverted, in a block that a reorganisation has taken away since: its nonce is free again, and holds
 * up all that come after it.
 */
export async function takeBackReverted(sql: Sql, { sender, used }: { sender: string; used: number }): Promise<void> {
  await sql`
    update transactions set state = 'sent', mined_hash = null, block_number = null, block_hash = null, updated_at = now()
    where sender = ${sender} and state = 'failed' and nonce >= ${used}`;
}

/** Notes why a transaction is not on its way yet. */
export async function noteError(
  sql: Sql,
  { transactionId, error }: { transactionId: string; error: string },
): Promise<void> {
  await sql`
    update transactions set error = ${error}, updated_at = now()
    where transaction_id = ${transactionId} and error is distinct from ${error}`;
}

/** Notes that a round failed; what was never sent is given up after too many in too long a time. */
export async function countFailure(
  sql: Sql,
  {
    transactionId,
    error,
    most,
    patienceSeconds,
  }: { transactionId: string; error: string; most: number; patienceSeconds: number },
): Promise<void> {
  await sql`
    update transactions set failures = failures + 1, error = ${error}, updated_at = now(),
      state = case when state = 'queued' and failures + 1 >= ${most}
        and created_at < now() - make_interval(secs => ${patienceSeconds}) then 'failed' else state end
    where transaction_id = ${transactionId}`;
}

/** The newest block that something of ours is known to stand in: the chain's newest is not older. */
export async function newestKnownBlock(sql: Sql): Promise<bigint> {
  const [row] = await sql<[{ block: bigint }]>`
    select greatest(
      (select coalesce(max(block_number), 0) from transactions where state = 'mined'),
      (select coalesce(max(block_number), 0) from chain_events where finality <> 'final' and reversed_at is null)
    ) as block`;
  return row.block;
}
