import type { Sql } from "../db/types.ts";
import { InfrError } from "../errors.ts";
import { demand, type Role } from "../roles.ts";
import { type KeyKind, type KeyUseRow, keyBySecret, touchKey } from "./keys-store.ts";
import { hashSecret } from "./tokens.ts";

const FRESH_MS = 1_000;
const MAX_CACHED = 100_000;

/** No key, a wrong one, or one that is not valid now: HTTP 401. */
export class InvalidKeyError extends InfrError {
  readonly code = "invalid_api_key";
  readonly status = 401;
}

/** A management key where something is asked of a model, or an inference key where keys are managed: HTTP 403. */
export class WrongKeyKindError extends InfrError {
  readonly code = "wrong_key_kind";
  readonly status = 403;

  constructor(kind: KeyKind) {
    super(
      kind === "management"
        ? "This is a management key: it manages keys and limits, but can't spend. Use an inference key (sk-infr-…)."
        : "This is an inference key: it can't manage anything. Use a management key (sk-infr-mgmt-…).",
    );
  }
}

/** Its account is frozen: HTTP 403. */
export class FrozenKeyError extends InfrError {
  readonly code = "account_frozen";
  readonly status = 403;
  constructor() {
    super("This account is frozen: it can't spend. Write to support.");
  }
}

/** Whose request it is, and what it may do. */
export type KeyOwner = {
  keyId: string;
  accountId: string;
  userId: string;
  /** What its maker is in the account: a key can do no more. */
  role: Role;
  name: string;
  /** The only models it may ask for; null for all. */
  models: string[] | null;
  /** Its own rate limit; null for the usual one. */
  requestsPerMinute: number | null;
  /** What its requests count against, as `scope:subject`, with the words that people know it by. */
  subjects: Record<string, string>;
};

/** Counts keys that are not valid, of somebody. */
export type Guard = {
  /** @throws when there were too many */
  check: () => Promise<void>;
  failed: () => Promise<void>;
};

type Asked = { authorization: string | undefined; kind: KeyKind; guard: Guard };
type Known = { owner: KeyOwner; kind: KeyKind; endsAt: number; readAt: number };

/** Knows the keys in use. What is changed of a key counts within a second in all processes, at once in this one. */
export class KeyRing {
  readonly #sql: Sql;
  readonly #known = new Map<string, Known>();
  /** Who asks for a key that is being read waits for that: a burst of requests is one question to the database. */
  readonly #reading = new Map<string, Promise<Known>>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Whose inference key an `Authorization` header carries. @throws InvalidKeyError, WrongKeyKindError */
  authenticate = (authorization: string | undefined, guard: Guard): Promise<KeyOwner> =>
    this.#ownerOf({ authorization, kind: "inference", guard });

  /** Whose management key it carries. @throws InvalidKeyError, WrongKeyKindError */
  authenticateManager = (authorization: string | undefined, guard: Guard): Promise<KeyOwner> =>
    this.#ownerOf({ authorization, kind: "management", guard });

  /** Reads a key anew at its next use. */
  forget(keyId: string): void {
    for (const [secret, { owner }] of this.#known) if (owner.keyId === keyId) this.#known.delete(secret);
    // What is being read may be what the key was: nobody else is to have it.
    this.#reading.clear();
  }

  /** Reads all keys of an account anew. */
  forgetAccount(accountId: string): void {
    for (const [secret, { owner }] of this.#known) if (owner.accountId === accountId) this.#known.delete(secret);
    this.#reading.clear();
  }

  async #ownerOf({ authorization, kind, guard }: Asked): Promise<KeyOwner> {
    const key = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? "";
    const hash = hashSecret(key);
    const secret = hash.toString("base64");
    const known = this.#fresh(secret) ?? (await this.#readGuarded({ key, hash, secret, guard }));
    if (known.kind !== kind) throw new WrongKeyKindError(known.kind);
    if (kind === "inference") demand(known.owner.role, "requests");
    return known.owner;
  }

  /** A key that was valid here a moment ago is looked up whatever others at its address do. */
  async #readGuarded({ key, hash, secret, guard }: { key: string; hash: Buffer; secret: string; guard: Guard }) {
    if (!this.#known.has(secret)) await guard.check();
    try {
      if (key === "") throw new InvalidKeyError("There is no API key. Send it as Authorization: Bearer sk-infr-….");
      return await this.#readOnce(hash, secret);
    } catch (error) {
      if (error instanceof InvalidKeyError) {
        this.#known.delete(secret);
        await guard.failed();
      }
      throw error;
    }
  }

  #fresh(secret: string): Known | undefined {
    const known = this.#known.get(secret);
    return known && performance.now() - known.readAt < FRESH_MS && Date.now() < known.endsAt ? known : undefined;
  }

  async #readOnce(hash: Buffer, secret: string): Promise<Known> {
    const reading = this.#reading.get(secret) ?? this.#read(hash);
    this.#reading.set(secret, reading);
    try {
      const known = await reading;
      if (this.#reading.get(secret) !== reading) return known;
      if (this.#known.size >= MAX_CACHED) this.#known.clear();
      this.#known.set(secret, known);
      return known;
    } finally {
      if (this.#reading.get(secret) === reading) this.#reading.delete(secret);
    }
  }

  async #read(hash: Buffer): Promise<Known> {
    const readAt = performance.now();
    const row = await keyBySecret(this.#sql, hash);
    const refusal = whyNot(row);
    if (row === undefined || row.role === null || refusal !== null) throw new InvalidKeyError(refusal ?? "");
    if (row.frozen) throw new FrozenKeyError();
    if (row.stale) await touchKey(this.#sql, row.key_id);
    return { owner: ownerOf(row, row.role), kind: row.kind, endsAt: endOf(row), readAt };
  }
}

function whyNot(row: KeyUseRow | undefined): string | null {
  if (row === undefined) return "This API key is not known. Check that you copied all of it.";
  if (row.revoked_at) return "This API key was revoked. Create a new one on the API keys page.";
  if (row.role === null)
    return "Whoever made this API key does not belong to its account any more. Use one of your own.";
  if (row.disabled) return "This API key is disabled. Enable it on the API keys page, or use another one.";
  if (row.expires_at && row.expires_at.getTime() <= Date.now()) {
    return `This API key expired on ${row.expires_at.toISOString()}. Create a new one, or set a later expiry.`;
  }
  if (row.secret_ends_at && row.secret_ends_at.getTime() <= Date.now()) {
    return `This API key was rotated, and its old secret ended on ${row.secret_ends_at.toISOString()}. Use the new one.`;
  }
  return null;
}

const endOf = (row: KeyUseRow): number =>
  Math.min(
    row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
    row.secret_ends_at?.getTime() ?? Number.POSITIVE_INFINITY,
  );

const ownerOf = (row: KeyUseRow, role: Role): KeyOwner => ({
  keyId: row.key_id,
  accountId: row.account_id,
  userId: row.user_id,
  role,
  name: row.name,
  models: row.models,
  requestsPerMinute: row.requests_per_minute,
  subjects: {
    [`account:${row.account_id}`]: "this account",
    [`member:${row.user_id}`]: "the member who made this key",
    [`key:${row.key_id}`]: `key “${row.name}”`,
    ...(row.project === null ? {} : { [`project:${row.project}`]: `project “${row.project}”` }),
  },
});
