import { createHash } from "node:crypto";
import { type MicroUsdc, microToNano, type NanoUsd, nanoUsd } from "@infr/money";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { MoveKeyReusedError } from "./move-errors.ts";
import { memoOf } from "./move-order.ts";
import { checkPace, checkSharer, type MoveContext, readAmount, type Sharer } from "./move-rules.ts";
import { insertMove, type KeyedMove, type MoveRow, moveUnder } from "./moves-store.ts";
import { mustFind, offerTerms } from "./offer-terms.ts";
import { queueOpening } from "./queue-opening.ts";
import { accountFor, type Found, findRecipient, type Recipient } from "./recipients.ts";

export type WantedTransfer = {
  to: Recipient;
  /** US dollars. */
  amount: string;
  note: string;
  idempotencyKey: string;
};

/** What a transfer would do. */
export type TransferPreview = { amount: MicroUsdc; found: Found; shareableAfter: NanoUsd; capLeftAfter: NanoUsd };

/**
 * Checks a transfer and does nothing.
 * @throws InvalidInputError, MoveRefusedError
 */
export async function previewTransfer(
  context: MoveContext,
  sharer: Sharer,
  { to, amount: text }: WantedTransfer,
): Promise<TransferPreview> {
  const amount = readAmount(text);
  const { shareable, capLeft } = await checkSharer(context, { sharer, amount });
  const found = await findRecipient(context, { to, senderId: sharer.accountId });
  const nano = microToNano(amount);
  return { amount, found, shareableAfter: nanoUsd(shareable - nano), capLeftAfter: nanoUsd(capLeft - nano) };
}

/**
 * Prepares a transfer: nothing is moved or set aside until its owner has signed what it says. Requests with the same
 * idempotency key prepare one transfer; as long as it is not signed, the answer has terms that can be signed now.
 * @throws InvalidInputError, MoveRefusedError, MoveKeyReusedError
 */
export async function prepareTransfer(context: MoveContext, sharer: Sharer, wanted: WantedTransfer): Promise<MoveRow> {
  const keyed = keyedRequest(sharer.accountId, wanted);
  const known = await moveUnder(context.sql, keyed);
  if (known) return offerTerms(context, await knownMove(context.sql, { keyed, known }));
  const { amount, found } = await previewTransfer(context, sharer, wanted);
  const moveId = newId("transfer");
  const isNew = await context.sql.begin(async (tx) => {
    await checkPace(tx, {
      accountId: sharer.accountId,
      rules: context.sharing,
      opens: found.account?.chain_account == null,
    });
    const recipient = await accountFor(tx, found);
    const opens = recipient.chain_account === null;
    if (opens) await queueOpening(tx, { ...context, account: recipient });
    return insertMove(tx, {
      ...keyed,
      kind: "transfer",
      moveId,
      userId: sharer.userId,
      namedAs: found.namedAs,
      named: found.named,
      recipientId: recipient.account_id,
      opens,
      amountMicro: amount,
      note: wanted.note,
      memo: memoOf(moveId),
    });
  });
  if (!isNew) return prepareTransfer(context, sharer, wanted);
  return offerTerms(context, await mustFind(context.sql, { moveId, accountId: sharer.accountId }));
}

/** A move as it is, with terms that can be signed now. @throws NotFoundError for somebody else's */
export const preparedMove = async (context: MoveContext, id: { moveId: string; accountId: string }): Promise<MoveRow> =>
  offerTerms(context, await mustFind(context.sql, id));

/** The move that a request made before. @throws MoveKeyReusedError if it asked for something else */
export function knownMove(
  sql: Sql,
  { keyed, known }: { keyed: KeyedMove; known: { moveId: string; isSame: boolean } },
): Promise<MoveRow> {
  if (!known.isSame) throw new MoveKeyReusedError();
  return mustFind(sql, { moveId: known.moveId, accountId: keyed.accountId });
}

function keyedRequest(accountId: string, { to, amount, note, idempotencyKey: key }: WantedTransfer): KeyedMove {
  const asked = [to.wallet?.toLowerCase(), to.account, to.team, amount, note];
  return { accountId, key, hash: createHash("sha256").update(JSON.stringify(asked)).digest() };
}
