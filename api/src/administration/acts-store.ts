import type { Queryable } from "../db/types.ts";

export type ActRow = {
  act_id: bigint;
  user_id: string;
  act: string;
  subject_id: string;
  details: Record<string, string | number | boolean | null>;
  acted_at: Date;
};

/** What administrators did, newest first; `before` is the last id of the previous page. */
export async function actsOf(
  sql: Queryable,
  { before, subjectId, limit }: { before: bigint | null; subjectId: string | null; limit: number },
): Promise<ActRow[]> {
  return sql<ActRow[]>`
    select act_id, user_id, act, subject_id, details, acted_at from admin_acts
    where true ${before === null ? sql`` : sql`and act_id < ${before}`}
      ${subjectId === null ? sql`` : sql`and subject_id = ${subjectId}`}
    order by act_id desc limit ${limit}`;
}
