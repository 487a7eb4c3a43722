import { createHash } from "node:crypto";
import { creditEscrowAbi } from "@infr/contracts/abi";
import { type MicroUsdc, microToNano, type NanoUsd, nanoUsd } from "@infr/money";
import { encodeFunctionData } from "viem";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { MoveKeyReusedError } from "./move-errors.ts";
import { memoOf } from "./move-order.ts";
import { checkPace, checkSharer, type MoveContext, readAmount, type Sharer } from "./move-rules.ts";
import { insertMove, type KeyedMove, type MoveRow, moveUnder, type RecipientRow } from "./moves-store.ts";
import { mustFind, offerTerms } from "./offer-terms.ts";
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
  { sql, sharing }: MoveContext,
  sharer: Sharer,
  { to, amount: text }: WantedTransfer,
): Promise<TransferPreview> {
  const amount = readAmount(text);
  const { shareable, capLeft } = await checkSharer(sql, { sharer, amount, perDay: sharing.perDay });
  const found = await findRecipient(sql, to, sharer.accountId);
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
    if (opens) await queueOpening(tx, context, recipient);
    const { accountId: _, ...by } = sharer;
    const names = { namedAs: found.namedAs, named: found.named, recipientId: recipient.account_id, opens };
    const what = { moveId, amountMicro: amount, note: wanted.note, memo: memoOf(moveId) };
    return insertMove(tx, { ...keyed, ...by, ...names, ...what });
  });
  if (!isNew) return prepareTransfer(context, sharer, wanted);
  return offerTerms(context, await mustFind(context.sql, { moveId, accountId: sharer.accountId }));
}

/** A transfer as it is, with terms that can be signed now. @throws NotFoundError for somebody else's */
export const preparedTransfer = async (
  context: MoveContext,
  id: { moveId: string; accountId: string },
): Promise<MoveRow> => offerTerms(context, await mustFind(context.sql, id));

function knownMove(
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

/** Opens the recipient's account in the contract, once: the platform pays. */
async function queueOpening(
  tx: Tx,
  { chain, relayer }: MoveContext,
  { account_id: accountId, owner, salt }: RecipientRow,
): Promise<void> {
  if (salt === null) throw new Error(`${accountId} is not open, and nobody knows its salt`);
  await queueTransaction(tx, {
    transactionId: newId("tx"),
    accountId,
    kind: "open",
    cause: `open:${accountId}`,
    sender: relayer,
    target: chain.escrow,
    data: encodeFunctionData({ abi: creditEscrowAbi, functionName: "open", args: [owner, salt] }),
  });
}
