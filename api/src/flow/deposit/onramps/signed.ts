import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { ForgedWebhookError } from "./onramp.ts";

/** Fields of a signature header such as `t=1,v1=ab`. */
export const fieldsOf = (header: string): Map<string, string> =>
  new Map(
    header.split(",").map((part) => {
      const at = part.indexOf("=");
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );

/** @throws ForgedWebhookError unless `signature` is the HMAC-SHA256 of the parts, in hexadecimal */
export function checkHmac({
  secret,
  parts,
  signature,
}: {
  secret: string;
  parts: Array<string | Buffer>;
  signature: string | undefined;
}): void {
  const hmac = createHmac("sha256", secret);
  for (const part of parts) hmac.update(part);
  const expected = hmac.digest();
  const given = Buffer.from(signature ?? "", "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new ForgedWebhookError("its signature is not the provider's");
}

/** Names an event that has no id: sent again it has the same bytes. */
export const bodyHash = (body: Buffer): string => createHash("sha256").update(body).digest("hex");

/** @throws ForgedWebhookError if it is no JSON object */
export function readObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new ForgedWebhookError("its body is no JSON object");
}

export const textOf = (value: unknown): string | null =>
  typeof value === "string" && value !== "" && value.length <= 200 ? value : null;

/** A transaction's hash; null for what is none, such as the "0x" that Coinbase writes before there is one. */
export const hashOf = (value: unknown): string | null =>
  typeof value === "string" && /^0x[0-9a-fA-F]{64}$/.test(value) ? value.toLowerCase() : null;
