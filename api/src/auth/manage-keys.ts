import type { NanoUsd } from "@infr/money";
import type { Sql, Tx } from "../db/types.ts";
import { InfrError, InvalidInputError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Period } from "../ledger/commit/operations.ts";
import { type Limit, openLimit, readLimits, removeLimit, setLimit } from "../ledger/limits.ts";
import { demand, may } from "../roles.ts";
import type { KeyRing } from "./api-keys.ts";
import {
  countOldSecrets,
  insertKey,
  type KeyChange,
  type KeyKind,
  type KeyRow,
  keyById,
  keysOf,
  lockKey,
  lockKeyCount,
  replaceSecret,
  revokeKey,
  takesKeys,
  updateKey,
} from "./keys-store.ts";
import type { Actor } from "./sessions.ts";
import { lockRole } from "./store.ts";
import { hashSecret, newSecret } from "./tokens.ts";

const PREFIX: Record<KeyKind, string> = { inference: "sk-infr-", management: "sk-infr-mgmt-" };
const SHOWN_CHARACTERS = 4;
const MAX_NAME = 64;
const MAX_KEYS = 1_000;
const MAX_OLD_SECRETS = 10;
/** How long a secret may stay valid after rotation. */
export const MAX_GRACE_SECONDS = 7 * 86_400;

/** The key's state does not allow it: HTTP 409. */
export class KeyStateError extends InfrError {
  readonly code = "key_state";
  readonly status = 409;
}

/** A management key that would make, change or end a management key: HTTP 403. */
export class SessionNeededError extends InfrError {
  readonly code = "session_needed";
  readonly status = 403;

  constructor() {
    super("Management keys are made, changed and ended by people only. Sign in and do it on the API keys page.");
  }
}

/** Who manages: somebody signed in, or a management key, which can't touch its like. */
export type Manager = Actor & { by: "session" | "key" };

/** A key of somebody else, whose secret would let others spend in his name: HTTP 403. */
export class NotYourKeyError extends InfrError {
  readonly code = "not_your_key";
  readonly status = 403;

  constructor() {
    super("Only who made a key can give it another secret. End it instead, and let him make a new one.");
  }
}

/** Whose keys somebody sees and manages: his own, or with null everybody's. */
const makerOf = ({ role, userId }: Actor): string | null => (may(role, "keys") ? null : userId);

/** A key with its limits; without its secret, which nobody knows. */
export type ManagedKey = KeyRow & { limits: Limit[] };

/** Amounts by window; null removes a limit. */
export type KeyLimits = Partial<Record<Period, NanoUsd | null>>;

type Wanted = Omit<KeyChange, "name" | "disabled"> & {
  name: string;
  kind: KeyKind;
  project?: string | undefined;
  limits: KeyLimits;
};

type Tools = { sql: Sql; keyRing: KeyRing };
type Which = { manager: Manager; keyId: string };

/**
 * Creates a key. The secret is in the answer and nowhere else: only its hash is kept.
 * @throws InvalidInputError, KeyStateError, TooManyLimitsError; SessionNeededError when a management key makes another
 */
export async function createKey(
  sql: Sql,
  { manager, wanted }: { manager: Manager; wanted: Wanted },
): Promise<ManagedKey & { key: string }> {
  if (wanted.kind === "management") refuseKey(manager);
  if (wanted.kind === "management" && (wanted.models || wanted.project || wanted.requestsPerMinute)) {
    throw new InvalidInputError("A management key can't spend: it takes no models, project or rate.", "kind");
  }
  const { accountId, userId } = manager;
  if (wanted.project !== undefined) await mustHaveProject(sql, { accountId, project: wanted.project });
  const keyId = newId("key");
  const secret = makeSecret(wanted.kind);
  await sql.begin(async (tx) => {
    // Who is being removed makes no key that would outlive him.
    const role = await lockRole(tx, manager);
    if (role === null) throw new NotFoundError("account");
    demand(role, wanted.kind === "management" ? "keys" : "requests");
    if ((await lockKeyCount(tx, accountId)) >= MAX_KEYS) {
      throw new KeyStateError(`An account has at most ${MAX_KEYS} keys. Revoke some that are no longer used.`);
    }
    await insertKey(tx, {
      keyId,
      accountId,
      userId,
      kind: wanted.kind,
      name: nameOf(wanted.name),
      prefix: secret.prefix,
      hash: secret.hash,
      project: wanted.project ?? null,
      expiresAt: future(wanted.expiresAt) ?? null,
      models: wanted.models ?? null,
      requestsPerMinute: wanted.requestsPerMinute ?? null,
    });
    for (const [period, amount] of amountsOf(wanted.limits)) {
      if (amount !== null) await openLimit(tx, { accountId, scope: "key", subjectId: keyId, period, amount });
    }
  });
  return { ...(await withLimits(sql, { accountId, keyId })), key: secret.key };
}

/** The keys of the account that somebody may see, newest first. */
export async function listKeys(sql: Sql, actor: Actor): Promise<ManagedKey[]> {
  const { accountId } = actor;
  const keys = await keysOf(sql, { accountId, userId: makerOf(actor) });
  const limits = Map.groupBy(await readLimits(sql, { accountId, scope: "key" }), ({ subjectId }) => subjectId);
  return keys.map((key) => ({ ...key, limits: limits.get(key.key_id) ?? [] }));
}

