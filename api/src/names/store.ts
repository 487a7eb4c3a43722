import type { Queryable } from "../db/types.ts";

export async function nameOfAccount(sql: Queryable, accountId: string): Promise<string | null> {
  const [row] = await sql<Array<{ name: string }>>`
    select name from account_names where account_id = ${accountId} and given_up_at is null`;
  return row?.name ?? null;
}

/** Whose name it is now, and where in the contract what is sent there arrives. */
export type NamedAccount = {
  account_id: string;
  kind: "personal" | "team" | "platform";
  owner: `0x${string}`;
  ref: `0x${string}`;
  chain_account: bigint | null;
};

export async function accountOfName(sql: Queryable, name: string): Promise<NamedAccount | undefined> {
  const [row] = await sql<NamedAccount[]>`
    select a.account_id, a.kind, a.ref, a.chain_account, current_owner(a) as owner
    from account_names n join accounts a using (account_id)
    where n.name = ${name} and n.given_up_at is null`;
  return row;
}

/** Takes a name; one that the account had before is its again. A violation of `unique` means that somebody else has it. */
export async function takeName(
  sql: Queryable,
  row: { name: string; account_id: string; user_id: string },
): Promise<void> {
  await sql`
    insert into account_names ${sql(row)}
    on conflict (name) do update set given_up_at = null where account_names.account_id = excluded.account_id`;
}

/** @returns false if it had none */
export async function giveUpName(sql: Queryable, accountId: string): Promise<boolean> {
  const given = await sql`
    update account_names set given_up_at = now() where account_id = ${accountId} and given_up_at is null returning name`;
  return given.length === 1;
}

/** Nobody else chooses or gives up a name of this account until the transaction ends. */
export async function lockNames(tx: Queryable, accountId: string): Promise<void> {
  await tx`select from accounts where account_id = ${accountId} for no key update`;
}

/** Whether an account is open in the contract: it was paid into. */
export async function isOpen(sql: Queryable, accountId: string): Promise<boolean> {
  const rows = await sql`select from accounts where account_id = ${accountId} and chain_account is not null`;
  return rows.length === 1;
}
