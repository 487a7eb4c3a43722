import type { Queryable, Tx } from "../../db/types.ts";
import { NotFoundError } from "../../errors.ts";
import type { Given } from "./trust.ts";

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
  pendingMicro: bigint;
  needsReview: boolean;
  /** Null where nobody screens. */
  screening: "waiting" | "clear" | null;
};

export async function saveDeposit(tx: Tx, deposit: NewDeposit): Promise<void> {
  await tx`
    insert into deposits (event_id, account_id, payer, rail, amount_micro, debt_repaid_micro, memo, pending_micro,
      needs_review, screening)
    values (${deposit.eventId}, ${deposit.accountId}, ${deposit.payer}, ${deposit.rail}, ${deposit.amountMicro},
      ${deposit.debtRepaidMicro}, ${deposit.memo}, ${deposit.pendingMicro}, ${deposit.needsReview},
      ${deposit.screening})
    on conflict (event_id) do update set pending_micro = excluded.pending_micro, screening = excluded.screening,
      confirmed_at = null`;
}

/** Clear if his wallet was on no list in the last day; else somebody has to look first. */
export async function screeningOfPayer(tx: Tx, payer: string): Promise<"waiting" | "clear"> {
  const clear = await tx`
    select from screenings
    where address = lower(${payer}) and not is_listed and checked_at > now() - interval '1 day'`;
  return clear.length === 1 ? "clear" : "waiting";
}

export async function accountOfDeposit(tx: Tx, eventId: string): Promise<string | null> {
  const [row] = await tx<Array<{ account_id: string }>>`select account_id from deposits where event_id = ${eventId}`;
  return row?.account_id ?? null;
}

/** What accounts can spend of deposits whose blocks are not safe, without the one that is being booked. */
export async function givenOnTrust(
  tx: Tx,
  { accountId, eventId }: { accountId: string; eventId: string },
): Promise<Given> {
  const [row] = await tx<[{ of_account: bigint; total: bigint }]>`
    select coalesce(sum(given) filter (where account_id = ${accountId}), 0)::bigint as of_account,
      coalesce(sum(given), 0)::bigint as total
    from (
      select d.account_id, d.amount_micro - d.debt_repaid_micro - d.pending_micro as given
      from chain_events e join deposits d using (event_id)
      where e.finality = 'seen' and e.reversed_at is null and e.event_id <> ${eventId}
    ) d`;
  return { accountMicro: row.of_account, totalMicro: row.total };
}

/** Deposits whose blocks are safe by now, and of which something was kept back. */
export async function pendingSafe(sql: Queryable): Promise<string[]> {
  const rows = await sql<Array<{ event_id: string }>>`
    select d.event_id from deposits d join chain_events e using (event_id)
    where d.pending_micro > 0 and d.confirmed_at is null and e.finality <> 'seen' and e.reversed_at is null
      and coalesce(d.screening, 'clear') = 'clear'
    order by e.block_number, e.log_index`;
  return rows.map(({ event_id: eventId }) => eventId);
}

/** The same one, locked, if that is still so. */
export async function lockPending(
  tx: Tx,
  eventId: string,
): Promise<{ account_id: string; pending_micro: bigint; times_booked: number } | undefined> {
  const [row] = await tx<Array<{ account_id: string; pending_micro: bigint; times_booked: number }>>`
    select d.account_id, d.pending_micro, e.times_booked from deposits d join chain_events e using (event_id)
    where d.event_id = ${eventId} and d.confirmed_at is null and e.finality <> 'seen' and e.reversed_at is null
      and coalesce(d.screening, 'clear') = 'clear'
    for update`;
  return row;
}

export async function noteConfirmed(tx: Tx, eventId: string): Promise<void> {
  await tx`update deposits set confirmed_at = now() where event_id = ${eventId}`;
}

/** Deposits above what passes without a look, newest first. */
export async function depositsToReview(
  sql: Queryable,
  limit: number,
): Promise<Array<DepositRow & { account_id: string }>> {
  return sql<Array<DepositRow & { account_id: string }>>`
    select d.account_id, d.event_id, d.payer, d.rail, d.amount_micro, d.pending_micro, d.confirmed_at, e.transaction_hash,
      e.block_number, e.finality, e.booked_at, e.reversed_at
    from deposits d join chain_events e using (event_id)
    where d.needs_review
    order by e.block_number desc, e.log_index desc
    limit ${limit}`;
}

export type DepositRow = {
  event_id: string;
  payer: string;
  rail: string;
  amount_micro: bigint;
  pending_micro: bigint;
  confirmed_at: Date | null;
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
    select d.event_id, d.payer, d.rail, d.amount_micro, d.pending_micro, d.confirmed_at, e.transaction_hash, e.block_number, e.finality, e.booked_at,
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
