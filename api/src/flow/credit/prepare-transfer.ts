import { createHash } from "node:crypto";
import { type MicroUsdc, microToNano, type NanoUsd, nanoUsd } from "@infr/money";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { MoveKeyReusedError } from "./move-errors.ts";
import { memoOf } from "./move-order.ts";
import { checkPace, checkSharer, type MoveContext, readAmount, type Sharer } from "./move-rules.ts";
import { insertMove, type KeyedMove, type MoveRow, moveUnder, type NewMove } from "./moves-store.ts";
import { checkNewRecipient } from "./new-recipients.ts";
import { newVoucher } from "./new-voucher.ts";
import { mustFind, offerTerms } from "./offer-terms.ts";
import { queueOpening } from "./queue-opening.ts";
import { accountFor, type Found, findRecipient, type Recipient } from "./recipients.ts";

/** How long credit waits for whoever reads an e-mail address, in seconds; then it goes back. */
const CLAIM_SECONDS = 30 * 86_400;

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
  const found = await findRecipient(context, { to, amount, sharer });
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
  const { userId } = sharer;
  const move = { ...keyed, moveId, userId, amountMicro: amount, note: wanted.note, memo: memoOf(moveId) };
  const isNew = await (found.namedAs === "email"
    ? insertClaim(context, { move, email: found.named })
    : insertTransfer(context, { move, found }));
  if (!isNew) return prepareTransfer(context, sharer, wanted);
  return offerTerms(context, await mustFind(context.sql, { moveId, accountId: sharer.accountId }));
}

type Begun = Omit<Extract<NewMove, { kind: "transfer" }>, "kind" | "namedAs" | "named" | "recipientId" | "opens">;

function insertTransfer(context: MoveContext, { move, found }: { move: Begun; found: Found }): Promise<boolean> {
  const { accountId } = move;
  return context.sql.begin(async (tx) => {
    await checkPace(tx, { accountId, rules: context.sharing, opens: found.account?.chain_account == null });
    const { account_id: recipientId, ...recipient } = await accountFor(tx, found);
    await checkNewRecipient(tx, { to: { accountId, recipientId }, amount: move.amountMicro, rules: context.sharing });
    const opens = recipient.chain_account === null;
    if (opens) await queueOpening(tx, { ...context, account: { ...recipient, account_id: recipientId } });
    const { namedAs, named } = found;
    return insertMove(tx, { ...move, kind: "transfer", namedAs, named, recipientId, opens });
  });
}

/**
 * To an e-mail address credit goes as a voucher, also where somebody is known to read it: what is to be signed must not say
 * who is here. The worker hands it over at once, or when somebody signs in by that address.
 */
async function insertClaim(context: MoveContext, { move, email }: { move: Begun; email: string }): Promise<boolean> {
  const voucher = await newVoucher(context, { forOne: true, seconds: CLAIM_SECONDS, param: "to" });
  return context.sql.begin(async (tx) => {
    await checkPace(tx, { accountId: move.accountId, rules: context.sharing, opens: false });
    const to = { accountId: move.accountId, email };
    await checkNewRecipient(tx, { to, amount: move.amountMicro, rules: context.sharing });
    return insertMove(tx, { ...move, ...voucher, kind: "claim", named: email });
  });
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
  const asked = [to.wallet?.toLowerCase(), to.account, to.team, amount, note, to.email?.toLowerCase(), to.request];
  // Only where there is one: what was asked for before there were names has the same hash.
  const named = to.name === undefined && to.phone === undefined ? [] : [to.name, to.phone];
  return {
    accountId,
    key,
    hash: createHash("sha256")
      .update(JSON.stringify([...asked, ...named]))
      .digest(),
  };
}
