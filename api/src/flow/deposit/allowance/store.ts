import type { Queryable, Tx } from "../../../db/types.ts";

type OwnerRow = { owner: `0x${string}`; ref: `0x${string}` };

export async function ownerAndRef(sql: Queryable, accountId: string): Promise<OwnerRow | undefined> {
  const [row] = await sql<OwnerRow[]>`
    select owner, ref from accounts where account_id = ${accountId} and owner is not null and ref is not null`;
  return row;
}

/** A setting as it was read: `version` is another one after every change. */
export type DueRow = { account_id: string; version: string };

/** Accounts that recharge from USDC, are below their threshold, and had no recharge lately; after one of them. */
export async function accountsDue(
  sql: Queryable,
  { after, limit }: { after: string; limit: number },
): Promise<DueRow[]> {
  return sql<DueRow[]>`
    select s.account_id, s.updated_at::text as version
    from recharge_settings s join accounts a using (account_id)
    where s.disabled_at is null and s.card_id is null and a.frozen_reason is null and s.account_id > ${after}
      and credit_before_recharge(s.account_id) < s.threshold_nano and not recharge_is_recent(s, now())
    order by s.account_id
    limit ${limit}`;
}

/** @returns what to pull, in µUSDC, or null if nothing is due */
export async function beginUsdcRecharge(
  tx: Tx,
  {
    rechargeId,
    transactionId,
    accountId,
    leastMicro,
    mostMicro,
  }: { rechargeId: string; transactionId: string; accountId: string; leastMicro: bigint; mostMicro: bigint },
): Promise<bigint | null> {
  const [row] = await tx<[{ micro: bigint | null }]>`
    select begin_usdc_recharge(${rechargeId}, ${transactionId}, ${accountId}, ${leastMicro.toString()}::bigint,
      ${mostMicro.toString()}::bigint) as micro`;
  return row.micro;
}

export type EndingRow = {
  recharge_id: string;
  account_id: string;
  amount_nano: bigint;
  is_booked: boolean;
};

/**
 * Recharges whose deposit is booked, and those whose transaction failed: before it was sent, or in a block that nothing
 * takes away any more.
 */
export async function rechargesToEnd(
  sql: Queryable,
  { finalBlock, limit }: { finalBlock: bigint; limit: number },
): Promise<EndingRow[]> {
  return sql<EndingRow[]>`
    select r.recharge_id, r.account_id, r.amount_nano, d.is_booked
    from recharges r join transactions t using (transaction_id)
    cross join lateral (
      select exists (
        select from deposits d join chain_events e using (event_id)
        where d.account_id = r.account_id and d.payer = t.target and e.reversed_at is null
          and d.memo = '0x' || rpad(encode(convert_to(r.recharge_id, 'UTF8'), 'hex'), 64, '0')
      ) as is_booked
    ) d
    where r.state = 'pending'
      and (d.is_booked or (t.state = 'failed' and (t.nonce is null or t.block_number <= ${finalBlock.toString()}::bigint)))
    order by r.started_at
    limit ${limit}`;
}

export async function anyPending(sql: Queryable): Promise<boolean> {
  const [row] = await sql<[{ any: boolean }]>`
    select exists (select from recharges where state = 'pending' and transaction_id is not null) as any`;
  return row.any;
}

/** @returns whether it ended now; a failed one with a reason turns recharging off */
export async function endUsdcRecharge(
  tx: Tx,
  { rechargeId, isPaid, reason }: { rechargeId: string; isPaid: boolean; reason: string | null },
): Promise<boolean> {
  const [row] = await tx<[{ ended: boolean }]>`
    select end_recharge(${rechargeId}, ${isPaid}, ${reason}) as ended`;
  return row.ended;
}

/** @returns whether it was turned off now */
export async function stopUsdcRecharge(
  tx: Tx,
  { accountId, version, reason }: { accountId: string; version: string; reason: string },
): Promise<boolean> {
  const [row] = await tx<[{ stopped: boolean }]>`
    select stop_usdc_recharge(${accountId}, ${version}, ${reason}) as stopped`;
  return row.stopped;
}
