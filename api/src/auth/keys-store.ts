import type { Queryable, Sql, Tx } from "../db/types.ts";
import type { Role } from "../roles.ts";

export type KeyKind = "inference" | "management";

export type KeyRow = {
  key_id: string;
  /** Who made it. */
  user_id: string;
  kind: KeyKind;
  name: string;
  prefix: string;
  project: string | null;
  disabled: boolean;
  expires_at: Date | null;
  models: string[] | null;
  requests_per_minute: number | null;
  created_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
  /** Until when a secret that rotation replaced is still valid; null if none is. */
  old_secret_until: Date | null;
};

type Owned = { keyId: string; accountId: string };

export type NewKey = Owned & {
  userId: string;
  kind: KeyKind;
  name: string;
  prefix: string;
  hash: Buffer;
  project: string | null;
  expiresAt: Date | null;
  models: string[] | null;
  requestsPerMinute: number | null;
};

/** How many keys of an account are not revoked; that number stays until the transaction ends. */
export async function lockKeyCount(tx: Tx, accountId: string): Promise<number> {
  await tx`select from accounts where account_id = ${accountId} for no key update`;
  const [row] = await tx<Array<{ n: number }>>`
    select count(*)::int as n from api_keys where account_id = ${accountId} and revoked_at is null`;
  return row?.n ?? 0;
}

export async function insertKey(tx: Tx, key: NewKey): Promise<void> {
  await tx`
    insert into api_keys (key_id, account_id, user_id, kind, name, prefix, key_hash, project, expires_at, models,
      requests_per_minute)
    values (${key.keyId}, ${key.accountId}, ${key.userId}, ${key.kind}, ${key.name}, ${key.prefix}, ${key.hash},
      ${key.project}, ${key.expiresAt}, ${key.models}, ${key.requestsPerMinute})`;
}

const columns = (sql: Queryable) => sql`
  key_id, user_id, kind, name, prefix, project, disabled, expires_at, models, requests_per_minute, created_at, last_used_at,
  revoked_at, (select max(ends_at) from retired_secrets s where s.key_id = k.key_id and ends_at > now()) as old_secret_until`;

/** The keys of an account; `userId`: only those that he made. */
export async function keysOf(
  sql: Queryable,
  { accountId, userId }: { accountId: string; userId: string | null },
): Promise<KeyRow[]> {
  return sql<KeyRow[]>`
    select ${columns(sql)} from api_keys k
    where account_id = ${accountId} ${userId === null ? sql`` : sql`and user_id = ${userId}`}
    order by created_at desc, key_id desc limit 1000`;
}

export async function keyById(sql: Queryable, { keyId, accountId }: Owned): Promise<KeyRow | undefined> {
  const [row] = await sql<KeyRow[]>`
    select ${columns(sql)} from api_keys k where key_id = ${keyId} and account_id = ${accountId}`;
  return row;
}

/** The same, kept as it is until the transaction ends. */
export async function lockKey(tx: Tx, { keyId, accountId }: Owned): Promise<KeyRow | undefined> {
  await tx`select from api_keys where key_id = ${keyId} and account_id = ${accountId} for no key update`;
  return keyById(tx, { keyId, accountId });
}

/** Whether a key may name a project: any, but in a team one that there is and that is not archived. */
export async function takesKeys(
  sql: Queryable,
  { accountId, project }: { accountId: string; project: string },
): Promise<boolean> {
  const rows = await sql`
    select from accounts a where a.account_id = ${accountId} and (a.kind <> 'team' or exists (
      select from team_projects p where p.account_id = a.account_id and p.name = ${project} and p.archived_at is null))`;
  return rows.length === 1;
}

/** What of a key can change; `undefined` leaves it as it is. */
export type KeyChange = {
  name?: string | undefined;
  disabled?: boolean | undefined;
  expiresAt?: Date | null | undefined;
  models?: string[] | null | undefined;
  requestsPerMinute?: number | null | undefined;
};

export async function updateKey(tx: Tx, keyId: string, change: KeyChange): Promise<void> {
  const { name, disabled, expiresAt, models, requestsPerMinute } = change;
  await tx`
    update api_keys set
      name = ${name ?? tx`name`},
      disabled = ${disabled ?? tx`disabled`},
      expires_at = ${expiresAt === undefined ? tx`expires_at` : expiresAt},
      models = ${models === undefined ? tx`models` : models},
      requests_per_minute = ${requestsPerMinute === undefined ? tx`requests_per_minute` : requestsPerMinute}
    where key_id = ${keyId}`;
}

export async function revokeKey(tx: Tx, keyId: string): Promise<void> {
  await tx`update api_keys set revoked_at = now() where key_id = ${keyId} and revoked_at is null`;
}

/** Secrets of before that are still valid. */
export async function countOldSecrets(tx: Tx, keyId: string): Promise<number> {
  const [row] = await tx<Array<{ n: number }>>`
    select count(*)::int as n from retired_secrets where key_id = ${keyId} and ends_at > now()`;
  return row?.n ?? 0;
}

/** Gives a key another secret. All those before it end after the grace at the latest. */
export async function replaceSecret(
  tx: Tx,
  { keyId, hash, prefix, graceSeconds }: { keyId: string; hash: Buffer; prefix: string; graceSeconds: number },
): Promise<void> {
  const end = tx`now() + make_interval(secs => ${graceSeconds})`;
  await tx`delete from retired_secrets where key_id = ${keyId} and ends_at < now() - interval '30 days'`;
  await tx`update retired_secrets set ends_at = least(ends_at, ${end}) where key_id = ${keyId}`;
  await tx`
    insert into retired_secrets (secret_hash, key_id, ends_at)
    select key_hash, key_id, ${end} from api_keys where key_id = ${keyId}`;
  await tx`update api_keys set key_hash = ${hash}, prefix = ${prefix} where key_id = ${keyId}`;
}

export type KeyUseRow = {
  key_id: string;
  account_id: string;
  user_id: string;
  /** What its maker is in the account; null: he has left it. */
  role: Role | null;
  kind: KeyKind;
  name: string;
  project: string | null;
  disabled: boolean;
  expires_at: Date | null;
  models: string[] | null;
  requests_per_minute: number | null;
  revoked_at: Date | null;
  /** When this secret ends; null if it is the key's newest. */
  secret_ends_at: Date | null;
  /** Its account is. */
  frozen: boolean;
  /** Nobody has noted its use for a minute. */
  stale: boolean;
};

/** The key that a secret is of. */
export async function keyBySecret(sql: Sql, hash: Buffer): Promise<KeyUseRow | undefined> {
  const [row] = await sql<KeyUseRow[]>`
    select key_id, account_id, user_id, m.role, kind, name, project, disabled, expires_at, models, requests_per_minute, revoked_at,
      secret_ends_at, (select frozen_reason is not null from accounts a where a.account_id = api_keys.account_id) as frozen,
      last_used_at is null or last_used_at < now() - interval '1 minute' as stale
    from (
      select key_id, null::timestamptz as secret_ends_at from api_keys where key_hash = ${hash}
      union all
      select key_id, ends_at from retired_secrets where secret_hash = ${hash}
    ) s join api_keys using (key_id) left join account_members m using (account_id, user_id)`;
  return row;
}

/** Notes a key's use, to the minute: a row that is not written at every request stays cheap. */
export async function touchKey(sql: Sql, keyId: string): Promise<void> {
  await sql`update api_keys set last_used_at = now() where key_id = ${keyId}`;
}
