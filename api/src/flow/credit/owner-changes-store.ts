import type { Queryable, Sql, Tx } from "../../db/types.ts";

type OwnerChangeState = "awaiting_signature" | "waiting" | "pending" | "completed" | "cancelled" | "failed";

export type OwnerChangeRow = {
  change_id: string;
  account_id: string;
  user_id: string;
  account_number: bigint;
  /** In lower case. */
  wallet: `0x${string}`;
  nonce: bigint;
  /** Seconds of chain time. */
  deadline: bigint;
  signature: `0x${string}` | null;
  not_before: Date | null;
  failure: string | null;
  /** Follows from events and the transaction, so that a reorganisation changes it by itself. */
  state: OwnerChangeState;
  transaction_hash: `0x${string}` | null;
  created_at: Date;
};

/** What is not at its end: one of an account. */
const isOpen = (sql: Queryable) => sql`c.cancelled_at is null and c.failure is null`;

const changes = (sql: Queryable) => sql`
  select c.*, t.mined_hash as transaction_hash, case
    when c.transaction_id is not null and exists (
      select from account_changes a join chain_events e using (event_id)
      where a.account_id = c.account_id and a.what = 'owner' and a.value = c.wallet and e.reversed_at is null
    ) then 'completed'
    when c.failure is not null or t.state = 'failed' then 'failed'
    when c.cancelled_at is not null then 'cancelled'
    when c.signature is null then 'awaiting_signature'
    when c.transaction_id is null then 'waiting'
    else 'pending' end as state
  from owner_changes c left join transactions t using (transaction_id)`;

export async function ownerChangeOf(
  sql: Queryable,
  { changeId, accountId }: { changeId: string; accountId: string },
): Promise<OwnerChangeRow | undefined> {
  const [row] = await sql<OwnerChangeRow[]>`
    ${changes(sql)} where c.change_id = ${changeId} and c.account_id = ${accountId}`;
  return row;
}

/** The newest of an account. */
export async function lastOwnerChange(sql: Queryable, accountId: string): Promise<OwnerChangeRow | undefined> {
  const [row] = await sql<OwnerChangeRow[]>`
    ${changes(sql)} where c.account_id = ${accountId} order by c.created_at desc, c.change_id desc limit 1`;
  return row;
}

/** What counts for handing an account over, beside the chain. */
export type HandOverRow = {
  /** The number that it has now. */
  chain_account: bigint | null;
  is_frozen: boolean;
  is_linked: boolean;
  is_owner: boolean;
  has_pending_move: boolean;
};

export async function readHandOver(
  sql: Queryable,
  { accountId, userId, wallet }: { accountId: string; userId: string; wallet: string },
): Promise<HandOverRow> {
  const [row] = await sql<[HandOverRow]>`
    select chain_account, frozen_reason is not null as is_frozen,
      exists (select from wallets where address = ${wallet} and user_id = ${userId}) as is_linked,
      exists (
        select from account_members m
        where m.account_id = a.account_id and m.user_id = ${userId} and m.role = 'owner'
      ) as is_owner,
      exists (
        select from moves m where m.account_id = a.account_id and m.state = 'pending' and m.moved_event_id is null
      ) as has_pending_move
    from accounts a where account_id = ${accountId}`;
  return row;
}

/** Nobody unlinks the wallet, takes the account from its owner or freezes it until the transaction ends. */
export async function lockHandOver(
  tx: Tx,
  { accountId, userId, wallet }: { accountId: string; userId: string; wallet: string },
): Promise<void> {
  await tx`select from accounts where account_id = ${accountId} for share`;
  await tx`select from account_members where account_id = ${accountId} and user_id = ${userId} for share`;
  await tx`select from wallets where address = ${wallet} for share`;
}

type NewOwnerChange = {
  changeId: string;
  accountId: string;
  userId: string;
  number: number;
  wallet: string;
  nonce: bigint;
  deadline: bigint;
};

/**
 * Writes down what is to be signed, instead of what was not signed, or failed.
 * @returns false if there is one that was signed
 */
