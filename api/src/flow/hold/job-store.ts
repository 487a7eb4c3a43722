import type { Queryable, Sql, Tx } from "../../db/types.ts";

export type JobHoldRow = {
  hold_id: string;
  account_id: string;
  user_id: string;
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

type KeepOutcome = "kept" | "known" | "too_many" | "gone";

/**
 * Makes a process's hold a job's.
 * @returns why not: it has become one before, there are `most` already, or it is gone with the process's lease
 */
export async function insertJobHold(
  tx: Tx,
  { most, ...hold }: NewJobHold & { most: number },
): Promise<JobHoldRow | Exclude<KeepOutcome, "kept">> {
  const until = tx`now() + make_interval(secs => ${hold.expiresInSeconds}::int)`;
  const [kept] = await tx<[{ outcome: KeepOutcome }]>`
    select keep_for_job(${hold.accountId}, ${hold.holdId}, ${until}, ${most}) as outcome`;
  if (kept.outcome !== "kept") return kept.outcome;
  const [row] = await tx<[JobHoldRow]>`
    insert into job_holds (hold_id, account_id, user_id, key_id, operator_id, node_id, resources, description, amount_nano, expires_at)
    values (${hold.holdId}, ${hold.accountId}, ${hold.userId}, ${hold.keyId}, ${hold.operatorId}, ${hold.nodeId},
      ${hold.resources}, ${hold.description}, ${hold.amount}, ${until})
    returning *`;
  return row;
}

/** A request that was sent with an idempotency key; `hash` is of what it asks for. */
export type KeyedRequest = { accountId: string; key: string; hash: Buffer };

/** The hold that a request made before, if it has, and whether it asked for the same. */
export async function jobHoldUnder(
  sql: Queryable,
  { accountId, key, hash }: KeyedRequest,
): Promise<(JobHoldRow & { is_same: boolean }) | undefined> {
  const [row] = await sql<Array<JobHoldRow & { is_same: boolean }>>`
    select j.*, k.body_hash = ${hash} as is_same from hold_keys k join job_holds j using (hold_id)
    where k.account_id = ${accountId} and k.idempotency_key = ${key}`;
  return row;
}

/** The id of the hold that a request is for: the first one that was proposed under its key. */
export async function claimHoldId(
  sql: Queryable,
  { accountId, key, hash, proposed }: KeyedRequest & { proposed: string },
): Promise<{ hold_id: string; is_same: boolean }> {
  const [row] = await sql<[{ hold_id: string; is_same: boolean }]>`
    insert into hold_keys as k (account_id, idempotency_key, hold_id, body_hash)
    values (${accountId}, ${key}, ${proposed}, ${hash})
    on conflict (account_id, idempotency_key) do update set account_id = excluded.account_id
    returning k.hold_id, k.body_hash = ${hash} as is_same`;
  return row;
}

/** Whose holds of an account: those that one of its people made, or with null everybody's. */
export type Holder = { accountId: string; madeBy: string | null };

const heldBy = (sql: Queryable, { accountId, madeBy }: Holder) => sql`
  account_id = ${accountId} ${madeBy === null ? sql`` : sql`and user_id = ${madeBy}`}`;

/** A hold, for the account that pays or the operator that is to be paid. */
export async function jobHold(
  sql: Queryable,
  { holdId, ...holder }: Holder & { holdId: string },
): Promise<JobHoldRow | undefined> {
  const [row] = await sql<JobHoldRow[]>`
    select * from job_holds where hold_id = ${holdId} and (operator_id = ${holder.accountId} or (${heldBy(sql, holder)}))`;
  return row;
}

/** An account's holds for jobs, newest first; `before` is the last id of the previous page. */
export async function jobHoldsOf(
  sql: Queryable,
  { before, limit, ...holder }: Holder & { before: string | null; limit: number },
): Promise<JobHoldRow[]> {
  return sql<JobHoldRow[]>`
    select * from job_holds where ${heldBy(sql, holder)} ${before === null ? sql`` : sql`and hold_id < ${before}`}
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
