import type { Queryable, Tx } from "../../db/types.ts";

export type LotKind = "promo" | "trial" | "subscription" | "enterprise" | "card";
export type LotState = "live" | "spent" | "expired" | "revoked" | "refunded" | "disputed" | "converted";

export type LotRow = {
  lot_id: string;
  account_id: string;
  kind: LotKind;
  cause: string;
  /** All in nano-dollars: amount = used + taken + left. */
  amount_nano: bigint;
  used_nano: bigint;
  /** Expired, or claimed back. */
  taken_nano: bigint;
  left_nano: bigint;
  priority: number;
  expires_at: Date | null;
  state: LotState;
  created_at: Date;
};

const columnsOf = (sql: Queryable) => sql`
  lot_id, account_id, kind, cause, amount_nano, used_nano, taken_nano, left_nano, priority, expires_at, state, created_at`;

export type NewLot = {
  lotId: string;
  accountId: string;
  kind: LotKind;
  cause: string;
  amountNano: bigint;
  priority: number;
  expiresAt: Date | null;
};

/** Grants a lot, or finds the one that its cause has had before. */
export async function insertLot(tx: Tx, lot: NewLot, now: Date): Promise<LotRow> {
  const [row] = await tx<LotRow[]>`
    select ${columnsOf(tx)} from grant_lot(
      ${lot.lotId}, ${lot.accountId}, ${lot.kind}, ${lot.cause}, ${lot.amountNano.toString()}::bigint,
      ${lot.priority}::smallint, ${lot.expiresAt}, ${now})`;
  if (!row) throw new Error(`no lot for ${lot.cause}`);
  return row;
}

/** Brings the lots of an account up to date: what was used, what has expired, what is claimed back. */
export async function settleLots(tx: Tx, { accountId, now }: { accountId: string; now: Date }): Promise<void> {
  await tx`select settle_lots(${accountId}, ${now})`;
}

/**
 * Says how much of a lot is claimed back in all, in nano-dollars; less than before gives back. Followed by
 * {@link settleLots} in the same transaction.
 */
export async function setClaim(
  tx: Tx,
  { lotId, claim, claimedNano }: { lotId: string; claim: "revoked" | "refunded" | "disputed"; claimedNano: bigint },
): Promise<void> {
  await tx`
    update lots set claimed_nano = least(amount_nano, ${claimedNano.toString()}::bigint), claim = ${claim}
    where lot_id = ${lotId} and (claimed_nano > 0 or ${claimedNano.toString()}::bigint > 0)`;
}

/** Accounts whose lots are not up to date, in id order, after one of them. */
export async function accountsToSettle(
  sql: Queryable,
  { now, after, limit }: { now: Date; after: string; limit: number },
): Promise<string[]> {
  const rows = await sql<Array<{ account_id: string }>>`
    select account_id from (
      select account_id from lots where taken_nano <> target_nano
      union
      select account_id from lots where left_nano > 0 and expired_at is null and expires_at <= ${now}
      union
      select account_id from (
        select account_id, sum(left_nano) as lots_have from lots where left_nano > 0 group by 1
      ) l join balances using (account_id) where funded_nano <> lots_have
    ) due
    where account_id > ${after} order by account_id limit ${limit}`;
  return rows.map((row) => row.account_id);
}

/** An account's lots, newest first. */
export async function lotsOf(
  sql: Queryable,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<LotRow[]> {
  return sql<LotRow[]>`
    select ${columnsOf(sql)} from lots where account_id = ${accountId}
    order by created_at desc, lot_id desc limit ${limit}`;
}

export async function lotOf(sql: Queryable, lotId: string): Promise<LotRow | undefined> {
  const [row] = await sql<LotRow[]>`select ${columnsOf(sql)} from lots where lot_id = ${lotId}`;
  return row;
}

/** Everybody's account but the platform's own. */
export async function isGrantable(sql: Queryable, accountId: string): Promise<boolean> {
  const [row] = await sql`select from accounts where account_id = ${accountId} and kind <> 'platform'`;
  return row !== undefined;
}

/** Who an account's owners are, in every way that is known: ids, wallets, e-mail addresses. */
export async function identitiesOf(sql: Queryable, accountId: string): Promise<string[]> {
  const rows = await sql<Array<{ identity: string }>>`
    with owners as (
      select user_id from account_members where account_id = ${accountId} and role = 'owner'
    )
    select 'user:' || user_id as identity from owners
    union select 'wallet:' || address from wallets join owners using (user_id)
    union select 'email:' || lower(address) from emails join owners using (user_id)
    order by identity`;
  return rows.map((row) => row.identity);
}

/** @returns false if the campaign has given to one of these before */
export async function takeIdentities(
  tx: Tx,
  { campaign, identities, lotId }: { campaign: string; identities: string[]; lotId: string },
): Promise<boolean> {
  const taken = await tx`
    insert into lot_identities (campaign, identity, lot_id)
    select ${campaign}, identity, ${lotId} from unnest(${identities}::text[]) identity
    on conflict (campaign, identity) do nothing
    returning identity`;
  return taken.length === identities.length;
}

export type FundingRow = { granted_nano: bigint; room_nano: bigint };

/** What was granted in all, and how much more account 1 covers, in nano-dollars. */
export async function readFunding(sql: Queryable): Promise<FundingRow> {
  const [row] = await sql<[FundingRow]>`select granted_nano, funding_room() as room_nano from funding`;
  return row;
}

/** What an administrator did, with what. */
export async function noteAct(
  tx: Tx,
  { userId, act, subjectId, details }: { userId: string; act: string; subjectId: string; details: object },
): Promise<void> {
  await tx`
    insert into admin_acts (user_id, act, subject_id, details)
    values (${userId}, ${act}, ${subjectId}, ${JSON.stringify(details)}::text::jsonb)`;
}
