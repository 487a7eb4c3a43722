import { randomInt } from "node:crypto";
import type { Config } from "../config.ts";
import type { Sql, Tx } from "../db/types.ts";
import { InfrError } from "../errors.ts";
import { queueMail } from "../notify/queue-mail.ts";
import { type AttemptLimit, attempt, refuseAttempts, sourceOf } from "./attempts.ts";
import { readEmailAddress } from "./email-address.ts";
import { saveCode, takeCode } from "./email-codes-store.ts";
import { hashSecret, newSecret } from "./tokens.ts";

const CODE_MS = 10 * 60_000;
const DIGITS = 8;
const HOUR = 3_600;

/** The code is not one that counts now: HTTP 401. It is not said why, nor whether anybody knows the address. */
export class CodeRefusedError extends InfrError {
  readonly code = "code_refused";
  readonly status = 401;
  override readonly param = "code";

  constructor() {
    super("This code is wrong, was used, or is older than ten minutes. Check it, or ask for a new one.");
  }
}

/** No custodian, so nobody without a wallet can have an account: HTTP 422. */
export class NoEmailSignInError extends InfrError {
  readonly code = "no_email_sign_in";
  readonly status = 422;

  constructor() {
    super("There is no sign-in by e-mail here. Sign in with a wallet.");
  }
}

/** What proving an e-mail address depends on. */
export type EmailSignIn = { sql: Sql; config: Pick<Config, "custodianAddress" | "emailLimits"> };

/** Who asks: the address of his machine, for limits. */
export type Source = { ip: string };

/** Proves that somebody reads an address: the code that was sent there, with the challenge he was given for it. */
export type Proof = { challenge: string; code: string };

/**
 * Sends a code to an address and answers the challenge that it counts with. Nothing depends on whether anybody knows the
 * address: not the answer, not what is written, not how long it takes.
 * @throws InvalidInputError for what is no address, TooManyAttemptsError, NoEmailSignInError
 */
export async function sendCode(
  { sql, config }: EmailSignIn,
  { email, linkTo = null, ip }: Source & { email: string; linkTo?: string | null },
): Promise<{ challenge: string; expiresAt: Date }> {
  if (linkTo === null && config.custodianAddress === null) throw new NoEmailSignInError();
  const address = readEmailAddress(email);
  await attempt(sql, codeLimits(config.emailLimits, { ip, address }));
  const challenge = newSecret();
  const code = randomInt(10 ** DIGITS)
    .toString()
    .padStart(DIGITS, "0");
  const expiresAt = await sql.begin(async (tx) => {
    const hashes = hashesOf({ challenge, code });
    await queueMail(tx, {
      cause: `code:${hashes.challengeHash.toString("hex")}`,
      to: { email: address },
      template: linkTo === null ? "sign_in_code" : "link_code",
      data: { code },
      lifetimeMs: CODE_MS,
    });
    return saveCode(tx, { ...hashes, address, linkTo, lifetimeMs: CODE_MS });
  });
  return { challenge, expiresAt };
}

/**
 * Uses a code up and does what it proves, in one transaction: of many at once with the same code one gets through. A code
 * stands five tries.
 * @param linkTo the user who asked for the code, signed in; null where it is for signing in
 * @throws CodeRefusedError, TooManyAttemptsError
 */
export async function withCode<T>(
  { sql, config }: EmailSignIn,
  {
    proof,
    linkTo = null,
    ip,
    prove,
  }: Source & { proof: Proof; linkTo?: string | null; prove: (tx: Tx, address: string) => Promise<T> },
): Promise<T> {
  const guesses = guessLimits(config.emailLimits, ip);
  await refuseAttempts(sql, guesses);
  const proved = await sql.begin(async (tx) => {
    const address = await takeCode(tx, { ...hashesOf(proof), linkTo });
    return address === null ? null : { result: await prove(tx, address) };
  });
  if (proved) return proved.result;
  await attempt(sql, guesses);
  throw new CodeRefusedError();
}

/** The code's hash has the challenge in it, which nobody but the one who asked knows: eight digits alone are soon tried. */
const hashesOf = ({ challenge, code }: Proof) => ({
  challengeHash: hashSecret(challenge),
  codeHash: hashSecret(`${challenge}:${code.replace(/\s/g, "")}`),
});

type Limits = Config["emailLimits"];

function codeLimits(limits: Limits, { ip, address }: { ip: string; address: string }): AttemptLimit[] {
  const hourly = { windowSeconds: HOUR };
  return [
    {
      what: "code_ip",
      subject: sourceOf(ip),
      max: limits.codesPerSource,
      words: "codes asked for from here",
      ...hourly,
    },
    {
      what: "code_email",
      subject: hashSecret(address.toLowerCase()).toString("hex"),
      max: limits.codesPerEmail,
      words: "codes sent to this address",
      ...hourly,
    },
    { what: "code", subject: "", max: limits.codes, words: "codes asked for by everybody", ...hourly },
  ];
}

function guessLimits(limits: Limits, ip: string): AttemptLimit[] {
  const hourly = { windowSeconds: HOUR };
  return [
    {
      what: "guess_ip",
      subject: sourceOf(ip),
      max: limits.wrongCodesPerSource,
      words: "wrong codes from here",
      ...hourly,
    },
    { what: "guess", subject: "", max: limits.wrongCodes, words: "wrong codes by everybody", ...hourly },
  ];
}
