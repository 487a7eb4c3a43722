import { type Hex, hexToBigInt, keccak256, numberToHex, size, stringToHex } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { InvalidServerSecretError, MalformedVoucherCodeError, ZeroVoucherKeyError } from "./errors.ts";

/** Crockford's base32: no I, L, O, U. Source: https://www.crockford.com/base32.html */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 26;
const GROUPS = /^(.{5})(.{5})(.{5})(.{5})(.{6})$/;
const TAG = stringToHex("infr voucher v1");
const SECRET_BYTES = 32;
/** Order of secp256k1. */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * A voucher's code in canonical form: 26 upper-case characters of Crockford's base32, 130 bits. Whoever knows it can
 * redeem the voucher: never log it.
 */
export type VoucherCode = string & { readonly __brand: "VoucherCode" };

/** The key that redeems a voucher, and the address under which the voucher stands on-chain. */
export interface VoucherKey {
  readonly privateKey: Hex;
  readonly address: Hex;
}

/** A new code from the system's random source. Its address is public, so it has far more bits than can be guessed. */
export function generateVoucherCode(): VoucherCode {
  const bytes = crypto.getRandomValues(new Uint8Array(CODE_LENGTH));
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("") as VoucherCode;
}

/**
 * A code as somebody has typed it, in canonical form: lower case, dashes and white space are accepted, `O` is read as
 * `0`, `I` and `L` as `1`, as Crockford's base32 wants it. Throws {@link MalformedVoucherCodeError}.
 */
export function parseVoucherCode(text: string): VoucherCode {
  const code = text
    .replaceAll(/[-\s]/g, "")
    .replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())
    .replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1");
  const characters = Array.from(code);
  const foreign = characters.findIndex((character) => !ALPHABET.includes(character));
  if (foreign >= 0 || characters.length !== CODE_LENGTH) {
    throw new MalformedVoucherCodeError({ length: characters.length, foreign: foreign < 0 ? undefined : foreign });
  }
  return code as VoucherCode;
}

/** A code for people to read: `K3F9Q-7XW2M-…`. {@link parseVoucherCode} takes it as it is. */
export function formatVoucherCode(code: VoucherCode): string {
  return code.replace(GROUPS, "$1-$2-$3-$4-$5");
}

/**
 * The key of a code: `keccak256("infr voucher v1" ‖ code ‖ serverSecret) mod n`, the code as its 26 ASCII characters.
 *
 * Without `serverSecret` everybody who has the code can redeem it on-chain. With it, 32 bytes that only the API knows,
 * only the API can: for codes that count for some models or people only. The two never meet: their inputs differ in
 * length. Throws {@link InvalidServerSecretError} or {@link ZeroVoucherKeyError}.
 */
export function deriveVoucherKey({ code, serverSecret = "0x" }: { code: VoucherCode; serverSecret?: Hex }): VoucherKey {
  if (serverSecret !== "0x" && size(serverSecret) !== SECRET_BYTES) {
    throw new InvalidServerSecretError(size(serverSecret));
  }
  const privateKey = reduceToKey(keccak256(`${TAG}${stringToHex(code).slice(2)}${serverSecret.slice(2)}` as Hex));
  return { privateKey, address: privateKeyToAddress(privateKey) };
}

/** `hash mod n` as a private key. Zero is none: {@link ZeroVoucherKeyError}. */
export function reduceToKey(hash: Hex): Hex {
  const key = hexToBigInt(hash) % CURVE_ORDER;
  if (key === 0n) throw new ZeroVoucherKeyError();
  return numberToHex(key, { size: 32 });
}
