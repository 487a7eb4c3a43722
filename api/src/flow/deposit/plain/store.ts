import type { Queryable, Sql, Tx } from "../../../db/types.ts";

export type PlainTransfer = {
  log_key: `0x${string}`;
  block_number: bigint;
  block_hash: `0x${string}`;
  log_index: number;
  transaction_hash: `0x${string}`;
  sent_at: Date;
  sender: `0x${string}`;
  amount_micro: bigint;
  memo_account: bigint | null;
};

export async function savePlainTransfers(tx: Tx, transfers: PlainTransfer[]): Promise<void> {
  for (const row of transfers) await tx`insert into plain_transfers ${tx(row)} on conflict (log_key) do nothing`;
}

export type UnattributedRow = Pick<PlainTransfer, "log_key" | "sender" | "amount_micro" | "memo_account"> & {
  block_hash: `0x${string}`;
  log_index: number;
};

/** Transfers that nobody has been credited for, and that nothing is under way for. */
export async function unattributed(sql: Queryable, limit: number): Promise<UnattributedRow[]> {
  return sql<UnattributedRow[]>`
    select log_key, block_hash, log_index, sender, amount_micro, memo_account from plain_transfers
    where transaction_id is null and retry_at <= now()
    order by retry_at, block_number, log_index
    limit ${limit}`;
}

export type TargetRow = {
  account_id: string;
  owner: string;
  salt: string | null;
  is_open: boolean;
  /** Its number, if the event that opened it is safe. */
  number: bigint | null;
};

/** Number and first owner of an account, as an attribution needs them. */
const target = (sql: Queryable) => sql`
  select a.account_id, a.owner, a.salt, a.chain_account is not null as is_open,
    case when e.finality <> 'seen' then a.chain_account end as number
  from accounts a left join chain_events e on e.event_id = a.opened_event_id and e.reversed_at is null`;

/** The account with a number, if its opening is safe: before, the number may become somebody else's. */
export async function accountNumbered(sql: Queryable, number: bigint): Promise<TargetRow | undefined> {
  const [row] = await sql<TargetRow[]>`${target(sql)} where a.chain_account = ${number} and e.finality <> 'seen'`;
  return row;
}

/**
 * The account of a sender: the one that his wallet opened as its first owner and still owns; else, if he has signed in,
 * the first that he owns, in the contract too.
 */
export async function accountOfSender(
  sql: Queryable,
  { sender, ref }: { sender: string; ref: string },
): Promise<TargetRow | undefined> {
  const [own] = await sql<TargetRow[]>`
    ${target(sql)}
    where a.ref = ${ref} and a.owner = ${sender} and (a.chain_account is not null or a.salt is not null)
      and not exists (select from account_facts f
        where f.account_id = a.account_id and f.what = 'owner' and f.value <> ${sender})
      and (a.chain_account is not null or exists (select from wallets w where w.address = ${sender}))`;
  if (own) return own;
  const [other] = await sql<TargetRow[]>`
    ${target(sql)}
    join account_members m on m.account_id = a.account_id and m.role = 'owner'
    join wallets w on w.user_id = m.user_id
    where w.address = ${sender} and a.kind = 'personal'
      and not exists (select from account_facts f
        where f.account_id = a.account_id and f.what = 'owner' and f.value <> a.owner
          and f.value not in (select address from wallets own where own.user_id = m.user_id))
    order by a.created_at, a.account_id limit 1`;
  return other;
}

export async function noteAttribution(
  tx: Tx,
  { logKey, accountId, transactionId }: { logKey: string; accountId: string; transactionId: string },
): Promise<void> {
  await tx`
    update plain_transfers set account_id = ${accountId}, transaction_id = ${transactionId}
    where log_key = ${logKey} and transaction_id is null`;
}

/** Looks at a transfer again later. */
export async function putOff(sql: Queryable, { logKey, seconds }: { logKey: string; seconds: number }): Promise<void> {
  await sql`
    update plain_transfers set retry_at = now() + make_interval(secs => ${seconds}) where log_key = ${logKey}`;
}

/** Attributions that the contract refused, for instance because its cap was used up, are tried again, each time later. */
export async function takeBackFailed(sql: Sql): Promise<void> {
  await sql`
    update plain_transfers p set transaction_id = null, account_id = null, failures = p.failures + 1,
      retry_at = now() + make_interval(secs => least(3600, 30 * power(2, least(p.failures, 8))))
    from transactions t
    where t.transaction_id = p.transaction_id and t.state = 'failed'
      and not exists (select from deposits d join chain_events e using (event_id)
        where d.rail = 'attributed' and d.memo = p.log_key and e.reversed_at is null)`;
}

export type SuspenseRow = PlainTransfer & {
  account_id: string | null;
  found_at: Date;
  /** credited: in an account; sent: on its way there; waits: nobody knows whose it is, or its time has not come. */
  status: "credited" | "sent" | "waits";
};

const withStatus = (sql: Queryable) => sql`
  select p.*, case
      when exists (select from deposits d join chain_events e using (event_id)
        where d.rail = 'attributed' and d.memo = p.log_key and e.reversed_at is null) then 'credited'
      when p.transaction_id is not null then 'sent' else 'waits' end as status
  from plain_transfers p`;

/** Plain transfers from somebody's wallets, newest first. */
export async function plainTransfersOfUser(
  sql: Queryable,
  { userId, limit }: { userId: string; limit: number },
): Promise<SuspenseRow[]> {
  return sql<SuspenseRow[]>`
    ${withStatus(sql)} join wallets w on w.address = p.sender
    where w.user_id = ${userId}
    order by p.block_number desc, p.log_index desc limit ${limit}`;
}

/** What waits because nobody knows whose it is, oldest first. */
export async function suspense(sql: Queryable, { limit }: { limit: number }): Promise<SuspenseRow[]> {
  return sql<SuspenseRow[]>`
    select * from (${withStatus(sql)}) p where p.status = 'waits'
    order by p.block_number, p.log_index limit ${limit}`;
}
