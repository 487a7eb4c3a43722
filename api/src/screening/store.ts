import type { Queryable, Sql, Tx } from "../db/types.ts";

export type ScreeningRow = { is_listed: boolean; detail: string | null; is_fresh: boolean };

/** What was said of a wallet; fresh if it need not be asked again. */
export async function screeningOf(
  sql: Queryable,
  address: string,
  freshHours: number,
): Promise<ScreeningRow | undefined> {
  const [row] = await sql<ScreeningRow[]>`
    select is_listed, detail, checked_at > now() - make_interval(hours => ${freshHours}) as is_fresh
    from screenings where address = ${address}`;
  return row;
}

export async function saveScreening(
  tx: Tx,
  { address, provider, detail }: { address: string; provider: string; detail: string | null },
): Promise<void> {
  await tx`
    insert into screenings (address, provider, is_listed, detail)
    values (${address}, ${provider}, ${detail !== null}, ${detail})
    on conflict (address) do update set provider = excluded.provider, is_listed = excluded.is_listed,
      detail = excluded.detail, checked_at = now()`;
}

/** Freezes what a wallet owns or signs in to, unless it is frozen already. */
export async function freezeOfWallet(tx: Tx, { address, reason }: { address: string; reason: string }): Promise<void> {
  await tx`
    update accounts a set frozen_reason = ${reason}
    where kind <> 'platform' and frozen_reason is null and (
      owner = ${address}
      or exists (select from account_facts f where f.account_id = a.account_id and f.what = 'owner' and f.value = ${address})
      or exists (
        select from wallets w join account_members m using (user_id)
        where w.address = ${address} and m.account_id = a.account_id and m.role = 'owner'))`;
}

/** Who paid deposits that wait, longest first. */
export async function waitingPayers(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<Array<{ payer: string }>>`
    select payer from deposits where screening = 'waiting' group by 1 order by min(event_id) limit ${limit}`;
  return rows.map((row) => row.payer);
}

export async function settleWaiting(
  tx: Tx,
  { payer, isListed }: { payer: string; isListed: boolean },
): Promise<string[]> {
  const rows = await tx<Array<{ account_id: string }>>`
    update deposits set screening = ${isListed ? "held" : "clear"}
    where payer = ${payer} and screening = 'waiting' returning account_id`;
  return rows.map((row) => row.account_id);
}

export async function freezeAccounts(
  tx: Tx,
  { accounts, reason }: { accounts: string[]; reason: string },
): Promise<void> {
  await tx`
    update accounts set frozen_reason = ${reason}
    where account_id = any (${accounts}) and kind <> 'platform' and frozen_reason is null`;
}

/** What the provider has taken back. */
export async function clearHeld(tx: Tx, payer: string): Promise<void> {
  await tx`update deposits set screening = 'clear' where lower(payer) = ${payer} and screening = 'held'`;
}

/** Wallets that were asked for so long ago that it has to be asked again, longest first. */
export async function staleWallets(
  sql: Sql,
  { freshHours, limit }: { freshHours: number; limit: number },
): Promise<string[]> {
  const rows = await sql<Array<{ address: string }>>`
    select address from screenings where checked_at < now() - make_interval(hours => ${freshHours})
    order by checked_at limit ${limit}`;
  return rows.map((row) => row.address);
}

/** Whether the account that a wallet's payments go to is frozen. */
export async function ownsFrozen(sql: Queryable, address: string): Promise<boolean> {
  const rows = await sql`select from accounts where owner = ${address} and frozen_reason is not null limit 1`;
  return rows.length > 0;
}
