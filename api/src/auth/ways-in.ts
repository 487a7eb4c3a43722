import type { Hex } from "viem";
import type { Sql, Tx } from "../db/types.ts";
import { InfrError, NotFoundError } from "../errors.ts";
import { newId } from "../ids.ts";
import { queueMail } from "../notify/queue-mail.ts";
import { accountsComingTo, accountsOwnedBy, adoptAccounts } from "./accounts-store.ts";
import { type EmailSignIn, type Proof, type Source, withCode } from "./email-codes.ts";
import {
  deleteEmail,
  deleteWallet,
  endOtherSessions,
  linkEmailRow,
  linkWalletRow,
  lockUser,
  waysIn,
} from "./people-store.ts";
import { hashSecret } from "./tokens.ts";

const MAX_WALLETS = 20;
const MAX_EMAILS = 10;

/** A wallet or e-mail address that is another user's: HTTP 409. */
export class AddressTakenError extends InfrError {
  readonly code = "address_taken";
  readonly status = 409;

  constructor(what: "wallet" | "e-mail address") {
    super(
      `This ${what} belongs to another user. Sign in with it, remove it there if it is not the only way in, and link it here; or go on using that user.`,
    );
  }
}

/** Without it its user, or the money of an account, could not be reached any more: HTTP 409. */
export class LastWayInError extends InfrError {
  readonly code = "last_way_in";
  readonly status = 409;
}

type Who = { userId: string };

/** Makes a wallet, whose owner has just signed, a way in for a user. Repeating it changes nothing. @throws AddressTakenError */
export async function linkWallet(sql: Sql, { userId, wallet }: Who & { wallet: Hex }): Promise<void> {
  const address = wallet.toLowerCase();
  await sql.begin(async (tx) => {
    const linked = await linkWalletRow(tx, { address, userId });
    if (linked === "others") throw new AddressTakenError("wallet");
    await adoptAccounts(tx, { address, userId });
    if (linked === "linked") await noteLink(tx, { userId, what: "wallet", address });
  });
}

/** Makes an e-mail address, which a code was sent to, a way in for a user. @throws CodeRefusedError, AddressTakenError */
export async function linkEmail(
  context: EmailSignIn,
  { userId, ...proven }: Who & Source & { proof: Proof },
): Promise<void> {
  await withCode(context, {
    ...proven,
    linkTo: userId,
    prove: async (tx, address) => {
      const linked = await linkEmailRow(tx, { address, userId });
      if (linked === "others") throw new AddressTakenError("e-mail address");
      if (linked === "linked") await noteLink(tx, { userId, what: "e-mail address", address });
    },
  });
}

/** Keeps to the limits, and tells the user at all his addresses: whoever got hold of a session would do just this. */
async function noteLink(
  tx: Tx,
  { userId, what, address }: Who & { what: "wallet" | "e-mail address"; address: string },
): Promise<void> {
  await lockUser(tx, userId);
  const { wallets, emails } = await waysIn(tx, userId);
  if (wallets.length > MAX_WALLETS || emails.length > MAX_EMAILS) {
    throw new LinkLimitError(
      `A user has at most ${MAX_WALLETS} wallets and ${MAX_EMAILS} e-mail addresses. Remove one.`,
    );
  }
  await tell(tx, { userId, what, address, how: "added" });
}

/** More wallets or e-mail addresses than one user may have: HTTP 409. */
export class LinkLimitError extends InfrError {
  readonly code = "too_many_links";
  readonly status = 409;
}

/**
 * Takes a wallet away from a user and ends his other sessions.
 * @throws LastWayInError if it is the only way in, or owns one of his accounts in the contract, or will; NotFoundError
 */
export async function unlinkWallet(
  sql: Sql,
  { userId, wallet, token }: Who & { wallet: Hex; token: string },
): Promise<void> {
  const address = wallet.toLowerCase();
  await sql.begin(async (tx) => {
    await lockUser(tx, userId);
    if (!(await deleteWallet(tx, { address, userId }))) throw new NotFoundError("wallet");
    const [owned] = await accountsOwnedBy(tx, { address, userId });
    if (owned !== undefined) {
      throw new LastWayInError(
        `This wallet owns account ${owned} in the contract: only it can sign for its credit. Make another wallet its owner first.`,
      );
    }
    const [coming] = await accountsComingTo(tx, address);
    if (coming !== undefined) {
      throw new LastWayInError(
        `Account ${coming} is being handed over to this wallet: only it will sign for its credit. Wait until it owns it, then make another wallet its owner first.`,
      );
    }
    await afterUnlink(tx, { userId, what: "wallet", address, token });
  });
}

/** Takes an e-mail address away from a user and ends his other sessions. @throws LastWayInError, NotFoundError */
export async function unlinkEmail(
  sql: Sql,
  { userId, emailId, token }: Who & { emailId: string; token: string },
): Promise<void> {
  await sql.begin(async (tx) => {
    await lockUser(tx, userId);
    const address = await deleteEmail(tx, { emailId, userId });
    if (address === null) throw new NotFoundError("e-mail address");
    await afterUnlink(tx, { userId, what: "e-mail address", address, token });
    await queueMail(tx, {
      cause: `unlinked:${emailId}`,
      to: { email: address },
      template: "way_in_changed",
      data: { what: "e-mail address", address, how: "removed" },
    });
  });
}

async function afterUnlink(
  tx: Tx,
  { userId, what, address, token }: Who & { what: "wallet" | "e-mail address"; address: string; token: string },
): Promise<void> {
  const { wallets, emails } = await waysIn(tx, userId);
  if (wallets.length + emails.length === 0) {
    throw new LastWayInError("This is your only way to sign in. Link another wallet or e-mail address first.");
  }
  // Whoever had got in by it is out.
  await endOtherSessions(tx, { userId, tokenHash: hashSecret(token) });
  await tell(tx, { userId, what, address, how: "removed" });
}

type Change = Who & { what: "wallet" | "e-mail address"; address: string; how: "added" | "removed" };

async function tell(tx: Tx, { userId, ...data }: Change): Promise<void> {
  await queueMail(tx, { cause: `way_in:${newId("mail")}`, to: { userId }, template: "way_in_changed", data });
}