/** @throws NotFoundError */
export async function readKey(sql: Sql, { actor, keyId }: { actor: Actor; keyId: string }): Promise<ManagedKey> {
  const key = await withLimits(sql, { accountId: actor.accountId, keyId });
  if (!isTheirs(actor, key)) throw new NotFoundError("API key");
  return key;
}

const isTheirs = (actor: Actor, key: KeyRow): boolean => (makerOf(actor) ?? key.user_id) === key.user_id;

async function withLimits(sql: Sql, key: { accountId: string; keyId: string }): Promise<ManagedKey> {
  const row = await keyById(sql, key);
  if (!row) throw new NotFoundError("API key");
  return { ...row, limits: await readLimits(sql, { ...key, scope: "key", subjects: [key.keyId] }) };
}

/**
 * Changes a key and its limits; these only for whoever sets budgets.
 * @throws RoleNeededError, NotFoundError, KeyStateError, InvalidInputError, SessionNeededError
 */
export async function changeKey(
  { sql, keyRing }: Tools,
  { manager, keyId, change, limits }: Which & { change: KeyChange; limits: KeyLimits },
): Promise<ManagedKey> {
  const { accountId } = manager;
  if (amountsOf(limits).length > 0) demand(manager.role, "budgets");
  await sql.begin(async (tx) => {
    const row = await usableKey(tx, { manager, keyId });
    if (row.kind === "management" && (change.models || change.requestsPerMinute)) {
      throw new InvalidInputError("A management key can't spend: it takes no models or rate.", "models");
    }
    const name = change.name === undefined ? undefined : nameOf(change.name);
    await updateKey(tx, keyId, { ...change, name, expiresAt: future(change.expiresAt) });
  });
  keyRing.forget(keyId);
  for (const [period, amount] of amountsOf(limits)) {
    const limit = { accountId, scope: "key", subjectId: keyId, period } as const;
    if (amount !== null) await setLimit(sql, { ...limit, amount });
    else await removeLimit(sql, limit).catch(ignoreMissing);
  }
  return withLimits(sql, { accountId, keyId });
}

/**
 * Gives a key another secret, shown once. Those before it stay valid for `graceSeconds`, at most 7 days; 0 ends them now.
 * @throws NotFoundError, KeyStateError, SessionNeededError, NotYourKeyError
 */
export async function rotateKey(
  { sql, keyRing }: Tools,
  { manager, keyId, graceSeconds }: Which & { graceSeconds: number },
): Promise<ManagedKey & { key: string }> {
  const secret = await sql.begin(async (tx) => {
    const { kind, user_id: maker } = await usableKey(tx, { manager, keyId });
    if (maker !== manager.userId) throw new NotYourKeyError();
    if (graceSeconds > 0 && (await countOldSecrets(tx, keyId)) >= MAX_OLD_SECRETS) {
      throw new KeyStateError(`${MAX_OLD_SECRETS} old secrets of this key are still valid. End them: graceSeconds 0.`);
    }
    const made = makeSecret(kind);
    await replaceSecret(tx, { keyId, ...made, graceSeconds });
    return made;
  });
  keyRing.forget(keyId);
  return { ...(await withLimits(sql, { accountId: manager.accountId, keyId })), key: secret.key };
}

/** Ends a key for good; repeating it changes nothing. @throws NotFoundError, SessionNeededError */
export async function endKey({ sql, keyRing }: Tools, { manager, keyId }: Which): Promise<void> {
  await sql.begin(async (tx) => {
    await ownKey(tx, { manager, keyId });
    await revokeKey(tx, keyId);
  });
  keyRing.forget(keyId);
}

async function ownKey(tx: Tx, { manager, keyId }: Which): Promise<KeyRow> {
  const row = await lockKey(tx, { keyId, accountId: manager.accountId });
  if (!row || !isTheirs(manager, row)) throw new NotFoundError("API key");
  if (row.kind === "management") refuseKey(manager);
  return row;
}

async function usableKey(tx: Tx, which: Which): Promise<KeyRow> {
  const row = await ownKey(tx, which);
  if (row.revoked_at) throw new KeyStateError("This API key was revoked, for good. Create a new one.");
  return row;
}

/** A team's projects are made before they are named; anybody else's are just names. @throws NotFoundError */
async function mustHaveProject(sql: Sql, project: { accountId: string; project: string }): Promise<void> {
  if (!(await takesKeys(sql, project))) throw new NotFoundError("project");
}

/** A leaked management key must not outlive its revocation by one it has made. */
function refuseKey({ by }: Manager): void {
  if (by === "key") throw new SessionNeededError();
}

function makeSecret(kind: KeyKind): { key: string; prefix: string; hash: Buffer } {
  const key = PREFIX[kind] + newSecret();
  return { key, prefix: key.slice(0, PREFIX[kind].length + SHOWN_CHARACTERS), hash: hashSecret(key) };
}

function nameOf(name: string): string {
  const trimmed = name.trim();
  if (trimmed === "" || trimmed.length > MAX_NAME) {
    throw new InvalidInputError(`name has to have 1 to ${MAX_NAME} characters.`, "name");
  }
  return trimmed;
}

function future<T extends Date | null | undefined>(at: T): T {
  if (at && !(at.getTime() > Date.now()))
    throw new InvalidInputError("expiresAt has to be in the future.", "expiresAt");
  return at;
}

const amountsOf = (limits: KeyLimits): Array<[Period, NanoUsd | null]> =>
  Object.entries(limits) as Array<[Period, NanoUsd | null]>;

function ignoreMissing(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}
