import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import type { LimitSubject } from "../ledger/limits.ts";
import { keyById } from "./keys-store.ts";
import { isMember } from "./store.ts";

/**
 * What a limit is to be on, if it is the account's own. A project needs no key yet.
 * @throws NotFoundError for what is not of this account
 */
export async function limitSubject(sql: Sql, { accountId, scope, subjectId }: LimitSubject): Promise<LimitSubject> {
  const known = {
    account: () => Promise.resolve(subjectId === accountId),
    member: () => isMember(sql, { accountId, userId: subjectId }),
    project: () => Promise.resolve(true),
    key: async () => (await keyById(sql, { accountId, keyId: subjectId })) !== undefined,
  }[scope];
  if (!(await known())) throw new NotFoundError(scope);
  return { accountId, scope, subjectId };
}
