import { createHmac, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Stripe } from "stripe";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newUser, startApi, type TestApi, type TestUser } from "../testing/api.ts";
import { closeMarket } from "../testing/market.ts";

const COINBASE_SECRET = "hook0-secret";
const MOONPAY = { secretKey: "sk_test_moon", webhookKey: "wk_test_moon" };
const STRIPE_SECRET = "whsec_onramp";
const HASH = `0x${"a".repeat(64)}`;

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
let api: TestApi;
let provider: Awaited<ReturnType<typeof startProvider>>;
let user: TestUser;

beforeAll(async () => {
  provider = await startProvider(publicKey);
  api = await startApi({
    COINBASE_KEY_ID: "key-1",
    COINBASE_KEY_SECRET: secretOf(privateKey),
    COINBASE_WEBHOOK_SECRET: COINBASE_SECRET,
    COINBASE_API_URL: provider.url,
    MOONPAY_API_KEY: "pk_test_moon",
    MOONPAY_SECRET_KEY: MOONPAY.secretKey,
    MOONPAY_WEBHOOK_KEY: MOONPAY.webhookKey,
    STRIPE_SECRET_KEY: "sk_test_1",
    STRIPE_ONRAMP_WEBHOOK_SECRET: STRIPE_SECRET,
    STRIPE_API_URL: provider.url,
  });
});
afterAll(async () => {
  await closeMarket(api);
  await provider.stop();
});
beforeEach(async () => {
  user = await newUser(api);
});

/** Base64 of seed and public key, as Coinbase gives Ed25519 keys out. */
function secretOf(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  return Buffer.concat([Buffer.from(d, "base64url"), Buffer.from(x, "base64url")]).toString("base64");
}

