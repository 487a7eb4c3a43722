import type { Queryable, Sql, Tx } from "../../db/types.ts";
import { requestOver } from "./move-errors.ts";
import { type MoveRow, moveRows } from "./moves-store.ts";

export type ClearanceRow = {
  outcome: "held" | "known" | "outdated" | "frozen" | "debt" | "balance" | "cap";
  shareable_nano: bigint;
  funded_nano: bigint;
  cap_left_nano: bigint;
};

/** What the database answers where a transfer would pay a request that somebody else pays, or nobody may any more. */
const REQUEST_OVER = "IF001";

/** Sets aside what a signed move takes, if it may. @throws MoveRefusedError if it pays a request that is over */
export async function placeClearance(
  sql: Queryable,
  signed: { moveId: string; nonce: bigint; deadline: bigint; signature: string | null; cap: bigint },
): Promise<ClearanceRow> {
  try {
    const [row] = await sql<[ClearanceRow]>`
      select * from place_clearance(${signed.moveId}, ${signed.nonce}, ${signed.deadline}, ${signed.signature}, ${signed.cap})`;
    return row;
  } catch (error) {
    if ((error as { code?: string }).code === REQUEST_OVER) throw requestOver("paid, cancelled or expired");
    throw error;
  }
}

export type UnclearedRow = MoveRow & {
  /** The sender is frozen, or the recipient. */
  is_frozen: boolean;
  /** What is set aside for it; null: nothing is. */
  held_nano: bigint | null;
  /** The numbers that sender and recipient have now, the recipient's only if it is lasting. */
  sender_number: bigint | null;
  recipient_number: bigint | null;
  /** Of a voucher: its key had a voucher before. */
  is_key_used: boolean;
};

/** Signed moves that are not cleared, the next one of each account. */
export async function unclearedMoves(sql: Sql, limit: number): Promise<UnclearedRow[]> {
  return sql<UnclearedRow[]>`
    with next as (
      select distinct on (account_id) move_id from moves
      where state = 'pending' and moved_event_id is null and transaction_id is null
      order by account_id, nonce
    )
    select m.*, null as transaction_hash, null as happened_at, null as finality,
      a.frozen_reason is not null or r.frozen_reason is not null as is_frozen, exists (
        select from entries where credit_account = m.voucher_key and credit_book = 'vouchers'
      ) as is_key_used,
      h.paid_nano as held_nano, a.chain_account as sender_number, s.chain_account as recipient_number
    from next join moves m using (move_id)
    join accounts a on a.account_id = m.account_id
    left join accounts r on r.account_id = m.recipient_id
    left join settleable_accounts s on s.account_id = m.recipient_id
    left join holds h on h.account_id = m.account_id and h.request_id = m.move_id
    order by m.submitted_at
    limit ${limit}`;
}

/** Locks a move that still has to be cleared. @returns false if another process was faster, or it has ended */
export async function lockUncleared(tx: Tx, moveId: string): Promise<boolean> {
  const locked = await tx`
    select from moves
    where move_id = ${moveId} and state = 'pending' and moved_event_id is null and transaction_id is null for update`;
  return locked.length === 1;
}

/** Moves of accounts that the custodian owns now which wait for their recipient's number, and could go on now. */
export async function waitingForCustodian(
  sql: Sql,
  { custodian, limit }: { custodian: string; limit: number },
): Promise<MoveRow[]> {
  return sql<MoveRow[]>`
    ${moveRows(sql)} join accounts a on a.account_id = m.account_id
    where m.state = 'awaiting_signature' and current_owner(a) = ${custodian}
      and (m.recipient_id is null or exists (select from settleable_accounts s where s.account_id = m.recipient_id))
    order by m.move_id limit ${limit}`;
}

/** Notes by which transaction a locked move goes to the chain, and the newest block when it was cleared. */
export async function setCleared(
  tx: Tx,
  { moveId, transactionId, block }: { moveId: string; transactionId: string; block: bigint },
): Promise<void> {
  await tx`
    update moves set transaction_id = ${transactionId}, cleared_block = ${block} where move_id = ${moveId}`;
}

