import type { Queryable, Sql, Tx } from "../../db/types.ts";

export type JobHoldRow = {
  hold_id: string;
  account_id: string;
  operator_id: string;
  node_id: string | null;
  resources: string[] | null;
  description: string;
  amount_nano: bigint;
  captured_nano: bigint;
  events: bigint;
  state: "open" | "released" | "expired";
  created_at: Date;
  expires_at: Date;
  ended_at: Date | null;
};

export type NewJobHold = {
  holdId: string;
  accountId: string;
  userId: string;
  keyId: string | null;
  operatorId: string;
  nodeId: string | null;
  resources: string[] | null;
  description: string;
  amount: bigint;
  expiresInSeconds: number;
};

/** Makes a process's hold a job's. @returns why not: it is gone with the process's lease, or there are `most` already */
export async function insertJobHold(
  tx: Tx,
  { most, ...hold }: NewJobHold & { most: number },
): Promise<JobHoldRow | "gone" | "too_many"> {
  const until = tx`now() + make_interval(secs => ${hold.expiresInSeconds}::int)`;
  const [kept] = await tx<[{ outcome: "kept" | "gone" | "too_many" }]>`
    select keep_for_job(${hold.accountId}, ${hold.holdId}, ${until}, ${most}) as outcome`;
  if (kept.outcome !== "kept") return kept.outcome;
  const [row] = await tx<[JobHoldRow]>`
    insert into job_holds (hold_id, account_id, user_id, key_id, operator_id, node_id, resources, description, amount_nano, expires_at)
    values (${hold.holdId}, ${hold.accountId}, ${hold.userId}, ${hold.keyId}, ${hold.operatorId}, ${hold.nodeId},
      ${hold.resources}, ${hold.description}, ${hold.amount}, ${until})
    returning *`;
  return row;
}

/** A hold, for the account that pays or the operator that is to be paid. */
export async function jobHold(
  sql: Queryable,
  { holdId, accountId }: { holdId: string; accountId: string },
): Promise<JobHoldRow | undefined> {
  const [row] = await sql<JobHoldRow[]>`
    select * from job_holds where hold_id = ${holdId} and ${accountId} in (account_id, operator_id)`;
  return row;
}

/** An account's holds for jobs, newest first; `before` is the last id of the previous page. */
export async function jobHoldsOf(
  sql: Queryable,
  { accountId, before, limit }: { accountId: string; before: string | null; limit: number },
): Promise<JobHoldRow[]> {
  return sql<JobHoldRow[]>`
    select * from job_holds where account_id = ${accountId} ${before === null ? sql`` : sql`and hold_id < ${before}`}
    order by hold_id desc limit ${limit}`;
}

/** Who runs a node; undefined for none that is enabled. */
export async function operatorOfNode(sql: Queryable, nodeId: string): Promise<string | undefined> {
  const [row] = await sql<Array<{ account_id: string }>>`
    select account_id from nodes where node_id = ${nodeId} and enabled`;
  return row?.account_id;
}

/** Whether an account runs any node. */
export async function isOperator(sql: Queryable, accountId: string): Promise<boolean> {
  const rows = await sql`select from nodes where account_id = ${accountId} and enabled limit 1`;
  return rows.length === 1;
}

/** Ends a hold; one that has ended stays as it ended. */
export async function releaseJobHold(sql: Queryable, holdId: string): Promise<void> {
  await sql`select end_job_holds(${[holdId]}::text[], 'released')`;
}

/** Ends holds whose time is over, at most a hundred. @returns how many */
export async function expireJobHolds(sql: Sql): Promise<number> {
  const [row] = await sql<Array<{ n: number }>>`select expire_job_holds() as n`;
  return row?.n ?? 0;
}
