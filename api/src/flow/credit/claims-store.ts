import type { Queryable, Sql, Tx } from "../../db/types.ts";
import { type MoveRow, moveRows } from "./moves-store.ts";

/** Credit sent to an e-mail address, once it is signed. */
export async function claimById(sql: Queryable, moveId: string): Promise<MoveRow | undefined> {
  const [row] = await sql<MoveRow[]>`
    ${moveRows(sql)} where m.move_id = ${moveId} and m.kind = 'claim' and m.submitted_at is not null`;
  return row;
}

/** The half of a claim's key that is kept here. */
export async function claimCode(sql: Queryable, moveId: string): Promise<string> {
  const [row] = await sql<Array<{ code: string | null }>>`select code from moves where move_id = ${moveId}`;
  if (!row?.code) throw new Error(`${moveId} has no code`);
  return row.code;
}

/** Whose e-mail address it is, in lower case, and the account that he signs in to. */
export async function userOfEmail(
  sql: Queryable,
  email: string,
): Promise<{ user_id: string; home_account_id: string | null } | undefined> {
  const [row] = await sql<Array<{ user_id: string; home_account_id: string | null }>>`
    select user_id, home_account_id from emails join users using (user_id) where lower(address) = ${email}`;
  return row;
}

/** What can be handed over now, and to whom. An account that is being opened is asked for again after a while. */
export async function claimablesOfKnown(
  sql: Sql,
  limit: number,
): Promise<Array<{ move_id: string; home_account_id: string }>> {
  return sql<Array<{ move_id: string; home_account_id: string }>>`
    select m.move_id, u.home_account_id from moves m
    join emails e on lower(e.address) = m.lock_email
    join users u on u.user_id = e.user_id
    join accounts a on a.account_id = u.home_account_id
    left join settleable_accounts s on s.account_id = a.account_id
    where m.kind = 'claim' and m.state = 'active' and m.revoked_at is null and m.closing_transaction_id is null
      and a.frozen_reason is null and a.account_id <> m.account_id
      and case
        when m.redeemer_id is null then true
        when m.redeemer_id <> a.account_id then m.redeemer_at < now() - interval '15 minutes'
        else s.account_id is not null or m.redeemer_at < now() - interval '5 seconds'
      end
    order by m.move_id
    limit ${limit}`;
}

/** How a sender is called towards those whom he names: a team by its name, others by their first e-mail address, or wallet. */
export async function senderName(sql: Queryable, { accountId, userId }: { accountId: string; userId: string }) {
  const [row] = await sql<[{ name: string }]>`
    select coalesce(
      (select name from teams where account_id = ${accountId}),
      (select address from emails where user_id = ${userId} order by verified_at, email_id limit 1),
      (select address from wallets where user_id = ${userId} order by created_at, address limit 1),
      (select owner from accounts where account_id = ${accountId})
    ) as name`;
  return row.name;
}

/** Moves by their ids, in the transaction that has just changed them. */
export async function movesById(tx: Tx, moveIds: string[]): Promise<MoveRow[]> {
  if (moveIds.length === 0) return [];
  return tx<MoveRow[]>`${moveRows(tx)} where m.move_id in ${tx(moveIds)}`;
}