/** Whether there is any move that is not at its end. */
export async function anyOpenMove(sql: Sql): Promise<boolean> {
  const open = await sql`
    select from moves where state = 'awaiting_signature' or (state = 'pending' and moved_event_id is null) limit 1`;
  return open.length === 1;
}

/** Moves that nobody has cleared, and nobody will: their deadline has passed, or nobody signed them for a day. */
export async function lapsedMoves(sql: Sql, { now, limit }: { now: bigint; limit: number }): Promise<string[]> {
  const lapsed = await sql<Array<{ move_id: string }>>`
    select move_id from moves where state = 'awaiting_signature' and created_at < now() - interval '1 day'
    union all
    select move_id from moves
    where state = 'pending' and moved_event_id is null and transaction_id is null and deadline < ${now}
    limit ${limit}`;
  return lapsed.map((row) => row.move_id);
}

export type ClearedRow = MoveRow & {
  cleared_block: bigint;
  transaction_id: string;
  /** Its transaction was refused before it was sent (and has no nonce), or was mined and undone. */
  is_refused: boolean;
  was_sent: boolean;
};

/** Cleared moves without an event whose deadline has passed at `now`, or whose transaction has failed a while ago. */
export async function stuckMoves(sql: Sql, { now, limit }: { now: bigint; limit: number }): Promise<ClearedRow[]> {
  return sql<ClearedRow[]>`
    select m.*, null as transaction_hash, null as happened_at, null as finality, t.state = 'failed' as is_refused,
      t.nonce is not null as was_sent
    from moves m join transactions t using (transaction_id)
    where m.state = 'pending' and m.moved_event_id is null
      and (m.deadline < ${now} or (t.state = 'failed' and t.updated_at < now() - interval '2 seconds'))
    order by m.deadline
    limit ${limit}`;
}

/** Ends a move that will not come, and its hold. @returns false if it has ended already, or has come */
export async function endMove(
  sql: Queryable,
  { moveId, state, reason }: { moveId: string; state: "expired" | "failed"; reason: string },
): Promise<boolean> {
  const [row] = await sql<[{ ended: boolean }]>`select end_move(${moveId}, ${state}, ${reason}) as ended`;
  return row.ended;
}

/**
 * The event of a move is booked: nothing is held for it any more. The balance of its account is locked.
 * @returns its id; nothing for what was not asked for here
 */
export async function setMoved(
  tx: Tx,
  { accountId, by, eventId }: { accountId: string; by: { memo: string } | { voucherKey: string }; eventId: string },
): Promise<string[]> {
  const moved = await tx<Array<{ move_id: string }>>`
    update moves set state = case kind when 'transfer' then 'completed' else 'active' end, moved_event_id = ${eventId},
      reason = null
    where account_id = ${accountId} and state <> 'awaiting_signature' and moved_event_id is null
      and ${"memo" in by ? tx`kind = 'transfer' and memo = ${by.memo}` : tx`voucher_key = ${by.voucherKey}`}
    returning move_id`;
  for (const { move_id: moveId } of moved) await tx`select drop_clearance(${accountId}, ${moveId})`;
  return moved.map(({ move_id: moveId }) => moveId);
}

/** The event was reorganised away: it may come again, so it is held again. The balance of its account is locked. */
export async function unsetMoved(tx: Tx, eventId: string): Promise<void> {
  await tx`
    with back as (
      update moves set state = 'pending', moved_event_id = null where moved_event_id = ${eventId}
      returning account_id, move_id, amount_micro * 1000 as amount_nano
    ), held as (
      insert into holds (account_id, request_id, instance_id, paid_nano, funded_nano, expires_at)
      select account_id, move_id, null, amount_nano, 0, 'infinity' from back
      returning account_id, paid_nano
    )
    update balances b set held_nano = b.held_nano + h.paid_nano from held h where b.account_id = h.account_id`;
}
