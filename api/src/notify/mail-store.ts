import { randomBytes } from "node:crypto";
import type { JSONValue } from "postgres";
import type { Queryable, Sql, Tx } from "../db/types.ts";
import type { Kind, TemplateName } from "./templates.ts";

/** For how long it is known what was sent: a cause of before is not sent again. */
const KEPT = "90 days";

type Everywhere = { everywhere: boolean };

/** A user's first e-mail address, or all of them. */
export async function ownerToTell(
  sql: Queryable,
  { userId, everywhere }: { userId: string } & Everywhere,
): Promise<string[]> {
  const rows = await sql<Array<{ address: string }>>`
    select address from emails where user_id = ${userId} order by verified_at, email_id limit ${everywhere ? 100 : 1}`;
  return rows.map(({ address }) => address);
}

/** The same of those who look after an account. */
export async function membersToTell(
  sql: Queryable,
  { accountId, everywhere }: { accountId: string } & Everywhere,
): Promise<string[]> {
  const rows = await sql<Array<{ address: string }>>`
    select address from (
      select address, row_number() over (partition by user_id order by verified_at, email_id) as nth
      from emails join account_members using (user_id)
      where account_id = ${accountId} and role in ('owner', 'admin', 'billing')
    ) e
    where nth = 1 or ${everywhere}
    order by address limit 1000`;
  return rows.map(({ address }) => address);
}

type NewMails = {
  mails: Array<{ mailId: string; address: string }>;
  cause: string;
  template: TemplateName;
  data: object;
  lifetimeMs: number;
};

/** @returns how many were new */
export async function insertMails(tx: Tx, { mails, cause, template, data, lifetimeMs }: NewMails): Promise<number> {
  let inserted = 0;
  for (const { mailId, address } of mails) {
    const rows = await tx`
      insert into mails (mail_id, cause, address, template, data, expires_at, unsubscribe_token)
      values (${mailId}, ${cause}, ${address}, ${template}, ${tx.json(data as JSONValue)},
        now() + make_interval(secs => ${lifetimeMs / 1000}), ${randomBytes(24).toString("base64url")})
      on conflict (cause, lower(address)) do nothing
      returning mail_id`;
    inserted += rows.length;
  }
  return inserted;
}

export type MailRow = {
  mail_id: string;
  address: string;
  template: string;
  data: object;
  attempts: number;
  unsubscribe_token: string;
  /** It is too late, or he wants none of these. */
  expired: boolean;
  unwanted: string[];
};

/**
 * Takes up mails that are due. Each is this process's for `leaseMs`: if it dies, another sends them then.
 */
export async function claimMails(sql: Sql, { limit, leaseMs }: { limit: number; leaseMs: number }): Promise<MailRow[]> {
  return sql<MailRow[]>`
    update mails m set attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => ${leaseMs / 1000})
    where mail_id in (
      select mail_id from mails where state = 'queued' and next_attempt_at <= now()
      order by next_attempt_at limit ${limit} for update skip locked)
    returning mail_id, address, template, data, attempts, unsubscribe_token, expires_at <= now() as expired,
      array(select kind from unwanted_mails u where u.address = lower(m.address)) as unwanted`;
}

type End = "sent" | "failed" | "expired" | "unwanted";

/** The end of a mail; what it said is forgotten. */
export async function endMail(
  sql: Sql,
  { mailId, state, error = null }: { mailId: string; state: End; error?: string | null },
): Promise<void> {
  await sql`
    update mails set state = ${state}, data = '{}', error = ${error}, ended_at = now()
    where mail_id = ${mailId} and state = 'queued'`;
}

export async function postponeMail(
  sql: Sql,
  { mailId, waitMs, error }: { mailId: string; waitMs: number; error: string },
): Promise<void> {
  await sql`
    update mails set next_attempt_at = now() + make_interval(secs => ${waitMs / 1000}), error = ${error}
    where mail_id = ${mailId} and state = 'queued'`;
}

/** Ends what nobody could send in time, also where there is no mail server, and forgets what is over for long. */
export async function trimMails(sql: Sql): Promise<void> {
  await sql`
    update mails set state = 'expired', data = '{}', ended_at = now()
    where state = 'queued' and expires_at < now()`;
  await sql`delete from mails where state <> 'queued' and ended_at < now() - ${KEPT}::interval`;
}

/** What a mail was about, by the token in it. */
export async function mailByToken(
  sql: Queryable,
  token: string,
): Promise<{ address: string; template: string } | undefined> {
  const [row] = await sql<Array<{ address: string; template: string }>>`
    select address, template from mails where unsubscribe_token = ${token}`;
  return row;
}

export async function addressesOfUser(sql: Queryable, userId: string): Promise<string[]> {
  const rows = await sql<Array<{ address: string }>>`select address from emails where user_id = ${userId}`;
  return rows.map(({ address }) => address);
}

/** The kinds of mail that are not wanted at one of these addresses. */
export async function unwantedKinds(sql: Queryable, addresses: string[]): Promise<string[]> {
  const rows = await sql<Array<{ kind: string }>>`
    select distinct kind from unwanted_mails where address = any(${addresses.map((address) => address.toLowerCase())})`;
  return rows.map(({ kind }) => kind);
}

export async function setWanted(
  sql: Queryable,
  { addresses, kind, wanted }: { addresses: string[]; kind: Kind; wanted: boolean },
): Promise<void> {
  const keys = addresses.map((address) => address.toLowerCase());
  if (wanted) await sql`delete from unwanted_mails where address = any(${keys}) and kind = ${kind}`;
  else {
    await sql`
      insert into unwanted_mails (address, kind) select address, ${kind} from unnest(${keys}::text[]) address
      on conflict do nothing`;
  }
}
