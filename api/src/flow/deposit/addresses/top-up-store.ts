import type { Queryable, Sql } from "../../../db/types.ts";

export type TopUpRow = { link_id: string; account_id: string; user_id: string; message: string; created_at: Date };

const columns = (sql: Queryable) => sql`select link_id, account_id, user_id, message, created_at from top_up_links`;

/** A link that counts, for whoever has it. */
export async function topUpById(sql: Queryable, linkId: string): Promise<TopUpRow | undefined> {
  const [row] = await sql<TopUpRow[]>`${columns(sql)} where link_id = ${linkId} and ended_at is null`;
  return row;
}

/** The links of an account that count, newest first. */
export async function topUpsOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<TopUpRow[]> {
  return sql<TopUpRow[]>`
    ${columns(sql)} where account_id = ${accountId} and ended_at is null order by link_id desc limit ${limit}`;
}

/** @returns false if there are `most` that count already */
export async function insertTopUp(
  sql: Sql,
  { most, ...link }: { linkId: string; accountId: string; userId: string; message: string; most: number },
): Promise<boolean> {
  const made = await sql`
    insert into top_up_links (link_id, account_id, user_id, message)
    select ${link.linkId}, ${link.accountId}, ${link.userId}, ${link.message}
    where (select count(*) from top_up_links where account_id = ${link.accountId} and ended_at is null) < ${most}
    returning link_id`;
  return made.length === 1;
}

/** @returns false if there is no such link of the account, or it has ended */
export async function endTopUp(
  sql: Sql,
  { linkId, accountId }: { linkId: string; accountId: string },
): Promise<boolean> {
  const ended = await sql`
    update top_up_links set ended_at = now()
    where link_id = ${linkId} and account_id = ${accountId} and ended_at is null returning link_id`;
  return ended.length === 1;
}