export async function insertOwnerChange(sql: Sql, change: NewOwnerChange): Promise<boolean> {
  return sql.begin(async (tx) => {
    await tx`
      update owner_changes c set cancelled_at = now()
      where account_id = ${change.accountId} and ${isOpen(tx)} and signature is null`;
    await tx`
      update owner_changes c set failure = 'Its transaction was refused. Ask for it again.'
      from transactions t
      where c.account_id = ${change.accountId} and ${isOpen(tx)} and t.transaction_id = c.transaction_id
        and t.state = 'failed'`;
    const inserted = await tx`
      insert into owner_changes (change_id, account_id, user_id, account_number, wallet, nonce, deadline)
      values (${change.changeId}, ${change.accountId}, ${change.userId}, ${change.number}, ${change.wallet},
        ${change.nonce}, ${change.deadline})
      on conflict (account_id) where cancelled_at is null and failure is null do nothing
      returning change_id`;
    return inserted.length === 1;
  });
}

/** How many were asked for in 24 hours. */
export async function ownerChangesToday(sql: Queryable, accountId: string): Promise<number> {
  const [row] = await sql<[{ n: number }]>`
    select count(*)::int as n from owner_changes
    where account_id = ${accountId} and created_at > now() - interval '24 hours'`;
  return row.n;
}

/** @returns when it will be carried out; null if it was signed before, or is over */
export async function setSigned(
  tx: Tx,
  { changeId, signature, hours }: { changeId: string; signature: string; hours: number },
): Promise<Date | null> {
  const [row] = await tx<Array<{ not_before: Date }>>`
    update owner_changes c set signature = ${signature.toLowerCase()}, not_before = now() + make_interval(hours => ${hours})
    where change_id = ${changeId} and ${isOpen(tx)} and signature is null
    returning not_before`;
  return row?.not_before ?? null;
}

/** Ends one that is not on its way. */
export async function setCancelled(
  sql: Queryable,
  { changeId, accountId }: { changeId: string; accountId: string },
): Promise<void> {
  await sql`
    update owner_changes c set cancelled_at = now()
    where change_id = ${changeId} and account_id = ${accountId} and ${isOpen(sql)} and transaction_id is null`;
}

const isDue = (sql: Queryable) => sql`
  ${isOpen(sql)} and c.signature is not null and c.transaction_id is null and c.not_before <= now()`;

/** Those that have waited long enough. */
export async function dueOwnerChanges(sql: Sql, limit: number): Promise<OwnerChangeRow[]> {
  return sql<OwnerChangeRow[]>`${changes(sql)} where ${isDue(sql)} order by c.not_before limit ${limit}`;
}

/** Locks one that is to be carried out. @returns false if it was cancelled, or another process was faster */
export async function lockDue(tx: Tx, changeId: string): Promise<boolean> {
  const locked = await tx`select from owner_changes c where change_id = ${changeId} and ${isDue(tx)} for update`;
  return locked.length === 1;
}

/** Notes by which transaction a locked one goes to the chain. */
export async function setQueued(
  tx: Tx,
  { changeId, transactionId }: { changeId: string; transactionId: string },
): Promise<void> {
  await tx`update owner_changes set transaction_id = ${transactionId} where change_id = ${changeId}`;
}

/** Notes why a locked one can't be carried out. */
export async function setFailure(tx: Tx, { changeId, failure }: { changeId: string; failure: string }): Promise<void> {
  await tx`update owner_changes set failure = ${failure} where change_id = ${changeId}`;
}

/** The change by which an account has come to this owner. */
export async function changeTo(
  tx: Tx,
  { accountId, wallet }: { accountId: string; wallet: string },
): Promise<{ change_id: string; user_id: string } | undefined> {
  const [row] = await tx<Array<{ change_id: string; user_id: string }>>`
    select change_id, user_id from owner_changes
    where account_id = ${accountId} and wallet = ${wallet} and transaction_id is not null
    order by created_at desc limit 1`;
  return row;
}
