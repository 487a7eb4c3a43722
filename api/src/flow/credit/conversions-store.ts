import type { Queryable, Sql, Tx } from "../../db/types.ts";

export type DueRow = {
  lot_id: string;
  account_id: string;
  /** Its conversion's transfer lapsed; null: it is not converted yet. */
  is_retry: boolean;
  /** Its number in the contract, once that stays its own. */
  to_number: bigint | null;
  is_open: boolean;
};

/** Lots that become account-paid now: oldest first, those whose transfer lapsed before all others. */
export async function dueConversions(
  sql: Queryable,
  { windowDays, now, limit }: { windowDays: number; now: Date; limit: number },
): Promise<DueRow[]> {
  return sql<DueRow[]>`
    select d.lot_id, d.account_id, d.is_retry, s.chain_account as to_number, a.chain_account is not null as is_open
    from (
      (select c.lot_id, c.account_id, true as is_retry, c.converted_at as since
        from moves m join conversions c using (move_id) join accounts r on r.account_id = c.account_id
        where r.frozen_reason is null and m.account_id = 'acct_platform' and m.state in ('expired', 'failed')
        order by c.converted_at limit ${limit})
      union all
      (select lot_id, account_id, false, created_at from convertible_lots
        where created_at < ${now}::timestamptz - make_interval(days => ${windowDays})
        order by created_at, lot_id limit ${limit})
    ) d
    join accounts a using (account_id)
    left join settleable_accounts s using (account_id)
    order by d.is_retry desc, d.since, d.lot_id
    limit ${limit}`;
}

/** What the transfer is signed with. */
export type ConversionTerms = { moveId: string; memo: string; toNumber: bigint; nonce: bigint; deadline: bigint };

export async function convertLot(
  sql: Sql | Tx,
  { lotId, windowDays, now, ...terms }: ConversionTerms & { lotId: string; windowDays: number; now: Date },
): Promise<boolean> {
  const [row] = await sql<[{ done: boolean }]>`
    select convert_lot(${lotId}, ${terms.moveId}, ${terms.memo}, ${terms.toNumber}, ${terms.nonce}, ${terms.deadline},
      make_interval(days => ${windowDays}), ${now}) as done`;
  return row.done;
}

export async function retryConversion(
  sql: Sql | Tx,
  { lotId, ...terms }: ConversionTerms & { lotId: string },
): Promise<boolean> {
  const [row] = await sql<[{ done: boolean }]>`
    select retry_conversion(${lotId}, ${terms.moveId}, ${terms.memo}, ${terms.toNumber}, ${terms.nonce},
      ${terms.deadline}) as done`;
  return row.done;
}
