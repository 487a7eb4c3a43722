import type { MicroUsdc } from "@infr/money";
import { accountRef, PRIMARY_SALT } from "@infr/protocol";
import { type Address, zeroAddress } from "viem";
import type { Tx } from "../../db/types.ts";
import { InvalidInputError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import { resolveName, resolvePhone } from "../../names/resolve-name.ts";
import { refuseListed } from "../../screening/screen-wallet.ts";
import { userOfEmail } from "./claims-store.ts";
import { payableRequest } from "./money-requests.ts";
import { MoveRefusedError } from "./move-errors.ts";
import type { MoveContext, Sharer } from "./move-rules.ts";
import { ensureRecipient, type NamedAs, type RecipientRow, recipientById, recipientByRef } from "./moves-store.ts";

/** Whom credit is for, as the sender says it: exactly one of these. */
export type Recipient = Partial<Record<NamedAs, string>>;

/**
 * The recipient as he was named, and his account; null for a wallet that has none yet, and for an e-mail address. `wallet`:
 * the one that he was named by, or that his name leads to; null where he was named otherwise.
 */
export type Found = { namedAs: NamedAs; named: string; account: RecipientRow | null; wallet: Address | null };

const NAMED: readonly NamedAs[] = ["wallet", "email", "account", "team", "request", "name", "phone"];

/**
 * Finds whom credit is for.
 * @throws InvalidInputError if not exactly one is named; MoveRefusedError, NameUnresolvedError if there is nobody, or it may
 *   not be given; SanctionedError; UnavailableError if who would know does not answer
 */
export async function findRecipient(
  context: MoveContext,
  { to, amount, sharer }: { to: Recipient; amount: MicroUsdc; sharer: Sharer },
): Promise<Found> {
  const [namedAs, another] = NAMED.filter((kind) => to[kind] !== undefined);
  if (namedAs === undefined || another !== undefined)
    throw new InvalidInputError(`to has to name exactly one recipient: by ${NAMED.join(" or ")}.`, "to");
  const text = to[namedAs] ?? "";
  if (namedAs === "email") return findByEmail(context, { email: text, sharer });
  if (namedAs === "request") return findByRequest(context, { requestId: text, amount, sharer });
  if (namedAs === "name" || namedAs === "phone") return findByName(context, { namedAs, text, sharer });
  if (namedAs === "wallet") {
    const wallet = text.toLowerCase() as Address;
    return { namedAs, ...(await findByWallet(context, { wallet, named: wallet, sharer })) };
  }
  const account = await recipientById(context.sql, text);
  if (!account || account.kind === "platform" || (namedAs === "team" && account.kind !== "team"))
    throw unknownRecipient(`${namedAs} ${text}`);
  checkAllowed(account, sharer.accountId);
  return { namedAs, named: text, account, wallet: null };
}

/** Where a name or a telephone number leads at this moment. */
async function findByName(
  context: MoveContext,
  { namedAs, text, sharer }: { namedAs: "name" | "phone"; text: string; sharer: Sharer },
): Promise<Found> {
  const { sql, directories, custodian, screener } = context;
  if (directories === null) throw new Error("names are looked up by servers");
  const asking = { sql, directories, accountId: sharer.accountId };
  const resolved = await (namedAs === "name" ? resolveName(asking, text) : resolvePhone(asking, text));
  const named = text.trim();
  if ("wallet" in resolved) {
    const wallet = resolved.wallet.toLowerCase() as Address;
    return { namedAs, ...(await findByWallet(context, { wallet, named, sharer })) };
  }
  const account = await recipientById(sql, resolved.accountId);
  checkAllowed(account, sharer.accountId);
  if (resolved.owner !== custodian) await refuseListed({ sql, screener }, resolved.owner);
  return { namedAs, named, account: account ?? null, wallet: null };
}

/** The account of a wallet that credit may be given to. */
async function findByWallet(
  { sql, chain, custodian, screener }: MoveContext,
  { wallet, named, sharer }: { wallet: Address; named: string; sharer: Sharer },
): Promise<Omit<Found, "namedAs">> {
  const nobodys: ReadonlyArray<string | null> = [zeroAddress, chain.escrow, chain.usdc, custodian];
  const account = await recipientByRef(sql, accountRef({ owner: wallet }));
  if (nobodys.includes(wallet) || account?.kind === "platform") throw unknownRecipient(`wallet ${wallet}`);
  if (account) checkOwned(account, wallet);
  checkAllowed(account, sharer.accountId);
  await refuseListed({ sql, screener }, wallet);
  return { named, account: account ?? null, wallet };
}

/** By its first owner an account is found for ever; whoever names him does not mean somebody who has got it from him. */
function checkOwned({ current_owner: owner }: RecipientRow, wallet: Address): void {
  if (owner !== wallet)
    throw new MoveRefusedError(
      "unknown_recipient",
      "That wallet has given its account away. Ask for its account or its name.",
      "to",
    );
}

const unknownRecipient = (what: string): MoveRefusedError =>
  new MoveRefusedError(
    "unknown_recipient",
    `There is no ${what} that could have credit. Check it, or ask for the recipient's wallet address.`,
    "to",
  );

/** Of an address nothing is said but that it is one's own: not whether anybody is known to read it. */
async function findByEmail({ sql }: MoveContext, { email, sharer }: { email: string; sharer: Sharer }): Promise<Found> {
  const user = await userOfEmail(sql, email.toLowerCase());
  if (user && (user.user_id === sharer.userId || user.home_account_id === sharer.accountId))
    throw new MoveRefusedError("own_account", "That is your own e-mail address. Name somebody else.", "to");
  return { namedAs: "email", named: email, account: null, wallet: null };
}

/** Whoever asks for money by a link. */
async function findByRequest(
  context: MoveContext,
  { requestId, amount, sharer }: { requestId: string; amount: MicroUsdc; sharer: Sharer },
): Promise<Found> {
  const { account_id: accountId } = await payableRequest(context, { requestId, amount });
  const account = await recipientById(context.sql, accountId);
  checkAllowed(account, sharer.accountId);
  return { namedAs: "request", named: requestId, account: account ?? null, wallet: null };
}

function checkAllowed(account: RecipientRow | undefined, senderId: string): void {
  if (account?.account_id === senderId)
    throw new MoveRefusedError("own_account", "That is this account itself. Name somebody else.", "to");
  if (account?.frozen_reason != null)
    throw new MoveRefusedError("recipient_frozen", "That account can't take credit now. Name another one.", "to");
}

/** The account of a recipient, made for a wallet that has none. @throws MoveRefusedError if it was given away meanwhile */
export async function accountFor(tx: Tx, { wallet: owner, account }: Found): Promise<RecipientRow> {
  if (account) return account;
  if (owner === null) throw new Error("only a wallet can be without an account");
  const made = await ensureRecipient(tx, {
    accountId: newId("acct"),
    owner,
    salt: PRIMARY_SALT,
    ref: accountRef({ owner }),
  });
  checkOwned(made, owner);
  return made;
}
