import type { MicroUsdc } from "@infr/money";
import { formatUsd, microToNano, microUsdc } from "@infr/money";
import { InvalidInputError, NotFoundError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { MoveRefusedError, requestOver } from "./move-errors.ts";
import { checkRole, type MoveContext, readAmount, type Sharer } from "./move-rules.ts";
import { insertRequest, type RequestRow, requestById, setRequestCancelled } from "./requests-store.ts";

/** Links that wait at once, for one account. */
const MOST_OPEN = 200;
const DAY_SECONDS = 86_400;

export type RequestState = "open" | "pending" | "paid" | "cancelled" | "expired";

/** Who pays it has the request the moment his transfer is set aside; it has come when its event is booked. */
export function stateOfRequest(row: RequestRow): RequestState {
  if (row.paying_state === "completed") return "paid";
  if (row.paying_state !== null) return "pending";
  if (row.cancelled_at !== null) return "cancelled";
  return row.is_expired ? "expired" : "open";
}

/** Asks for money: whoever has the link can pay it, once. @throws InvalidInputError, MoveRefusedError */
export async function askForMoney(
  { sql }: Pick<MoveContext, "sql">,
  sharer: Sharer,
  { amount, message, expiresInDays }: { amount: string; message: string; expiresInDays: number },
): Promise<RequestRow> {
  const amountMicro = readAmount(amount);
  await checkRole(sql, sharer);
  const requestId = newId("ask");
  const { accountId, userId } = sharer;
  const wanted = { requestId, accountId, userId, amountMicro, message, lifetimeSeconds: expiresInDays * DAY_SECONDS };
  if (!(await insertRequest(sql, wanted, MOST_OPEN)))
    throw new MoveRefusedError(
      "too_many_moves",
      `${MOST_OPEN} requests are open already. Cancel some that nobody pays.`,
    );
  return mustFindRequest({ sql }, requestId);
}

/** A request, for whoever has its link. @throws NotFoundError */
export async function mustFindRequest({ sql }: Pick<MoveContext, "sql">, requestId: string): Promise<RequestRow> {
  const row = await requestById(sql, requestId);
  if (!row) throw new NotFoundError("request");
  return row;
}

/** Nobody can pay it any more. @throws NotFoundError for somebody else's, MoveRefusedError once somebody pays it */
export async function cancelRequest(
  { sql }: Pick<MoveContext, "sql">,
  { requestId, ...sharer }: Sharer & { requestId: string },
): Promise<RequestRow> {
  const row = await requestById(sql, requestId);
  if (row?.account_id !== sharer.accountId) throw new NotFoundError("request");
  await checkRole(sql, sharer);
  if (!(await setRequestCancelled(sql, requestId)))
    throw new MoveRefusedError(
      "request_over",
      "Somebody has paid this, or is just paying it. Send it back if you must.",
    );
  return mustFindRequest({ sql }, requestId);
}

/** Whose request it is, if it can be paid with just this amount. @throws InvalidInputError, MoveRefusedError */
export async function payableRequest(
  { sql }: MoveContext,
  { requestId, amount }: { requestId: string; amount: MicroUsdc },
): Promise<RequestRow> {
  const row = await requestById(sql, requestId);
  if (!row) throw new MoveRefusedError("unknown_recipient", "There is no such request. Ask for its link again.", "to");
  if (stateOfRequest(row) !== "open") throw requestOver(stateOfRequest(row));
  if (row.amount_micro !== amount) {
    const asked = formatUsd(microToNano(microUsdc(row.amount_micro)));
    throw new InvalidInputError(`This request is for $${asked}, neither more nor less.`, "amount");
  }
  return row;
}