/** Answers as Coinbase documents session tokens and Stripe onramp sessions, and notes what it was asked. */
async function startProvider(key: KeyObject) {
  const asked: Array<{ path: string; body: string; authorization: string }> = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = (await request.toArray()).join("");
      const { authorization = "", host = "" } = request.headers;
      const path = request.url ?? "";
      asked.push({ path, body, authorization });
      const answer = (status: number, value: object) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
      if (path === "/onramp/v1/token") {
        const isValid = isJwt(authorization.slice("Bearer ".length), { key, uri: `POST ${host}${path}` });
        answer(
          isValid ? 200 : 401,
          isValid ? { token: "tok_1", channel_id: "" } : { code: 16, message: "Unauthorized" },
        );
      } else if (path === "/v1/crypto/onramp_sessions") {
        const form = new URLSearchParams(body);
        answer(200, {
          id: `cos_${asked.length}`,
          object: "crypto.onramp_session",
          status: "initialized",
          redirect_url: "https://crypto.link.com?session_hash=CCwQABoX",
          metadata: { order_id: form.get("metadata[order_id]") },
        });
      } else answer(404, {});
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function isJwt(token: string, { key, uri }: { key: KeyObject; uri: string }): boolean {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  const { alg, kid } = read(header);
  const { iss, sub, exp, nbf, uris } = read(claims);
  const isFresh = Number(exp) - Number(nbf) <= 120 && Number(exp) * 1_000 > Date.now();
  const isSigned = verify(null, Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url"));
  return (
    isSigned && isFresh && alg === "EdDSA" && kid === "key-1" && iss === "cdp" && sub === kid && String(uris) === uri
  );
}

type Opened = { id: string; url: string };
async function open(name: string, body: object = { amount: "50" }) {
  const headers = { cookie: user.cookie };
  return api.app.inject({ method: "POST", url: `/api/onramps/${name}/sessions`, headers, payload: body });
}
async function purchases() {
  const answer = await api.app.inject({ url: "/api/onramps", headers: { cookie: user.cookie } });
  return answer.json<{ providers: string[]; purchases: Array<Record<string, unknown>> }>();
}
async function address(): Promise<string> {
  const answer = await api.app.inject({ url: "/api/deposits/address", headers: { cookie: user.cookie } });
  return answer.json<{ address: string }>().address;
}

const hmac = (secret: string, text: string) => createHmac("sha256", secret).update(text).digest("hex");
const seconds = (agoMs = 0) => String(Math.floor((Date.now() - agoMs) / 1_000));

/** Headers by which each provider signs a body, some time ago. */
const SIGNED: Record<string, (body: string, agoMs?: number) => Record<string, string>> = {
  coinbase: (body, agoMs) => {
    const [t, h] = [seconds(agoMs), "content-type x-event-id"];
    const headers = { "content-type": "application/json", "x-event-id": "e1" };
    const v1 = hmac(COINBASE_SECRET, `${t}.${h}.${Object.values(headers).join(".")}.${body}`);
    return { ...headers, "x-hook0-signature": `t=${t},h=${h},v1=${v1}` };
  },
  moonpay: (body, agoMs) => {
    const t = seconds(agoMs);
    return {
      "content-type": "application/json",
      "moonpay-signature-v2": `t=${t},s=${hmac(MOONPAY.webhookKey, `${t}.${body}`)}`,
    };
  },
  stripe: (body, agoMs) => ({
    "content-type": "application/json",
    "stripe-signature": new Stripe("sk_test_1").webhooks.generateTestHeaderString({
      payload: body,
      secret: STRIPE_SECRET,
      timestamp: Number(seconds(agoMs)),
    }),
  }),
};

/** What each provider says of a purchase, in the order in which it happens. */
const EVENTS: Record<string, (id: string) => object[]> = {
  coinbase: (id) =>
    // The fields of Coinbase's published schema of its webhooks that say something of a purchase.
    ["created", "updated", "success"].map((step) => ({
      eventType: `onramp.transaction.${step}`,
      transactionId: "cb-1",
      status: `ONRAMP_TRANSACTION_STATUS_${step === "success" ? "SUCCESS" : "IN_PROGRESS"}`,
      purchaseCurrency: "USDC",
      purchaseNetwork: "base",
      purchaseAmount: { currency: "USDC", value: "25.00" },
      paymentTotal: { currency: "USD", value: "25.50" },
      txHash: step === "success" ? HASH : "0x",
      partnerUserRef: id,
    })),
  moonpay: (id) =>
    (
      [
        ["created", "waitingPayment"],
        ["updated", "pending"],
        ["updated", "completed"],
      ] as const
    ).map(([type, status]) => ({
      type: `transaction_${type}`,
      data: {
        id: "mp-1",
        status,
        externalTransactionId: id,
        cryptoTransactionId: status === "completed" ? HASH : null,
      },
    })),
  stripe: (id) =>
    ["requires_payment", "fulfillment_processing", "fulfillment_complete"].map((status, n) => ({
      id: `evt_${id}_${n}`,
      type: "crypto.onramp_session.updated",
      object: "event",
      data: {
        object: {
          id: "cos_x",
          status,
          metadata: { order_id: id },
          transaction_details: { transaction_id: n === 2 ? HASH : null },
        },
      },
    })),
};

const hear = (name: string, body: string, headers = SIGNED[name]?.(body) ?? {}) =>
  api.app.inject({ method: "POST", url: `/api/webhooks/onramps/${name}`, headers, payload: body });

function permutations<T>(items: T[]): T[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

describe("a purchase", () => {
  test("by Coinbase: a session token for the account's address on Base, and USDC alone", async () => {
    const answer = await open("coinbase");
    expect(answer.statusCode).toBe(201);
    const { id, url } = answer.json<Opened>();
    const { origin, pathname, searchParams } = new URL(url);
    expect(origin + pathname).toBe("https://pay.coinbase.com/buy/select-asset");
    expect(Object.fromEntries(searchParams)).toMatchObject({
      sessionToken: "tok_1",
      partnerUserRef: id,
      defaultNetwork: "base",
      presetFiatAmount: "50.00",
    });
    expect(id.length).toBeLessThan(50);
    expect(JSON.parse(provider.asked.at(-1)?.body ?? "")).toEqual({
      addresses: [{ address: await address(), blockchains: ["base"] }],
      assets: ["USDC"],
      clientIp: "127.0.0.1",
    });
  });

  test("by MoonPay: a URL whose signature binds the address", async () => {
    const { id, url } = (await open("moonpay")).json<Opened>();
    const [unsigned = "", signature = ""] = url.split("&signature=");
    const query = new URL(unsigned);
    expect(Object.fromEntries(query.searchParams)).toMatchObject({
      currencyCode: "usdc_base",
      walletAddress: await address(),
      externalTransactionId: id,
      baseCurrencyAmount: "50.00",
    });
    const expected = createHmac("sha256", MOONPAY.secretKey).update(query.search).digest("base64");
    expect(decodeURIComponent(signature)).toBe(expected);
  });

  test("by Stripe: a session that is locked to the address", async () => {
    const { id, url } = (await open("stripe")).json<Opened>();
    expect(url).toBe("https://crypto.link.com?session_hash=CCwQABoX");
    const form = Object.fromEntries(new URLSearchParams(provider.asked.at(-1)?.body ?? ""));
    expect(form).toMatchObject({
      "wallet_addresses[base_network]": await address(),
      lock_wallet_address: "true",
      destination_network: "base",
      destination_currency: "usdc",
      source_amount: "50.00",
      "metadata[order_id]": id,
    });
    expect((await purchases()).purchases).toMatchObject([{ id, status: "opened", amount: "50" }]);
  });

  test.each([["4.99"], ["5.001"], ["1000000.01"], ["0"]])("error: of $%s", async (amount) => {
    expect((await open("moonpay", { amount })).statusCode).toBe(400);
  });

  test("error: at a provider that there is not; no address but one's own can be named", async () => {
    expect((await open("paypal")).statusCode).toBe(400);
    await open("moonpay", { address: `0x${"1".repeat(40)}` });
    expect((await purchases()).purchases).toMatchObject([{ address: await address() }]);
  });
});

describe.each(Object.keys(EVENTS))("news from %s", (name) => {
  const bodies = (id: string) => (EVENTS[name]?.(id) ?? []).map((event) => JSON.stringify(event));

  test("in every order, each of them once or twice, come to the same; and nothing is credited", async () => {
    const [first] = permutations([0, 1, 2]);
    for (const order of permutations([...(first ?? []), ...(first ?? [])]).filter((_, at) => at % 29 === 0)) {
      const { id } = (await open(name)).json<Opened>();
      const said = bodies(id);
      for (const at of order) expect((await hear(name, said[at] ?? "")).statusCode).toBe(204);
      const [newest] = (await purchases()).purchases.filter((purchase) => purchase["id"] === id);
      expect(newest).toMatchObject({ status: "sent", transactionHash: HASH });
      const events = await api.sql`select from onramp_events where order_id = ${id}`;
      expect(events).toHaveLength(3);
    }
    expect(await api.sql`select from entries where credit_account = ${user.accountId}`).toHaveLength(0);
  });

  test("twenty at once are heard once", async () => {
    const { id } = (await open(name)).json<Opened>();
    const [body = ""] = bodies(id);
    const answers = await Promise.all(Array.from({ length: 20 }, () => hear(name, body)));
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([204]));
    expect(await api.sql`select from onramp_events where order_id = ${id}`).toHaveLength(1);
  });

  test("error: with no signature, another's, for another body, by another key", async () => {
    const { id } = (await open(name)).json<Opened>();
    const [body = "", other = ""] = bodies(id);
    const signed = SIGNED[name]?.(other) ?? {};
    expect((await hear(name, body, { "content-type": "application/json" })).statusCode).toBe(400);
    expect((await hear(name, body, signed)).statusCode).toBe(400);
    const forged = Object.fromEntries(
      Object.entries(SIGNED[name]?.(body) ?? {}).map(([key, value]) => [
        key,
        value.replace(/(v1|s)=[0-9a-f]{4}/, "$1=0000"),
      ]),
    );
    expect((await hear(name, body, forged)).statusCode).toBe(400);
    expect((await purchases()).purchases).toMatchObject([{ status: "opened" }]);
  });

  test("of a purchase that is not ours are noted, and no more", async () => {
    const [body = ""] = bodies(`onramp_${"0".repeat(26)}`);
    expect((await hear(name, body)).statusCode).toBe(204);
    expect((await purchases()).purchases).toEqual([]);
  });
});

test.each(["coinbase", "stripe"])("error: news from %s that are older than five minutes", async (name) => {
  const { id } = (await open(name)).json<Opened>();
  const body = JSON.stringify(EVENTS[name]?.(id)[0]);
  expect((await hear(name, body, SIGNED[name]?.(body, 301_000) ?? {})).statusCode).toBe(400);
});
