import { randomFillSync } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 16;

/** Prefixes of ids, so that an id says what it is of. */
export type IdPrefix =
  | "acct"
  | "user"
  | "email"
  | "key"
  | "req"
  | "node"
  | "tx"
  | "inst"
  | "hold"
  | "payout"
  | "mail"
  | "hook"
  | "event"
  | "delivery"
  | "push"
  | "transfer"
  | "gift"
  | "ask"
  | "topup"
  | "standing"
  | "lot"
  | "pay"
  | "card"
  | "refund"
  | "rech"
  | "adjust"
  | "onramp"
  | "invite"
  | "owner";

/**
 * A new id such as `req_01kap…`: prefix, milliseconds since 1970 (48 bits), 80 random bits, in lower-case Crockford
 * base32, so ids sort by time and can't be guessed.
 */
export function newId(prefix: IdPrefix, at: Date = new Date()): string {
  let time = "";
  for (let rest = at.getTime(), i = 0; i < TIME_CHARACTERS; i++, rest = Math.floor(rest / 32)) {
    time = ALPHABET.charAt(rest % 32) + time;
  }
  let random = "";
  for (const byte of takeRandom(RANDOM_CHARACTERS)) random += ALPHABET.charAt(byte % 32);
  return `${prefix}_${time}${random}`;
}

/** So many random bytes, as hexadecimal digits. */
export const randomHex = (bytes: number): string => takeRandom(bytes).toString("hex");

/** Asking the system for a few bytes takes as long as for many. No byte is given out twice. */
const pool = Buffer.alloc(4_096);
let taken = pool.length;

function takeRandom(bytes: number): Buffer {
  if (taken + bytes > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  taken += bytes;
  return pool.subarray(taken - bytes, taken);
}

/** The moment in an id: usage rows are partitioned by it, so a replay finds its row without searching. */
export function timeOfId(id: string): Date {
  const time = id.slice(id.indexOf("_") + 1).slice(0, TIME_CHARACTERS);
  return new Date(Array.from(time).reduce((value, character) => value * 32 + ALPHABET.indexOf(character), 0));
}

/** True for text that could have come from {@link newId} with this prefix. */
export const isId = (prefix: IdPrefix, text: string): boolean =>
  text.startsWith(`${prefix}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(prefix.length + 1));

/** The platform's own account: number 1 on-chain. */
export const PLATFORM_ACCOUNT = "acct_platform";
