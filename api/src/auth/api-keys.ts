import type { Sql } from "../db/types.ts";
import { InfrError, InvalidInputError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { insertKey, type KeyRow, keysOf, revokeKey, useKey } from "./store.ts";
import { hashSecret, newSecret } from "./tokens.ts";

const PREFIX = "sk-infr-";
const SHOWN_CHARACTERS = 4;
const MAX_NAME = 64;
const FRESH_MS = 1_000;
const MAX_CACHED = 100_000;

/** No key, a wrong one, or one that was revoked: HTTP 401. */
export class InvalidKeyError extends InfrError {
  readonly code = "invalid_api_key";
  readonly status = 401;

  constructor(what: "missing" | "unknown" | "revoked") {
    super(
      {
        missing: "There is no API key. Send it as Authorization: Bearer sk-infr-….",
        unknown: "This API key is not known. Check that you copied all of it.",
        revoked: "This API key was revoked. Create a new one on the API keys page.",
      }[what],
    );
  }
}

/** Whose request it is. */
export type KeyOwner = { keyId: string; accountId: string; userId: string };

/** Creates a key. The secret is in the answer and nowhere else: only its hash is kept. */
export async function createKey(
  sql: Sql,
  { accountId, userId, name }: { accountId: string; userId: string; name: string },
): Promise<KeyRow & { key: string }> {
  const trimmed = name.trim();
  if (trimmed === "" || trimmed.length > MAX_NAME) {
    throw new InvalidInputError(`name has to have 1 to ${MAX_NAME} characters.`, "name");
  }
  const key = PREFIX + newSecret();
  const prefix = key.slice(0, PREFIX.length + SHOWN_CHARACTERS);
  const row = await insertKey(sql, {
    keyId: newId("key"),
    accountId,
    userId,
    name: trimmed,
    prefix,
    hash: hashSecret(key),
  });
  return { ...row, key };
}

export const listKeys = (sql: Sql, accountId: string): Promise<KeyRow[]> => keysOf(sql, accountId);

/** Ends a key for good: within a second in all processes, at once in this one. @throws NotFoundError */
export class KeyRing {
  readonly #sql: Sql;
  readonly #cache = new Map<string, { owner: KeyOwner; at: number }>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async revoke(key: { keyId: string; accountId: string }): Promise<void> {
    if (!(await revokeKey(this.#sql, key))) throw new NotFoundError("API key");
    for (const [hash, { owner }] of this.#cache) if (owner.keyId === key.keyId) this.#cache.delete(hash);
  }

  /** Whose key an `Authorization` header carries. @throws InvalidKeyError */
  async authenticate(authorization: string | undefined): Promise<KeyOwner> {
    const key = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
    if (key === undefined) throw new InvalidKeyError("missing");
    const hash = hashSecret(key);
    const cacheKey = hash.toString("base64");
    const cached = this.#cache.get(cacheKey);
    if (cached && performance.now() - cached.at < FRESH_MS) return cached.owner;
    const row = await useKey(this.#sql, hash);
    if (row === undefined) throw new InvalidKeyError("unknown");
    if (row.revoked_at !== null) throw new InvalidKeyError("revoked");
    const owner = { keyId: row.key_id, accountId: row.account_id, userId: row.user_id };
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(cacheKey, { owner, at: performance.now() });
    return owner;
  }
}
