import type { Queryable, Tx } from "../../db/types.ts";

export async function savePayout(
  tx: Tx,
  payout: { eventId: string; accountId: string; recipient: string; amountMicro: bigint },
): Promise<void> {
  await tx`
    insert into payouts (event_id, account_id, recipient, amount_micro)
    values (${payout.eventId}, ${payout.accountId}, ${payout.recipient}, ${payout.amountMicro})
    on conflict (event_id) do nothing`;
}

export async function chainAccountOf(sql: Queryable, accountId: string): Promise<number | null> {
  const [row] = await sql<Array<{ chain_account: bigint | null }>>`
    select chain_account from accounts where account_id = ${accountId}`;
  return row?.chain_account == null ? null : Number(row.chain_account);
}

export type PayoutRow = {
  event_id: string;
  recipient: string;
  amount_micro: bigint;
  transaction_hash: string;
  happened_at: Date;
  finality: "seen" | "safe" | "final";
};

/** An account's payouts that stand, newest first. */
export async function payoutsOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<PayoutRow[]> {
  return sql<PayoutRow[]>`
    select p.event_id, p.recipient, p.amount_micro, e.transaction_hash, e.happened_at, e.finality
    from payouts p join chain_events e using (event_id)
    where p.account_id = ${accountId} and e.reversed_at is null
    order by e.block_number desc, e.log_index desc
    limit ${limit}`;
}

export async function paidTotal(sql: Queryable, accountId: string): Promise<bigint> {
  const [row] = await sql<[{ total: bigint }]>`
    select coalesce(sum(p.amount_micro), 0)::bigint as total
    from payouts p join chain_events e using (event_id)
    where p.account_id = ${accountId} and e.reversed_at is null`;
  return row.total;
}
