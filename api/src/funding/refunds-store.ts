import type { Sql, Tx } from "../db/types.ts";

export type RefundRow = {
  refund_id: string;
  payment_id: string;
  cents: bigint;
  state: "asked" | "made" | "refused";
  reason: string | null;
  intent_id: string | null;
  created_at: Date;
};

export async function insertRefund(
  tx: Tx,
  { refundId, paymentId, cents, userId }: { refundId: string; paymentId: string; cents: bigint; userId: string },
): Promise<void> {
  await tx`
    insert into card_refunds (refund_id, payment_id, cents, user_id)
    values (${refundId}, ${paymentId}, ${cents.toString()}::bigint, ${userId})`;
}

export async function refundOf(sql: Sql, refundId: string): Promise<RefundRow | undefined> {
  const [row] = await sql<RefundRow[]>`
    select r.refund_id, r.payment_id, r.cents, r.state, r.reason, p.intent_id, r.created_at
    from card_refunds r join card_payments p using (payment_id) where r.refund_id = ${refundId}`;
  return row;
}

/** Refunds that the processor was not asked for yet, or whose answer was lost, oldest first. */
export async function refundsToMake(
  sql: Sql,
  { olderThanMs, limit }: { olderThanMs: number; limit: number },
): Promise<string[]> {
  const rows = await sql<Array<{ refund_id: string }>>`
    select refund_id from card_refunds
    where state = 'asked' and created_at < now() - make_interval(secs => ${olderThanMs / 1000})
    order by created_at limit ${limit}`;
  return rows.map((row) => row.refund_id);
}

export async function setMade(
  tx: Tx,
  { refundId, externalId }: { refundId: string; externalId: string },
): Promise<void> {
  await tx`
    update card_refunds set state = 'made', external_id = ${externalId}
    where refund_id = ${refundId} and state = 'asked'`;
}

export async function setRefused(tx: Tx, { refundId, reason }: { refundId: string; reason: string }): Promise<void> {
  await tx`
    update card_refunds set state = 'refused', reason = ${reason} where refund_id = ${refundId} and state = 'asked'`;
}

/** What a lot has left that no running request holds, in nano-dollars. */
export async function freeOfLot(tx: Tx, lotId: string): Promise<bigint> {
  const [row] = await tx<[{ free: bigint }]>`
    select least(left_nano, funded_nano - funded_held_nano) as free
    from lots join balances using (account_id) where lot_id = ${lotId}`;
  return row.free;
}
