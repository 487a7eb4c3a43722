import type { Queryable, Tx } from "../db/types.ts";

export type AccountState = {
  account_id: string;
  kind: "personal" | "team" | "platform";
  owner: string;
  chain_account: bigint | null;
  frozen_reason: string | null;
  created_at: Date;
  chain_nano: bigint;
  debt_nano: bigint;
  unsettled_nano: bigint;
  held_nano: bigint;
  funded_nano: bigint;
};

/** What an administrator sees of an account. */
export async function accountState(sql: Queryable, accountId: string): Promise<AccountState | undefined> {
  const [row] = await sql<AccountState[]>`
    select a.account_id, a.kind, a.owner, a.chain_account, a.frozen_reason, a.created_at, b.chain_nano, b.debt_nano,
      b.unsettled_nano, (b.held_nano + b.funded_held_nano)::bigint as held_nano, b.funded_nano
    from accounts a join balances b using (account_id)
    where account_id = ${accountId} and kind <> 'platform'`;
  return row;
}

/** Waits for moves that are being set aside, so that none gets through after it. @returns what was so before */
export async function setFrozen(
  tx: Tx,
  { accountId, reason }: { accountId: string; reason: string | null },
): Promise<{ frozen_reason: string | null } | undefined> {
  await tx`select from balances where account_id = ${accountId} for update`;
  const [before] = await tx<Array<{ frozen_reason: string | null }>>`
    select frozen_reason from accounts where account_id = ${accountId} and kind <> 'platform' for no key update`;
  if (before && before.frozen_reason !== reason)
    await tx`update accounts set frozen_reason = ${reason} where account_id = ${accountId}`;
  return before;
}
