import type { MicroUsdc } from "@infr/money";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import { type Hex, zeroAddress } from "viem";
import type { Tx } from "../../db/types.ts";
import { InvalidInputError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { userOfEmail } from "./claims-store.ts";
import { payableRequest } from "./money-requests.ts";
import { MoveRefusedError } from "./move-errors.ts";
import type { MoveContext, Sharer } from "./move-rules.ts";
import { ensureRecipient, type NamedAs, type RecipientRow, recipientById, recipientByRef } from "./moves-store.ts";

/** Whom credit is for, as the sender says it: exactly one of these. */
export type Recipient = Partial<Record<NamedAs, string>>;

/** The recipient as he was named, and his account; null for a wallet that has none yet, and for an e-mail address. */
export type Found = { namedAs: NamedAs; named: string; account: RecipientRow | null };

const NAMED: readonly NamedAs[] = ["wallet", "email", "account", "team", "request"];

/**
 * Finds whom credit is for.
 * @throws InvalidInputError if not exactly one is named, MoveRefusedError if there is nobody, or it may not be given
 */
export async function findRecipient(
  context: MoveContext,
  { to, amount, sharer }: { to: Recipient; amount: MicroUsdc; sharer: Sharer },
): Promise<Found> {
  const { sql, chain, custodian } = context;
  const [namedAs, another] = NAMED.filter((kind) => to[kind] !== undefined);
  if (namedAs === undefined || another !== undefined)
    throw new InvalidInputError(`to has to name exactly one recipient: by ${NAMED.join(" or ")}.`, "to");
  const text = to[namedAs] ?? "";
  if (namedAs === "email") return findByEmail(context, { email: text, sharer });
  if (namedAs === "request") return findByRequest(context, { requestId: text, amount, sharer });
  const named = namedAs === "wallet" ? text.toLowerCase() : text;
  const account = await (namedAs === "wallet"
    ? recipientByRef(sql, accountRef({ owner: named as Hex }))
    : recipientById(sql, named));
  const nobodys: ReadonlyArray<string | null> = [zeroAddress, chain.escrow, chain.usdc, custodian];
  const isThere = namedAs === "wallet" ? !nobodys.includes(named) : account !== undefined;
  if (!isThere || account?.kind === "platform" || (namedAs === "team" && account?.kind !== "team"))
    throw new MoveRefusedError(
      "unknown_recipient",
      `There is no ${namedAs} ${named} that could have credit. Check it, or ask for the recipient's wallet address.`,
      "to",
    );
  checkAllowed(account, sharer.accountId);
  return { namedAs, named, account: account ?? null };
}

/** Of an address nothing is said but that it is one's own: not whether anybody is known to read it. */
async function findByEmail({ sql }: MoveContext, { email, sharer }: { email: string; sharer: Sharer }): Promise<Found> {
  const user = await userOfEmail(sql, email.toLowerCase());
  if (user && (user.user_id === sharer.userId || user.home_account_id === sharer.accountId))
    throw new MoveRefusedError("own_account", "That is your own e-mail address. Name somebody else.", "to");
  return { namedAs: "email", named: email, account: null };
}

/** Whoever asks for money by a link. */
async function findByRequest(
  context: MoveContext,
  { requestId, amount, sharer }: { requestId: string; amount: MicroUsdc; sharer: Sharer },
): Promise<Found> {
  const { account_id: accountId } = await payableRequest(context, { requestId, amount });
  const account = await recipientById(context.sql, accountId);
  checkAllowed(account, sharer.accountId);
  return { namedAs: "request", named: requestId, account: account ?? null };
}

function checkAllowed(account: RecipientRow | undefined, senderId: string): void {
  if (account?.account_id === senderId)
    throw new MoveRefusedError("own_account", "That is this account itself. Name somebody else.", "to");
  if (account?.frozen_reason != null)
    throw new MoveRefusedError("recipient_frozen", "That account can't take credit now. Name another one.", "to");
}

/** The account of a recipient, made for a wallet that has none. */
export async function accountFor(tx: Tx, { named, account }: Found): Promise<RecipientRow> {
  if (account) return account;
  const owner = named as Hex;
  return ensureRecipient(tx, {
    accountId: newId("acct"),
    owner,
    salt: PRIMARY_SALT,
    ref: accountRef({ owner }),
  });
}
