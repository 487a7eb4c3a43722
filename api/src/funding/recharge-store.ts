import type { Queryable, Sql, Tx } from "../db/types.ts";

export type RechargeSettingRow = {
  account_id: string;
  /** Null: from USDC. */
  card_id: string | null;
  /** All in nano-dollars. */
  threshold_nano: bigint;
  target_nano: bigint;
  cooldown_seconds: number;
  disabled_reason: string | null;
  /** What may be recharged in a month, and what was or is being in this one. */
  ceiling_nano: bigint;
  used_nano: bigint;
};

export async function settingOf(sql: Queryable, accountId: string): Promise<RechargeSettingRow | undefined> {
  const [row] = await sql<RechargeSettingRow[]>`
    select s.account_id, s.card_id, s.threshold_nano, s.target_nano, s.cooldown_seconds, s.disabled_reason,
      l.amount_nano as ceiling_nano,
      l.held_nano + case when l.period_start < start_of_period(l.period, now()) then 0 else l.used_nano end as used_nano
    from recharge_settings s join limits l on l.account_id = s.account_id and l.scope = 'recharge'
    where s.account_id = ${accountId}`;
  return row;
}

export type NewSetting = {
  accountId: string;
  userId: string;
  cardId: string | null;
  thresholdNano: bigint;
  targetNano: bigint;
  cooldownSeconds: number;
  ceilingNano: bigint;
};

export async function saveSetting(sql: Sql, setting: NewSetting): Promise<void> {
  await sql`
    select set_recharge(${setting.accountId}, ${setting.userId}, ${setting.cardId},
      ${setting.thresholdNano.toString()}::bigint, ${setting.targetNano.toString()}::bigint, ${setting.cooldownSeconds},
      ${setting.ceilingNano.toString()}::bigint)`;
}

/** Turns it off. What is under way ends as it ends. */
export async function disableSetting(
  sql: Sql,
  { accountId, reason }: { accountId: string; reason: string },
): Promise<void> {
  await sql`
    update recharge_settings set disabled_at = now(), disabled_reason = ${reason}, updated_at = now()
    where account_id = ${accountId} and disabled_at is null`;
}

/** Accounts that have asked for it by card and are below their threshold, after one of them. */
export async function accountsToRecharge(
  sql: Sql,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const rows = await sql<Array<{ account_id: string }>>`
    select account_id from recharge_settings s join balances b using (account_id)
    where disabled_at is null and card_id is not null and account_id > ${after}
      and chain_nano - debt_nano - unsettled_nano + funded_nano < threshold_nano
    order by account_id limit ${limit}`;
  return rows.map((row) => row.account_id);
}

/** @returns the cents to charge, or null if none is due */
export async function beginRecharge(
  sql: Sql,
  ids: { rechargeId: string; paymentId: string; accountId: string; leastCents: bigint; mostCents: bigint },
): Promise<bigint | null> {
  const [row] = await sql<[{ cents: bigint | null }]>`
    select begin_recharge(${ids.rechargeId}, ${ids.paymentId}, ${ids.accountId}, ${ids.leastCents.toString()}::bigint,
      ${ids.mostCents.toString()}::bigint) as cents`;
  return row.cents;
}

export type PendingRecharge = {
  recharge_id: string;
  account_id: string;
  payment_id: string;
  payment_state: "open" | "action" | "paid" | "failed";
  payment_reason: string | null;
};

/** Recharges whose payment has ended, or can't go on without the card's owner. */
export async function rechargesToEnd(sql: Sql, limit: number): Promise<PendingRecharge[]> {
  return sql<PendingRecharge[]>`
    select r.recharge_id, r.account_id, r.payment_id, p.state as payment_state, p.reason as payment_reason
    from recharges r join card_payments p using (payment_id)
    where r.state = 'pending' and p.state <> 'open'
    order by r.started_at limit ${limit}`;
}

/** @returns whether it ended now */
export async function endRecharge(
  sql: Tx,
  { rechargeId, isPaid, reason }: { rechargeId: string; isPaid: boolean; reason: string },
): Promise<boolean> {
  const [row] = await sql<[{ ended: boolean }]>`
    select end_recharge(${rechargeId}, ${isPaid}, ${reason}) as ended`;
  return row.ended;
}

export type RechargeRow = {
  recharge_id: string;
  /** One of the two: a card's payment, or a transaction that takes USDC. */
  payment_id: string | null;
  transaction_id: string | null;
  amount_nano: bigint;
  state: "pending" | "paid" | "failed";
  started_at: Date;
};

/** An account's recharges, newest first. */
export async function rechargesOf(sql: Queryable, accountId: string): Promise<RechargeRow[]> {
  return sql<RechargeRow[]>`
    select recharge_id, payment_id, transaction_id, amount_nano, state, started_at from recharges
    where account_id = ${accountId} order by started_at desc limit 50`;
}
