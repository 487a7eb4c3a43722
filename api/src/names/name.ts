import { InvalidInputError } from "../errors.ts";

/** What somebody's name can be here: lower case, digits, single hyphens inside; 3 to 32 characters. */
export const NAME_PATTERN = "^[a-z0-9](-?[a-z0-9]){2,31}$";
const NAME = new RegExp(NAME_PATTERN);
/** A host name with at least one dot, or one with a port. */
const HOST =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?((\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[1-9]\d{0,4})?|:[1-9]\d{0,4})$/;
const MAX_LENGTH = 255;

/** Nobody can have these: they would be taken for the platform's own. */
const RESERVED = new Set([
  "abuse",
  "account",
  "accounts",
  "admin",
  "administrator",
  "api",
  "billing",
  "bot",
  "contact",
  "escrow",
  "help",
  "helpdesk",
  "hostmaster",
  "info",
  "infr",
  "legal",
  "mail",
  "moderator",
  "mod",
  "no-reply",
  "noreply",
  "official",
  "operator",
  "owner",
  "payments",
  "platform",
  "postmaster",
  "press",
  "privacy",
  "refunds",
  "root",
  "sales",
  "security",
  "settlement",
  "staff",
  "status",
  "support",
  "system",
  "team",
  "treasury",
  "usdc",
  "verify",
  "wallet",
  "webmaster",
  "www",
  "x402",
]); // prettier-ignore

/** What a name looks like at a glance; the same as `look_of_name` in the database. */
export const lookOf = (name: string): string =>
  name
    .replaceAll("-", "")
    .replaceAll(/[0158i]/g, (one) => ({ 0: "o", 1: "l", 5: "s", 8: "b", i: "l" })[one] ?? one)
    .replaceAll("rn", "m")
    .replaceAll("vv", "w");

const RESERVED_LOOKS = new Set([...RESERVED].map(lookOf));

/** A name that leads to somebody: known here, to another host, or to ENS. */
export type Name =
  | { at: "here"; name: string }
  | { at: "host"; name: string; host: string }
  | { at: "ens"; name: string };

/** Whether somebody can choose it. */
export const isChoosable = (name: string): boolean => NAME.test(name) && !RESERVED_LOOKS.has(lookOf(name));

/**
 * Reads a name as people write it. What follows the last @ is a host; without one, what has a dot is a name of ENS.
 * @param here what follows the @ of our own names
 * @throws InvalidInputError
 */
export function readName(text: string, here: string): Name {
  const written = text.trim();
  if (written.length > MAX_LENGTH) throw unreadable();
  const at = written.lastIndexOf("@");
  if (at === -1 && written.includes(".")) return { at: "ens", name: written };
  const name = (at === -1 ? written : written.slice(0, at)).toLowerCase();
  const host = at === -1 ? here : written.slice(at + 1).toLowerCase();
  if (!NAME.test(name)) throw unreadable();
  if (host === here) return { at: "here", name };
  if (!HOST.test(host) || !URL.canParse(`https://${host}`)) throw unreadable();
  return { at: "host", name, host };
}

const unreadable = (): InvalidInputError =>
  new InvalidInputError(
    "That is no name. Names are like alice, alice@host.example, or alice.eth: letters a to z, digits, and hyphens inside.",
    "to",
  );
