import { formatUsd, microToNano, microUsdc } from "@infr/money";
import { InfrError, InvalidInputError, NotFoundError, UnavailableError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { queueMail } from "../../notify/queue-mail.ts";
import { MoveKeyReusedError, MoveRefusedError } from "./move-errors.ts";
import { checkRole, type MoveContext, readAmount, type Sharer } from "./move-rules.ts";
import type { MoveRow } from "./moves-store.ts";
import { prepareTransfer } from "./prepare-transfer.ts";
import { type Found, findRecipient, type Recipient } from "./recipients.ts";
import {
  type DueRow,
  dueOrders,
  type Every,
  endRun,
  endUnsigned,
  insertStanding,
  lockDue,
  type NewStanding,
  type StandingRow,
  setStandingState,
  standingByKey,
  standingOf,
} from "./standing-store.ts";

const MOST_ORDERS = 50;
const MAX_RUNS = 50;
/** How far ahead a first run may lie. */
const MOST_AHEAD_MS = 366 * 86_400_000;

export type WantedOrder = {
  to: Omit<Recipient, "request" | "phone">;
  amount: string;
  note: string;
  every: Every;
  /** Of the first run. */
  startsAt: Date;
  endsAt: Date | null;
  /** The same key makes one order, however often it comes; null makes a new one each time. */
  idempotencyKey: string | null;
};

/** Orders a transfer for every day, week or month. @throws InvalidInputError, MoveRefusedError, MoveKeyReusedError */
export async function orderTransfers(context: MoveContext, sharer: Sharer, wanted: WantedOrder): Promise<StandingRow> {
  const { sql } = context;
  const { accountId, userId } = sharer;
  const amount = readAmount(wanted.amount);
  const { startsAt, endsAt } = wanted;
  if (startsAt.getTime() > Date.now() + MOST_AHEAD_MS)
    throw new InvalidInputError("startsAt is more than a year ahead. Name an earlier time.", "startsAt");
  if (endsAt !== null && endsAt < startsAt)
    throw new InvalidInputError("endsAt is before startsAt: nothing would ever be sent.", "endsAt");
  await checkRole(sql, sharer);
  const found = await findRecipient(context, { to: wanted.to, amount, sharer });
  const orderId = newId("standing");
  const order = {
    order_id: orderId,
    account_id: accountId,
    user_id: userId,
    ...lastingly(found),
    amount_micro: amount,
    note: wanted.note,
    every: wanted.every,
    starts_at: startsAt,
    ends_at: endsAt,
    idempotency_key: wanted.idempotencyKey,
  };
  const known = await madeBefore(context, order);
  if (known) return known;
  if (!(await insertStanding(sql, order, MOST_ORDERS))) {
    // Somebody with the same key was faster, or there are too many.
    const made = await madeBefore(context, order);
    if (made) return made;
    throw new MoveRefusedError("too_many_moves", `An account has at most ${MOST_ORDERS} standing orders. End one.`);
  }
  return mustFindOrder(context, { orderId, accountId });
}

/** What was made with this key. @throws MoveKeyReusedError if it was for something else */
async function madeBefore({ sql }: MoveContext, order: NewStanding): Promise<StandingRow | null> {
  const { account_id: accountId, idempotency_key: key } = order;
  const made = key === null ? undefined : await standingByKey(sql, { accountId, key });
  if (!made) return null;
  const isSame =
    made.named_as === order.named_as &&
    made.named === order.named &&
    made.amount_micro === order.amount_micro &&
    made.note === order.note &&
    made.every === order.every &&
    made.ends_at?.getTime() === order.ends_at?.getTime();
  if (!isSame) throw new MoveKeyReusedError();
  return made;
}

/** Names may lead elsewhere one day; a standing order is for whom they lead to on the day that it is made. */
function lastingly({ namedAs, named, account, wallet }: Found): Pick<StandingRow, "named_as" | "named"> {
  if (namedAs === "request") throw new InvalidInputError("A request is paid once. Name somebody.", "to");
  // A directory of numbers would be told from the outside, number by number.
  if (namedAs === "phone") throw new InvalidInputError("A number may change hands. Name a wallet, or a name.", "to");
  if (namedAs !== "name") return { named_as: namedAs, named };
  if (wallet !== null) return { named_as: "wallet", named: wallet };
  if (account === null) throw new Error("a name leads to an account or to a wallet");
  return { named_as: "account", named: account.account_id };
}

/** @throws NotFoundError for somebody else's */
export async function mustFindOrder(
  { sql }: Pick<MoveContext, "sql">,
  id: { orderId: string; accountId: string },
): Promise<StandingRow> {
  const row = await standingOf(sql, id);
  if (!row) throw new NotFoundError("standing order");
  return row;
}

/**
 * Pauses, goes on, or ends. What falls into a pause is not made up for, and what is not signed yet by then never is.
 * @throws NotFoundError, MoveRefusedError
 */
export async function changeOrder(
  { sql }: Pick<MoveContext, "sql">,
  { orderId, state, ...sharer }: Sharer & { orderId: string; state: StandingRow["state"] },
): Promise<StandingRow> {
  const id = { orderId, accountId: sharer.accountId };
  const before = await mustFindOrder({ sql }, id);
  await checkRole(sql, sharer);
  if (before.state !== state && !(await setStandingState(sql, { orderId, state })))
    throw new MoveRefusedError("order_over", "This standing order has ended. Make a new one.");
  if (state !== "active") await endUnsigned(sql, id);
  return mustFindOrder({ sql }, id);
}

/**
 * Runs what is due: prepares the transfer of the run, which for accounts without a wallet is all it takes, and else tells
 * its owner to sign. What is refused is told once, and tried again the next time. Any number of workers may do so at once.
 * @throws AggregateError of what could not be tried: those orders stay due
 */
export async function runStandingOrders(context: MoveContext): Promise<void> {
  const broken: unknown[] = [];
  for (const order of await dueOrders(context.sql, MAX_RUNS))
    await runOrder(context, order).catch((error: unknown) => broken.push(error));
  if (broken.length > 0) throw new AggregateError(broken, `${broken.length} standing orders could not be tried`);
}

async function runOrder(context: MoveContext, order: DueRow): Promise<void> {
  const run = order.runs + 1;
  await context.sql.begin(async (tx) => {
    const { order_id: orderId, user_id: userId } = order;
    // Locked while the transfer is made: once its owner has been told that it is over, nothing is sent any more.
    if (!(await lockDue(tx, { orderId, run }))) return;
    const { move, failure } = await tryTransfer(context, { order, run });
    if (!(await endRun(tx, { orderId, run, moveId: move?.move_id ?? null, failure }))) return;
    const what = { amount: formatUsd(microToNano(microUsdc(order.amount_micro))), to: order.named };
    if (failure !== null && order.failure === null)
      await queueMail(tx, {
        cause: `standing:${orderId}:failed:${run}`,
        to: { userId },
        template: "standing_order_failed",
        data: { ...what, reason: failure },
      });
    // The custodian's signature needs no asking, though it may wait for the recipient's account to be opened.
    if (move?.state === "awaiting_signature" && order.owner !== context.custodian)
      await queueMail(tx, {
        cause: `standing:${orderId}:sign:${run}`,
        to: { userId },
        template: "standing_order_to_sign",
        data: what,
      });
  });
}

/** The transfer of a run: the same for everybody who tries, by its key. */
async function tryTransfer(
  context: MoveContext,
  { order, run }: { order: StandingRow; run: number },
): Promise<{ move: MoveRow | null; failure: string | null }> {
  const { account_id: accountId, user_id: userId } = order;
  const wanted = {
    to: { [order.named_as]: order.named },
    amount: formatUsd(microToNano(microUsdc(order.amount_micro))),
    note: order.note,
    idempotencyKey: `${order.order_id}:${run}`,
  };
  try {
    const move = await prepareTransfer(context, { accountId, userId }, wanted);
    return { move, failure: move.state === "failed" ? move.reason : null };
  } catch (error) {
    // What is out of order here is not the giver's fault: the run stays due.
    if (!(error instanceof InfrError) || error instanceof UnavailableError) throw error;
    return { move: null, failure: error.message };
  }
}
