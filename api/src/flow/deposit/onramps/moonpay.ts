import { createHmac } from "node:crypto";
import { headerOf, type News, type Onramp, type Order, type Progress } from "./onramp.ts";
import { bodyHash, checkHmac, fieldsOf, hashOf, readObject, textOf } from "./signed.ts";

export type MoonPaySettings = {
  /** Publishable: it stands in the URL. */
  apiKey: string;
  /** Signs URLs. */
  secretKey: string;
  webhookKey: string;
  returnUrl: string;
};

const PAGE = "https://buy.moonpay.com/";

const PROGRESS: Record<string, Progress> = {
  waitingPayment: "processing",
  pending: "processing",
  waitingAuthorization: "processing",
  failed: "failed",
  completed: "sent",
};

/**
 * MoonPay: a signed URL of its widget; the signature binds the address. Source: dev.moonpay.com, "URL signing" and
 * "Checking a webhook signature".
 */
export function openMoonPay(settings: MoonPaySettings): Onramp {
  return {
    provider: "moonpay",
    openSession: async (order) => ({ url: signedUrl(settings, order), externalId: null }),
    readNews: (body, headers) => {
      const fields = fieldsOf(headerOf(headers, "moonpay-signature-v2"));
      const parts = [`${fields.get("t") ?? ""}.`, body];
      checkHmac({ secret: settings.webhookKey, parts, signature: fields.get("s") });
      return newsOf(body);
    },
  };
}

/** The signature is over the query as it stands in the URL, and comes last. */
function signedUrl(settings: MoonPaySettings, { orderId, address, amountCents }: Order): string {
  const url = new URL(PAGE);
  url.search = new URLSearchParams({
    apiKey: settings.apiKey,
    currencyCode: "usdc_base",
    walletAddress: address,
    baseCurrencyCode: "usd",
    ...(amountCents !== null && {
      baseCurrencyAmount: `${amountCents / 100n}.${String(amountCents % 100n).padStart(2, "0")}`,
    }),
    externalTransactionId: orderId,
    redirectURL: settings.returnUrl,
  }).toString();
  const signature = createHmac("sha256", settings.secretKey).update(url.search).digest("base64");
  return `${url.href}&signature=${encodeURIComponent(signature)}`;
}

function newsOf(body: Buffer): News | null {
  const { type, data } = readObject(body);
  const kind = textOf(type) ?? "";
  if (!/^transaction_(created|updated|failed)$/.test(kind) || typeof data !== "object" || data === null) return null;
  const purchase = data as Record<string, unknown>;
  const progress = PROGRESS[textOf(purchase["status"]) ?? ""];
  if (progress === undefined) return null;
  return {
    eventId: bodyHash(body),
    kind,
    orderId: textOf(purchase["externalTransactionId"]),
    externalId: textOf(purchase["id"]),
    progress,
    transactionHash: hashOf(purchase["cryptoTransactionId"]),
  };
}
