import type { Queryable, Tx } from "../../db/types.ts";
import { NotFoundError } from "../../errors.ts";

type Opened = { eventId: string; chainAccount: string; owner: string; ref: string };

export async function openAccount(tx: Tx, opened: Opened & { newAccountId: string }): Promise<void> {
  await tx`
    insert into accounts (account_id, kind, owner, ref, chain_account, opened_event_id)
    values (${opened.newAccountId}, 'personal', ${opened.owner}, ${opened.ref}, ${opened.chainAccount}, ${opened.eventId})
    on conflict (ref) do update set chain_account = excluded.chain_account, opened_event_id = excluded.opened_event_id`;
}

export async function openPlatformAccount(tx: Tx, opened: Opened & { accountId: string }): Promise<void> {
  await tx`
    update accounts set owner = ${opened.owner}, ref = ${opened.ref}, chain_account = ${opened.chainAccount},
      opened_event_id = ${opened.eventId}
    where account_id = ${opened.accountId}`;
}

export async function unopenAccount(tx: Tx, eventId: string): Promise<void> {
  await tx`update accounts set chain_account = null, opened_event_id = null where opened_event_id = ${eventId}`;
}

export type NewDeposit = {
  eventId: string;
  accountId: string;
  payer: string;
  rail: string;
  amountMicro: bigint;
  debtRepaidMicro: bigint;
  memo: string;
};

export async function saveDeposit(tx: Tx, deposit: NewDeposit): Promise<void> {
  await tx`
    insert into deposits (event_id, account_id, payer, rail, amount_micro, debt_repaid_micro, memo)
    values (${deposit.eventId}, ${deposit.accountId}, ${deposit.payer}, ${deposit.rail}, ${deposit.amountMicro},
      ${deposit.debtRepaidMicro}, ${deposit.memo})
    on conflict (event_id) do nothing`;
}

export async function accountOfDeposit(tx: Tx, eventId: string): Promise<string | null> {
  const [row] = await tx<Array<{ account_id: string }>>`select account_id from deposits where event_id = ${eventId}`;
  return row?.account_id ?? null;
}

export type DepositRow = {
  event_id: string;
  payer: string;
  rail: string;
  amount_micro: bigint;
  transaction_hash: string;
  block_number: bigint;
  finality: "seen" | "safe" | "final";
  booked_at: Date;
  reversed_at: Date | null;
};

/** An account's deposits, newest first. */
export async function depositsOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<DepositRow[]> {
  return sql<DepositRow[]>`
    select d.event_id, d.payer, d.rail, d.amount_micro, e.transaction_hash, e.block_number, e.finality, e.booked_at,
      e.reversed_at
    from deposits d join chain_events e using (event_id)
    where d.account_id = ${accountId}
    order by e.block_number desc, e.log_index desc
    limit ${limit}`;
}

/** Owner and salt of an account, as the contract needs them to open it. @throws NotFoundError if they are unknown */
export async function ownerOfAccount(
  sql: Queryable,
  accountId: string,
): Promise<{ owner: `0x${string}`; salt: `0x${string}` }> {
  const [row] = await sql<Array<{ owner: `0x${string}`; salt: `0x${string}` }>>`
    select owner, salt from accounts where account_id = ${accountId} and owner is not null and salt is not null`;
  if (!row) throw new NotFoundError("account");
  return row;
}
