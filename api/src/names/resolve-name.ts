import type { Address } from "viem";
import type { Queryable } from "../db/types.ts";
import { InfrError, InvalidInputError } from "../errors.ts";
import type { Directories } from "./directories.ts";
import { readName } from "./name.ts";
import { accountOfName } from "./store.ts";

/** Where a name leads: to an account that chose it here, or to a wallet. */
export type Resolved = { accountId: string } | { wallet: Address };

/** E.164: a plus, the country, the number. */
const PHONE = /^\+[1-9]\d{6,14}$/;

const STATUS = { unknown_recipient: 422, names_not_here: 422, name_host_unreachable: 502 } as const;

/** A name leads to nobody, and nothing was moved: the message says what to do. */
export class NameUnresolvedError extends InfrError {
  readonly code: keyof typeof STATUS;
  readonly status: number;
  override readonly retryable: boolean;
  override readonly param = "to";
  constructor(code: keyof typeof STATUS, message: string) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
    this.retryable = code === "name_host_unreachable";
  }
}

/**
 * Finds out where a name leads now.
 * @throws InvalidInputError, NameUnresolvedError; UnavailableError if the name service does not answer
 */
export async function resolveName(
  { sql, directories }: { sql: Queryable; directories: Directories },
  text: string,
): Promise<Resolved> {
  const name = readName(text, directories.host);
  if (name.at === "here") {
    const account = await accountOfName(sql, name.name);
    if (!account) throw unknown(`${name.name}@${directories.host}`);
    return { accountId: account.account_id };
  }
  if (name.at === "ens") return { wallet: await walletInEns(directories, name.name) };
  return { wallet: await walletAtHost(directories, name) };
}

/** @throws InvalidInputError, NameUnresolvedError; UnavailableError if the directory does not answer */
export async function resolvePhone({ phones }: Directories, text: string): Promise<Resolved> {
  if (phones === null) throw notHere("Telephone numbers are not looked up here.");
  const phone = text.replace(/[\s().-]/g, "");
  if (!PHONE.test(phone))
    throw new InvalidInputError("A telephone number begins with + and the country, such as +1 555 123 4567.", "to");
  const wallet = await phones.walletOf(phone);
  if (wallet === null) throw unknown(phone);
  return { wallet };
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
  if (found.why === "custodial")
    throw new NameUnresolvedError("unknown_recipient", `${name} has no wallet of its own. Send to an e-mail address.`);
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
