import type { Address } from "viem";
import { countAttempt } from "../auth/attempts-store.ts";
import type { Sql } from "../db/types.ts";
import { InvalidInputError, RefusedError } from "../errors.ts";
import type { Directories } from "./directories.ts";
import { readName } from "./name.ts";
import { accountOfName, isOpen } from "./store.ts";

/** Where a name leads: to an account that chose it here, or to a wallet. */
export type Resolved = { accountId: string; owner: Address } | { wallet: Address };

/** For which account others are asked. */
export type Asking = { sql: Sql; directories: Directories; accountId: string };

/** E.164: a plus, the country, the number. */
const PHONE = /^\+[1-9]\d{6,14}$/;

const STATUS = {
  unknown_recipient: 422,
  names_not_here: 422,
  name_host_unreachable: 502,
  too_many_lookups: 429,
  account_not_open: 409,
} as const;
/** How often an account has strangers asked in an hour. */
const LOOKUPS = 60;
const HOUR = 3_600;

/** A name leads to nobody, and nothing was moved: the message says what to do. */
export class NameUnresolvedError extends RefusedError<keyof typeof STATUS> {
  constructor(code: keyof typeof STATUS, message: string) {
    super({ code, status: STATUS[code], message, param: "to" });
  }
}

/**
 * Finds out where a name leads now.
 * @throws InvalidInputError, NameUnresolvedError; UnavailableError if the name service does not answer
 */
export async function resolveName(asking: Asking, text: string): Promise<Resolved> {
  const { sql, directories } = asking;
  const name = readName(text, directories.host);
  if (name.at === "here") {
    const account = await accountOfName(sql, name.name);
    if (!account) throw unknown(`${name.name}@${directories.host}`);
    return { accountId: account.account_id, owner: account.owner };
  }
  await countLookup(asking);
  if (name.at === "ens") return { wallet: await walletInEns(directories, name.name) };
  return { wallet: await walletAtHost(directories, name) };
}

/** @throws InvalidInputError, NameUnresolvedError; UnavailableError if the directory does not answer */
export async function resolvePhone(asking: Asking, text: string): Promise<Resolved> {
  const { phones } = asking.directories;
  if (phones === null) throw notHere("Telephone numbers are not looked up here.");
  const phone = text.replace(/[\s().-]/g, "");
  if (!PHONE.test(phone))
    throw new InvalidInputError("A telephone number begins with + and the country, such as +1 555 123 4567.", "to");
  await countLookup(asking);
  const wallet = await phones.walletOf(phone);
  if (wallet === null) throw unknown(phone);
  return { wallet };
}

/**
 * Others are asked for those who have paid in once, and not without end: each question goes to a server of somebody's choice, and
 * whoever could ask a directory for number after number would have it.
 */
async function countLookup({ sql, accountId }: Asking): Promise<void> {
  if (!(await isOpen(sql, accountId)))
    throw new NameUnresolvedError(
      "account_not_open",
      "Deposit first: names elsewhere are looked up for accounts with credit.",
    );
  const { n } = await countAttempt(sql, { what: "name_lookup", subject: accountId, windowSeconds: HOUR });
  if (n > LOOKUPS)
    throw new NameUnresolvedError(
      "too_many_lookups",
      `An account has ${LOOKUPS} names an hour looked up elsewhere. Wait, or send to a wallet's address.`,
    );
}

async function walletInEns({ ens }: Directories, name: string): Promise<Address> {
  if (ens === null) throw notHere("Names of ENS are not looked up here.");
  const wallet = await ens.walletOf(name);
  if (wallet === null) throw unknown(name);
  return wallet;
}

async function walletAtHost({ askHost }: Directories, at: { name: string; host: string }): Promise<Address> {
  const found = await askHost(at);
  if (found.wallet !== null) return found.wallet;
  const name = `${at.name}@${at.host}`;
  if (found.why === "unknown") throw unknown(name);
  if (found.why === "no_wallet")
    throw new NameUnresolvedError(
      "unknown_recipient",
      `${name} is a team's, or of somebody without a wallet: from here it can't be sent to. Send to an e-mail address.`,
    );
  if (found.why === "other_chain")
    throw new NameUnresolvedError(
      "unknown_recipient",
      `${name} is on another chain: who has that wallet's address here is not known. Ask for a wallet's address on ours.`,
    );
  throw new NameUnresolvedError(
    "name_host_unreachable",
    `${at.host} does not say who ${name} is. Try again later, or ask for a wallet's address.`,
  );
}

const unknown = (name: string): NameUnresolvedError =>
  new NameUnresolvedError(
    "unknown_recipient",
    `There is nobody called ${name}. Check it, or ask for a wallet's address.`,
  );

const notHere = (what: string): NameUnresolvedError =>
  new NameUnresolvedError("names_not_here", `${what} Ask for the recipient's wallet address or e-mail address.`);
