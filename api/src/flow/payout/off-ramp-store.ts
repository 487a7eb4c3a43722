import type { Queryable, Sql, Tx } from "../../db/types.ts";

const NANO_PER_MICRO = 1_000;

export type RecipientRow = {
  recipient_id: string;
  enabled: boolean;
  /** What the off-ramp has of him and has not paid, in whole µUSDC. */
  owed_micro: bigint;
};

/** Whom the off-ramp knows an account as. */
export async function recipientOf(
  sql: Queryable,
  { accountId, provider }: { accountId: string; provider: string },
): Promise<RecipientRow | undefined> {
  const [row] = await sql<RecipientRow[]>`
    select recipient_id, enabled, (
      select coalesce(sum(-amount_nano), 0)::bigint / ${NANO_PER_MICRO} from entry_sides
      where book = 'bank' and account_id = ${accountId}) as owed_micro
    from off_ramp_recipients where account_id = ${accountId} and provider = ${provider}`;
  return row;
}

export async function saveRecipient(
  sql: Sql,
  recipient: { accountId: string; provider: string; recipientId: string },
): Promise<void> {
  await sql`
    insert into off_ramp_recipients (account_id, provider, recipient_id)
    values (${recipient.accountId}, ${recipient.provider}, ${recipient.recipientId})
    on conflict (account_id, provider) do nothing`;
}

export async function setEnabled(
  sql: Sql,
  { provider, recipientId, enabled }: { provider: string; recipientId: string; enabled: boolean },
): Promise<void> {
  await sql`
    update off_ramp_recipients set enabled = ${enabled}
    where provider = ${provider} and recipient_id = ${recipientId}`;
}

/**
 * Takes up requests to a bank for which the off-ramp has the money already, from a payout that failed or that nobody had
 * asked for. @returns how many
 */
export async function payOwed(sql: Sql, least: bigint): Promise<number> {
  const taken = await sql`
    update payouts p set state = 'processing', amount_micro = o.owed, reason = null
    from (
      select account_id, sum(-amount_nano)::bigint / ${NANO_PER_MICRO} as owed from entry_sides
      where book = 'bank' group by 1
    ) o
    where p.account_id = o.account_id and p.state = 'pending' and p.method = 'bank' and o.owed >= ${least}
      and not exists (
        select from payouts q
        where q.account_id = p.account_id and q.payout_id <> p.payout_id and q.method = 'bank'
          and ((q.state = 'processing' and q.transfer_id is null) or (q.state = 'pending' and q.payout_id < p.payout_id)))
    returning p.payout_id`;
  return taken.length;
}

export type BankRow = {
  payout_id: string;
  account_id: string;
  amount_micro: bigint;
  recipient_id: string | null;
  transfer_id: string | null;
  external_id: string | null;
};

/** Payouts to a bank whose USDC has come for good and which the off-ramp has not sent yet. */
export async function bankPayoutsToSend(
  sql: Sql,
  { provider, limit }: { provider: string; limit: number },
): Promise<BankRow[]> {
  return sql<BankRow[]>`
    select p.payout_id, p.account_id, p.amount_micro, r.recipient_id, p.transfer_id, p.external_id
    from payouts p
    left join off_ramp_recipients r on r.account_id = p.account_id and r.provider = ${provider}
    left join chain_events e using (event_id)
    where p.method = 'bank' and p.state = 'processing' and p.amount_micro is not null
      and (p.event_id is null or e.finality = 'final')
    order by p.updated_at
    limit ${limit}`;
}

/** Payouts that an off-ramp has sent and not confirmed, longest ago first. */
export async function bankPayoutsSent(
  sql: Sql,
  { provider, limit }: { provider: string; limit: number },
): Promise<BankRow[]> {
  return sql<BankRow[]>`
    select p.payout_id, p.account_id, p.amount_micro, r.recipient_id, p.transfer_id, p.external_id
    from payouts p join off_ramp_recipients r on r.account_id = p.account_id and r.provider = ${provider}
    where p.method = 'bank' and p.state = 'sent'
    order by p.updated_at
    limit ${limit}`;
}

/** @returns false if the transfer was noted before */
export async function setTransferred(
  tx: Tx,
  { payoutId, transferId }: { payoutId: string; transferId: string },
): Promise<boolean> {
  const noted = await tx`
    update payouts set transfer_id = ${transferId}
    where payout_id = ${payoutId} and state = 'processing' and transfer_id is null returning payout_id`;
  return noted.length === 1;
}

export async function setSentToBank(
  sql: Sql,
  { payoutId, externalId }: { payoutId: string; externalId: string },
): Promise<void> {
  await sql`
    update payouts set state = 'sent', external_id = ${externalId}, reason = null
    where payout_id = ${payoutId} and state = 'processing'`;
}

/** The end of a payout to a bank, whichever; what has ended stays as it is. */
export async function setBankEnd(
  sql: Sql,
  { payoutId, state, reason }: { payoutId: string; state: "completed" | "failed"; reason: string | null },
): Promise<void> {
  await sql`
    update payouts set state = ${state}, reason = ${reason}
    where payout_id = ${payoutId} and state in ('processing', 'sent')`;
}

/** Behind the others in the next round. */
export async function noteTrouble(sql: Sql, { payoutId, reason }: { payoutId: string; reason: string }): Promise<void> {
  await sql`update payouts set reason = ${reason} where payout_id = ${payoutId} and state in ('processing', 'sent')`;
}

export async function payoutOfExternal(
  sql: Queryable,
  { provider, recipientId, externalId }: { provider: string; recipientId: string; externalId: string },
): Promise<BankRow | undefined> {
  const [row] = await sql<BankRow[]>`
    select p.payout_id, p.account_id, p.amount_micro, r.recipient_id, p.transfer_id, p.external_id
    from payouts p join off_ramp_recipients r on r.account_id = p.account_id and r.provider = ${provider}
    where p.external_id = ${externalId} and r.recipient_id = ${recipientId}`;
  return row;
}
