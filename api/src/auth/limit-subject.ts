import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import type { LimitScope } from "../ledger/commit/operations.ts";
import { type Limit, type LimitSubject, readLimits } from "../ledger/limits.ts";
import { may } from "../roles.ts";
import { keyById, keysOf, takesKeys } from "./keys-store.ts";
import type { Actor } from "./sessions.ts";
import { isMember } from "./store.ts";

/**
 * What a limit is to be on, if it is the account's own. A project needs no key yet; in a team it has to be one of its own.
 * @throws NotFoundError for what is not of this account
 */
export async function limitSubject(sql: Sql, { accountId, scope, subjectId }: LimitSubject): Promise<LimitSubject> {
  const known = {
    account: () => Promise.resolve(subjectId === accountId),
    member: () => isMember(sql, { accountId, userId: subjectId }),
    project: () => takesKeys(sql, { accountId, project: subjectId }),
    key: async () => (await keyById(sql, { accountId, keyId: subjectId })) !== undefined,
  }[scope];
  if (!(await known())) throw new NotFoundError(scope);
  return { accountId, scope, subjectId };
}

/** The limits that somebody may see: with no right to everybody's budgets, those on himself and on his keys. */
export async function readLimitsFor(
  sql: Sql,
  actor: Actor,
  asked: { scope: LimitScope | null; subjectId: string | null },
): Promise<Limit[]> {
  const { accountId, userId, role } = actor;
  const subjects = asked.subjectId === null ? null : [asked.subjectId];
  const limits = await readLimits(sql, { accountId, scope: asked.scope, subjects });
  if (may(role, "usage")) return limits;
  const keys = new Set((await keysOf(sql, { accountId, userId })).map((key) => key.key_id));
  return limits.filter(
    ({ scope, subjectId }) => (scope === "member" && subjectId === userId) || (scope === "key" && keys.has(subjectId)),
  );
}
