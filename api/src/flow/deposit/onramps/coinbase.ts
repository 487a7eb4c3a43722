import { createPrivateKey, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  ForgedWebhookError,
  headerOf,
  type News,
  type Onramp,
  OnrampRefusedError,
  type Order,
  type Progress,
} from "./onramp.ts";
import { bodyHash, checkHmac, fieldsOf, hashOf, readObject, textOf } from "./signed.ts";

const PATH = "/onramp/v1/token";
const PAGE = "https://pay.coinbase.com/buy/select-asset";
const TIMEOUT_MS = 20_000;
const JWT_SECONDS = 120;
const MAX_AGE_MS = 5 * 60_000;

export type CoinbaseSettings = {
  keyId: string;
  /** As Coinbase gives it out: base64 of an Ed25519 key, or a PEM of an EC one. */
  keySecret: string;
  webhookSecret: string;
  apiUrl: URL;
  returnUrl: string;
  now: () => Date;
};

const PROGRESS: Record<string, Progress> = {
  "onramp.transaction.created": "processing",
  "onramp.transaction.updated": "processing",
  "onramp.transaction.success": "sent",
  "onramp.transaction.failed": "failed",
};

/**
 * Coinbase Onramp: a single-use session token binds a purchase to the address, the network and the token; the buyer pays
 * on Coinbase's page. Source: docs.cdp.coinbase.com, "Create session token" and "Onramp webhooks".
 */
export function openCoinbase(settings: CoinbaseSettings): Onramp {
  return {
    provider: "coinbase",
    openSession: async (order) => {
      const url = new URL(PAGE);
      url.search = new URLSearchParams({
        sessionToken: await createToken(settings, order),
        defaultNetwork: "base",
        defaultAsset: "USDC",
        fiatCurrency: "USD",
        ...(order.amountCents !== null && { presetFiatAmount: dollars(order.amountCents) }),
        partnerUserRef: order.orderId,
        redirectUrl: settings.returnUrl,
      }).toString();
      return { url: url.href, externalId: null };
    },
    readNews: (body, headers) => {
      checkSignature(settings, { body, headers });
      return newsOf(body);
    },
  };
}

async function createToken(settings: CoinbaseSettings, { address, clientIp }: Order): Promise<string> {
  const url = new URL(PATH, settings.apiUrl);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${jwt(settings, url)}`, "content-type": "application/json" },
      body: JSON.stringify({ addresses: [{ address, blockchains: ["base"] }], assets: ["USDC"], clientIp }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
    });
    const { token } = (await response.json()) as { token?: unknown };
    if (!response.ok || typeof token !== "string") throw new Error(`Coinbase answered ${response.status}`);
    return token;
  } catch (error) {
    throw new OnrampRefusedError("coinbase", error);
  }
}

/** Good for this one call. Source: docs.cdp.coinbase.com, "JWT authentication". */
function jwt({ keyId, keySecret, now }: CoinbaseSettings, url: URL): string {
  const key = privateKey(keySecret);
  const isEd25519 = key.asymmetricKeyType === "ed25519";
  const at = Math.floor(now().getTime() / 1_000);
  const header = { alg: isEd25519 ? "EdDSA" : "ES256", typ: "JWT", kid: keyId, nonce: randomBytes(16).toString("hex") };
  const claims = { iss: "cdp", sub: keyId, nbf: at, exp: at + JWT_SECONDS, uris: [`POST ${url.host}${url.pathname}`] };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = isEd25519
    ? sign(null, Buffer.from(text), key)
    : sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function privateKey(secret: string): KeyObject {
  if (secret.includes("PRIVATE KEY")) return createPrivateKey(secret.replaceAll("\\n", "\n"));
  const bytes = Buffer.from(secret, "base64");
  const [d, x] = [bytes.subarray(0, 32).toString("base64url"), bytes.subarray(32).toString("base64url")];
  return createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", d, x }, format: "jwk" });
}

/** `t.headerNames.headerValues.body`, by HMAC-SHA256, not older than five minutes. */
function checkSignature(
  { webhookSecret, now }: CoinbaseSettings,
  { body, headers }: { body: Buffer; headers: Record<string, string | string[] | undefined> },
): void {
  const fields = fieldsOf(headerOf(headers, "x-hook0-signature"));
  const [time = "", names = ""] = [fields.get("t"), fields.get("h")];
  const values = names.split(" ").map((name) => headerOf(headers, name));
  const parts = [`${time}.${names}.${values.join(".")}.`, body];
  checkHmac({ secret: webhookSecret, parts, signature: fields.get("v1") });
  if (!(Math.abs(now().getTime() - Number(time) * 1_000) <= MAX_AGE_MS))
    throw new ForgedWebhookError("it is older than five minutes");
}

function newsOf(body: Buffer): News | null {
  const event = readObject(body);
  const kind = textOf(event["eventType"]) ?? "";
  const progress = PROGRESS[kind];
  if (progress === undefined) return null;
  return {
    eventId: bodyHash(body),
    kind,
    orderId: textOf(event["partnerUserRef"]),
    externalId: textOf(event["transactionId"]),
    progress,
    transactionHash: hashOf(event["txHash"]),
  };
}

const dollars = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
