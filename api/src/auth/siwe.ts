import { BaseError, type Hex, HttpRequestError, type PublicClient, TimeoutError } from "viem";
import { createSiweMessage, generateSiweNonce, parseSiweMessage, type SiweMessage } from "viem/siwe";
import type { Sql } from "../db/types.ts";
import { InfrError, UnavailableError } from "../errors.ts";
import { saveNonce, takeNonce } from "./store.ts";

const NONCE_MS = 10 * 60_000;
/** A message older than this is refused even if it names no expiry. */
const MAX_AGE_MS = 10 * 60_000;
const CLOCK_SKEW_MS = 60_000;

type Reason = "invalid" | "expired" | "nonce_used" | "domain_mismatch";

/** The signed message is not one that we take: HTTP 401. */
export class SignInRefusedError extends InfrError {
  readonly code: string;
  readonly status = 401;

  constructor(reason: Reason, message: string) {
    super(message);
    this.code = `siwe_${reason}`;
  }
}

/** What sign-in depends on. */
export type SignIn = { sql: Sql; client: PublicClient; publicUrl: URL; chainId: number; now: () => Date };

/** A nonce for one sign-in, good for ten minutes. */
export async function giveNonce(sql: Sql): Promise<string> {
  const nonce = generateSiweNonce();
  await saveNonce(sql, { nonce, lifetimeMs: NONCE_MS });
  return nonce;
}

/**
 * Verifies an EIP-4361 message: ours, fresh, for this chain, signed by its address (ECDSA, ERC-1271 or ERC-6492). Its
 * nonce is used up whatever the outcome.
 * @returns the address
 * @throws SignInRefusedError
 */
export async function verifySignIn(
  { sql, client, publicUrl, chainId, now }: SignIn,
  { message, signature }: { message: string; signature: Hex },
): Promise<Hex> {
  const parsed = parseMessage(message);
  if (!(await takeNonce(sql, parsed.nonce))) {
    throw new SignInRefusedError(
      "nonce_used",
      "This sign-in was used already or is too old. Ask for a new nonce and sign again.",
    );
  }
  if (parsed.domain !== publicUrl.host || !isOurs(parsed.uri, publicUrl)) {
    throw new SignInRefusedError(
      "domain_mismatch",
      `The message is for ${parsed.domain}, this is ${publicUrl.host}. Sign in on ${publicUrl.origin}.`,
    );
  }
  if (parsed.chainId !== chainId) {
    throw new SignInRefusedError(
      "invalid",
      `The message is for chain ${parsed.chainId}, this is ${chainId}. Switch your wallet's network.`,
    );
  }
  if (!isFresh(parsed, now())) {
    throw new SignInRefusedError("expired", "The message has expired or is not valid yet. Sign a new one.");
  }
  const valid = await isSigned(client, { address: parsed.address, message, signature });
  if (!valid) throw new SignInRefusedError("invalid", "The signature is not that of the address in the message.");
  return parsed.address;
}

/** The message's fields, if they account for every line of it: nothing hides between them. */
function parseMessage(message: string): SiweMessage {
  const fields = parseSiweMessage(message) as SiweMessage;
  try {
    if (createSiweMessage(fields) === withPlainDates(message)) return fields;
  } catch {
    // a field is missing or malformed
  }
  throw new SignInRefusedError("invalid", "This is not an EIP-4361 sign-in message.");
}

/** RFC 3339 allows the same moment to be written in several ways: written in one. */
function withPlainDates(message: string): string {
  return message.replace(/^(Issued At|Expiration Time|Not Before): (.+)$/gm, (_, name: string, date: string) => {
    return `${name}: ${new Date(date).toISOString()}`;
  });
}

function isOurs(uri: string, publicUrl: URL): boolean {
  return URL.canParse(uri) && new URL(uri).origin === publicUrl.origin;
}

function isFresh({ issuedAt, expirationTime, notBefore }: SiweMessage, now: Date): boolean {
  if (!issuedAt) return false;
  const age = now.getTime() - issuedAt.getTime();
  if (age < -CLOCK_SKEW_MS || age > MAX_AGE_MS) return false;
  if (expirationTime && expirationTime <= now) return false;
  return !notBefore || notBefore.getTime() <= now.getTime() + CLOCK_SKEW_MS;
}

/** @throws UnavailableError when the chain, which knows smart wallets, does not answer */
async function isSigned(
  client: PublicClient,
  claim: { address: Hex; message: string; signature: Hex },
): Promise<boolean> {
  try {
    return await client.verifyMessage(claim);
  } catch (error) {
    const outOfReach = (cause: unknown) => cause instanceof HttpRequestError || cause instanceof TimeoutError;
    if (error instanceof BaseError && error.walk(outOfReach)) throw new UnavailableError("The chain", error);
    return false;
  }
}
