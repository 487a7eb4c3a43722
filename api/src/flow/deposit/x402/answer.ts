import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** An answer as it went over the wire. */
export type Answer = { contentType: string; body: string };

/** Names a request by all that it asks for: a payment is good for this one and no other. */
export const hashRequest = (request: string): Buffer =>
  createHash("sha256").update("infr request v1\n").update(request).digest();

/**
 * Closes an answer so that only whoever has the request can read it again: answers are as private as prompts, and those
 * are never stored. AES-256-GCM under a key made of the request's text.
 */
export function sealAnswer({ contentType, body }: Answer, request: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", keyOf(request), iv);
  const closed = [cipher.update(`${contentType}\n${body}`, "utf8"), cipher.final()];
  return Buffer.concat([iv, cipher.getAuthTag(), ...closed]);
}

/** @throws Error if it was closed for another request */
export function openAnswer(sealed: Buffer, request: string): Answer {
  const decipher = createDecipheriv("aes-256-gcm", keyOf(request), sealed.subarray(0, IV_BYTES));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const text = decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  const end = text.indexOf("\n");
  return { contentType: text.slice(0, end), body: text.slice(end + 1) };
}

const keyOf = (request: string): Uint8Array => new Uint8Array(hkdfSync("sha256", request, "", "infr answer v1", 32));
