import type { Queryable, Sql } from "../../db/types.ts";

export type RequestRow = {
  request_id: string;
  account_id: string;
  user_id: string;
  amount_micro: bigint;
  message: string;
  expires_at: Date;
  cancelled_at: Date | null;
  created_at: Date;
  /** Its time is over. */
  is_expired: boolean;
  /** The transfer that pays it, as far as it has come; null while there is none. */
  paying_move: string | null;
  paying_state: "pending" | "completed" | null;
};

const rows = (sql: Queryable) => sql`
  select r.request_id, r.account_id, r.user_id, r.amount_micro, r.message, r.expires_at, r.cancelled_at, r.created_at,
    r.expires_at <= now() as is_expired, r.paying_move, m.state as paying_state
  from money_requests r left join moves m on m.move_id = r.paying_move`;

/** A request, for whoever has its link. */
export async function requestById(sql: Queryable, requestId: string): Promise<RequestRow | undefined> {
  const [row] = await sql<RequestRow[]>`${rows(sql)} where r.request_id = ${requestId}`;
  return row;
}

/** What an account has asked for, newest first; `before` is the last id of the previous page. */
export async function requestsOf(
  sql: Queryable,
  { accountId, before, limit }: { accountId: string; before: string | null; limit: number },
): Promise<RequestRow[]> {
  return sql<RequestRow[]>`
    ${rows(sql)} where r.account_id = ${accountId} ${before === null ? sql`` : sql`and r.request_id < ${before}`}
    order by r.request_id desc limit ${limit}`;
}

export type NewRequest = {
  requestId: string;
  accountId: string;
  userId: string;
  amountMicro: bigint;
  message: string;
  lifetimeSeconds: number;
};

/** @returns false if there are `most` open ones already */
export async function insertRequest(sql: Queryable, request: NewRequest, most: number): Promise<boolean> {
  const made = await sql`
    insert into money_requests (request_id, account_id, user_id, amount_micro, message, expires_at)
    select ${request.requestId}, ${request.accountId}, ${request.userId}, ${request.amountMicro}, ${request.message},
      now() + make_interval(secs => ${request.lifetimeSeconds})
    where (
      select count(*) from money_requests
      where account_id = ${request.accountId} and cancelled_at is null and paying_move is null and expires_at > now()
    ) < ${most}
    returning request_id`;
  return made.length === 1;
}

/** @returns false if it is paid, or being paid */
export async function setRequestCancelled(sql: Sql, requestId: string): Promise<boolean> {
  const cancelled = await sql`
    update money_requests set cancelled_at = coalesce(cancelled_at, now())
    where request_id = ${requestId} and paying_move is null returning request_id`;
  return cancelled.length === 1;
}
