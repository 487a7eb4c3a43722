import type { Queryable, Sql, Tx } from "../../../db/types.ts";

export type AddressRow = { account_id: string; address: `0x${string}` };

/** Accounts that have no deposit address yet, oldest first. */
export async function accountsWithoutAddress(
  sql: Queryable,
  limit: number,
): Promise<Array<{ account_id: string; ref: `0x${string}` }>> {
  return sql<Array<{ account_id: string; ref: `0x${string}` }>>`
    select a.account_id, a.ref from accounts a
    where a.kind <> 'platform' and not exists (select from deposit_addresses d where d.account_id = a.account_id)
    order by a.created_at, a.account_id
    limit ${limit}`;
}

export async function refOf(sql: Queryable, accountId: string): Promise<`0x${string}` | null> {
  const [row] = await sql<
    Array<{ ref: `0x${string}` | null }>
  >`select ref from accounts where account_id = ${accountId}`;
  return row?.ref ?? null;
}

export async function saveAddress(sql: Queryable, { account_id: accountId, address }: AddressRow): Promise<void> {
  await sql`
    insert into deposit_addresses (account_id, address) values (${accountId}, ${address})
    on conflict (account_id) do nothing`;
}

export type WaitingRow = AddressRow & { balance_micro: bigint; transaction_id: string | null };

/** An account's address, and what was seen there last. */
export async function addressOf(sql: Queryable, accountId: string): Promise<WaitingRow | undefined> {
  const [row] = await sql<WaitingRow[]>`
    select account_id, address, balance_micro, transaction_id from deposit_addresses where account_id = ${accountId}`;
  return row;
}

export async function allAddresses(sql: Queryable): Promise<string[]> {
  const rows = await sql<Array<{ address: string }>>`select address from deposit_addresses order by address`;
  return rows.map(({ address }) => address);
}

/** Something has moved there. */
export async function markTouched(tx: Tx, addresses: string[]): Promise<void> {
  await tx`update deposit_addresses set needs_look = true where address = any (${addresses})`;
}

/** Of an account whose swept deposit was reorganised away: what lay there may lie there again. */
export async function markReversed(tx: Tx, accountId: string): Promise<void> {
  await tx`update deposit_addresses set needs_look = true where account_id = ${accountId}`;
}

/** What to look at: where something came in, and a few that nobody has looked at for long. */
export async function addressesToLookAt(
  sql: Queryable,
  { limit, others, staleSeconds }: { limit: number; others: number; staleSeconds: number },
): Promise<AddressRow[]> {
  return sql<AddressRow[]>`
    (select account_id, address from deposit_addresses
      where needs_look and transaction_id is null order by account_id limit ${limit})
    union
    (select account_id, address from deposit_addresses
      where transaction_id is null and looked_at < now() - make_interval(secs => ${staleSeconds})
      order by looked_at limit ${others})`;
}

export async function saveBalance(
  sql: Queryable,
  { accountId, balanceMicro }: { accountId: string; balanceMicro: bigint },
): Promise<void> {
  await sql`
    update deposit_addresses set balance_micro = ${balanceMicro}, needs_look = false, looked_at = now()
    where account_id = ${accountId} and transaction_id is null`;
}

export type FullRow = {
  account_id: string;
  ref: `0x${string}`;
  owner: `0x${string}`;
  salt: `0x${string}` | null;
  is_open: boolean;
  failures: number;
};

/** Addresses with enough to be swept, as of a look after the last sweep, and nothing under way. */
export async function fullAddresses(
  tx: Tx,
  { leastMicro, limit }: { leastMicro: bigint; limit: number },
): Promise<FullRow[]> {
  return tx<FullRow[]>`
    select d.account_id, a.ref, a.owner, a.salt, a.chain_account is not null as is_open, d.failures
    from deposit_addresses d join accounts a using (account_id)
    where d.balance_micro >= ${leastMicro} and d.balance_micro >= 5000000 and d.transaction_id is null
      and not d.needs_look and d.retry_at <= now()
    order by d.failures, d.account_id
    limit ${limit}
    for update of d skip locked`;
}

export async function noteSweep(
  tx: Tx,
  { accountIds, transactionId }: { accountIds: string[]; transactionId: string },
): Promise<void> {
  await tx`
    update deposit_addresses set transaction_id = ${transactionId} where account_id = any (${accountIds})`;
}

/**
 * Sweeps that are over, one way or the other: what lies at their addresses is looked at again. One that failed waits,
 * longer each time.
 */
export async function endSweeps(sql: Sql): Promise<void> {
  await sql`
    update deposit_addresses d set transaction_id = null, needs_look = true,
      failures = case when t.state = 'failed' then d.failures + 1 else 0 end,
      retry_at = case when t.state = 'failed'
        then now() + make_interval(secs => least(3600, 5 * power(2, least(d.failures, 10)))) else 'epoch' end
    from transactions t
    where t.transaction_id = d.transaction_id and t.state in ('mined', 'final', 'failed')`;
}
