import { creditEscrowAbi, testUsdcAbi } from "@infr/contracts/abi";
import {
  decodePaymentRequiredHeader,
  decodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from "@x402/core/http";
import type { PaymentPayload, PaymentRequired } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import OpenAI from "openai";
import { encodeAbiParameters, encodeFunctionData, type Hex, keccak256 } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { forgetAnswers } from "../flow/deposit/x402/store.ts";
import { readBalance } from "../ledger/balance.ts";
import { newUser, RICH_KEY, sellNode, startApi, type TestApi } from "../testing/api.ts";
import { baseSepolia } from "../testing/base-sepolia.ts";
import { startGatedNode } from "../testing/gated-node.ts";
import { closeMarket } from "../testing/market.ts";
import { deployMultisig } from "../testing/multisig.ts";
import { write } from "../testing/on-chain.ts";
import { runWorker } from "../testing/run-worker.ts";

const PATH = "/v1/chat/completions";
const TEN = 10_000_000n;
const rich = privateKeyToAccount(RICH_KEY);

let api: TestApi;
let worker: Awaited<ReturnType<typeof runWorker>>;
let gated: Awaited<ReturnType<typeof startGatedNode>>;

beforeAll(async () => {
  api = await startApi({ PAYMENT_PATIENCE_MS: "5000" }, baseSepolia);
  gated = await startGatedNode({ upstream: api.node.url, models: { "gated/model": "demo/small" } });
  await sellNode(api, { url: api.node.url, models: ["demo/small"] });
  await sellNode(api, { url: gated.url, models: ["gated/model"] });
  worker = await runWorker(api);
});
afterAll(async () => {
  await worker.stop();
  gated.stop();
  await closeMarket(api);
});

const chat = (content = "Write 5 tokens.", more: object = {}) => ({
  model: "demo/small",
  messages: [{ role: "user", content }],
  max_tokens: 16,
  ...more,
});

/** A wallet with ten dollars, which nobody has heard of. */
async function newPayer(amount = TEN) {
  const wallet = privateKeyToAccount(generatePrivateKey());
  const args = [wallet.address, amount] as const;
  await write(api, api.chain.usdc, encodeFunctionData({ abi: testUsdcAbi, functionName: "mint", args }));
  return wallet;
}
type Payer = Awaited<ReturnType<typeof newPayer>>;

/** The official client as its documentation shows it, with what it allows itself to spend by default. */
const clientOf = (wallet: Payer) => new x402Client().register("eip155:*", new ExactEvmScheme(wallet));

const send = (body: object, headers: Record<string, string> = {}, path = PATH) =>
  fetch(`${api.origin}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

async function termsOf(body: object): Promise<PaymentRequired> {
  const answer = await send(body);
  expect(answer.status).toBe(402);
  return decodePaymentRequiredHeader(answer.headers.get("payment-required") ?? "");
}

/** What a client would send, and may be changed before. */
async function sign(wallet: Payer, body: object, change: (payload: PaymentPayload) => PaymentPayload = (same) => same) {
  return encodePaymentSignatureHeader(change(await clientOf(wallet).createPaymentPayload(await termsOf(body))));
}
const paid = async (header: string, body: object) => send(body, { "payment-signature": header });

const depositsOf = (wallet: { address: Hex }) =>
  api.sql<Array<{ account_id: string; amount_micro: bigint; memo: string }>>`
    select account_id, amount_micro, memo from deposits where payer = ${wallet.address.toLowerCase()} and rail = 'payer'`;

const usageOf = (accountId: string) =>
  api.sql<
    Array<{ cost_nano: bigint; key_id: string }>
  >`select cost_nano, key_id from usage where account_id = ${accountId}`;

const paymentsOf = (wallet: { address: Hex }) =>
  api.sql`select nonce from payments where payer = ${wallet.address.toLowerCase()}`;

const usdcOf = (wallet: { address: Hex }) =>
  api.chain.client.readContract({
    address: api.chain.usdc,
    abi: testUsdcAbi,
    functionName: "balanceOf",
    args: [wallet.address],
  });

/** What the API says of a request that it did not serve. */
async function refusal(answer: Response) {
  const required = answer.headers.get("payment-required");
  const { error } = (await answer.json()) as { error: { code: string; type: string; message: string } };
  return { status: answer.status, code: error.code, error: required && decodePaymentRequiredHeader(required).error };
}

describe("an unpaid request", () => {
  test("says what it costs and how to pay, beside OpenAI's error", async () => {
    const answer = await send(chat());
    expect(answer.status).toBe(402);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("link")).toBe(`<${api.config.publicUrl.origin}/deposit>; rel="payment"`);
    expect(decodePaymentRequiredHeader(answer.headers.get("payment-required") ?? "")).toMatchObject({
      x402Version: 2,
      resource: { url: `${api.config.publicUrl.origin}${PATH}`, mimeType: "application/json" },
      accepts: [
        {
          scheme: "exact",
          network: "eip155:84532",
          amount: "1000000",
          asset: "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
          extra: { name: "USD Coin", version: "2" },
        },
      ],
    });
    const { error } = (await answer.json()) as { error: object };
    expect(error).toMatchObject({ type: "insufficient_quota", code: "insufficient_quota", param: null });
  });

  test("costs its worst case where that is more than a dollar", async () => {
    const { accepts } = await termsOf(chat("x".repeat(40_000), { max_tokens: 1_000 }));
    expect(BigInt(accepts[0]?.amount ?? 0)).toBeGreaterThan(1_000_000n);
  });

  test("is demanded of a key without credit, too", async () => {
    const user = await newUser(api);
    const answer = await send(chat(), { authorization: `Bearer ${user.key}` });
    expect(await refusal(answer)).toMatchObject({ status: 402, code: "insufficient_quota", error: expect.any(String) });
  });

  test("is as much about messages, responses and embeddings", async () => {
    for (const [path, body] of [
      ["/v1/messages", chat()],
      ["/v1/responses", { model: "demo/small", input: "Hi" }],
      ["/v1/embeddings", { model: "demo/small", input: "Hi" }],
      ["/v1/completions", { model: "demo/small", prompt: "Hi" }],
    ] as const) {
      const answer = await send(body, {}, path);
      expect([path, answer.status, answer.headers.has("payment-required")]).toEqual([path, 402, true]);
    }
  });

  test("error: a wrong key is still a wrong key, and a long body needs a right one", async () => {
    expect((await send(chat(), { authorization: "Bearer sk-infr-nobody" })).status).toBe(401);
    expect((await send(chat("x".repeat(1_100_000)))).status).toBe(413);
  });
});

describe("the official client, with its default spend controls", () => {
  test("pays and gets its completion; what is left is credit of its wallet's account", async () => {
    const wallet = await newPayer();
    const pay = wrapFetchWithPayment(fetch, clientOf(wallet));
    const answer = await pay(`${api.origin}${PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(chat()),
    });
    expect(answer.status).toBe(200);
    const completion = (await answer.json()) as OpenAI.ChatCompletion;
    expect(completion.choices[0]?.message.content).not.toBe("");
    const [deposit] = await depositsOf(wallet);
    expect(deposit?.amount_micro).toBe(1_000_000n);
    const response = decodePaymentResponseHeader(answer.headers.get("payment-response") ?? "");
    expect(response).toMatchObject({ success: true, network: "eip155:84532", payer: wallet.address.toLowerCase() });
    const receipt = await api.chain.client.getTransactionReceipt({ hash: response.transaction as Hex });
    expect(receipt.status).toBe("success");
    const [usage] = await usageOf(deposit?.account_id ?? "");
    const { spendable } = await readBalance(api.sql, deposit?.account_id ?? "");
    expect(spendable).toBe(1_000_000_000n - (usage?.cost_nano ?? 0n));
    expect(usage?.key_id).toBe("x402");
    expect(await usdcOf(wallet)).toBe(TEN - 1_000_000n);
  });

  test("the rest is spent by signing in with the wallet, and by nobody who only knows the payment", async () => {
    const key = generatePrivateKey();
    const wallet = privateKeyToAccount(key);
    await write(
      api,
      api.chain.usdc,
      encodeFunctionData({ abi: testUsdcAbi, functionName: "mint", args: [wallet.address, TEN] }),
    );
    const header = await sign(wallet, chat());
    expect((await paid(header, chat())).status).toBe(200);
    const user = await newUser(api, key);
    expect((await depositsOf(wallet))[0]?.account_id).toBe(user.accountId);
    const answer = await user.openai.chat.completions.create(chat() as OpenAI.ChatCompletionCreateParamsNonStreaming);
    expect(answer.choices).toHaveLength(1);
    expect(await refusal(await paid(header, chat("Something else.")))).toMatchObject({
      status: 402,
      code: "invalid_exact_evm_nonce_already_used",
    });
  });

  test("streams through OpenAI's client", async () => {
    const wallet = await newPayer();
    const openai = new OpenAI({
      baseURL: `${api.origin}/v1`,
      apiKey: "x402",
      maxRetries: 0,
      fetch: wrapFetchWithPayment(fetch, clientOf(wallet)) as typeof fetch,
    });
    const stream = await openai.chat.completions.create({
      ...(chat() as OpenAI.ChatCompletionCreateParamsNonStreaming),
      stream: true,
      stream_options: { include_usage: true },
    });
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) usage = chunk.usage;
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    expect(await depositsOf(wallet)).toHaveLength(1);
  });

  test("error: does not sign for more than it may spend", async () => {
    const wallet = await newPayer();
    const pay = wrapFetchWithPayment(fetch, clientOf(wallet));
    const body = JSON.stringify(chat("x".repeat(40_000), { max_tokens: 1_000 }));
    const asked = pay(`${api.origin}${PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    await expect(asked).rejects.toThrow(/spendControls/);
    expect(await paymentsOf(wallet)).toHaveLength(0);
  });
});

describe("the same payment again", () => {
  test("twenty at once: one payment, one completion, the same answer to all", async () => {
    const wallet = await newPayer();
    const header = await sign(wallet, chat());
    const answers = await Promise.all(Array.from({ length: 20 }, () => paid(header, chat())));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(bodies.size).toBe(1);
    const deposits = await depositsOf(wallet);
    expect(deposits).toHaveLength(1);
    expect(await usageOf(deposits[0]?.account_id ?? "")).toHaveLength(1);
    expect(await usdcOf(wallet)).toBe(TEN - 1_000_000n);
  });

  test("a stream is given again as it was", async () => {
    const wallet = await newPayer();
    const body = chat("Write 5 tokens.", { stream: true });
    const header = await sign(wallet, body);
    const first = await (await paid(header, body)).text();
    expect(first).toContain("[DONE]");
    expect(await (await paid(header, body)).text()).toBe(first);
    expect(await usageOf((await depositsOf(wallet))[0]?.account_id ?? "")).toHaveLength(1);
  });

  test("whoever lost his connection comes back for the answer", async () => {
    const wallet = await newPayer();
    const body = { ...chat("Write 20 tokens."), model: "gated/model", stream: true };
    const header = await sign(wallet, body);
    const leaving = new AbortController();
    const lost = fetch(`${api.origin}${PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json", "payment-signature": header },
      body: JSON.stringify(body),
      signal: leaving.signal,
    });
    const held = await gated.answerOf("gated/model");
    held.step();
    const cut = (await lost).text();
    leaving.abort();
    await expect(cut).rejects.toThrow("abort");
    held.rest();
    const again = await paid(header, body);
    expect([again.status, again.headers.get("x-infr-replayed")]).toEqual([200, "true"]);
    expect(await again.text()).toContain("[DONE]");
    expect(await usageOf((await depositsOf(wallet))[0]?.account_id ?? "")).toHaveLength(1);
  });

  test("answers are closed to who has not the request, and forgotten", async () => {
    const wallet = await newPayer();
    const header = await sign(wallet, chat());
    const { choices } = (await (await paid(header, chat())).json()) as OpenAI.ChatCompletion;
    const [row] = await api.sql<[{ answer: Buffer }]>`
      select answer from payments where payer = ${wallet.address.toLowerCase()}`;
    expect(row.answer.includes(choices[0]?.message.content ?? "")).toBe(false);
    expect(await forgetAnswers(api.sql, { olderThanSeconds: 0 })).toBeGreaterThan(0);
    expect(await refusal(await paid(header, chat()))).toEqual({
      status: 402,
      code: "invalid_exact_evm_nonce_already_used",
      error: "invalid_exact_evm_nonce_already_used",
    });
  });

  test("behavior: what was paid for and could not be served is served when it can", async () => {
    const wallet = await newPayer();
    const header = await sign(wallet, chat());
    await api.sql`update nodes set enabled = false where url = ${api.node.url}`;
    await vi.waitFor(async () => expect((await send(chat())).status).toBe(404), { timeout: 5_000 });
    await api.sql`update nodes set enabled = true where url = ${api.node.url}`;
    await vi.waitFor(async () => expect((await send(chat())).status).toBe(402), { timeout: 5_000 });
    expect((await paid(header, chat())).status).toBe(200);
  });
});

describe("payment-identifier", () => {
  const named = (id: string) => (payload: PaymentPayload) => ({
    ...payload,
    extensions: { "payment-identifier": { info: { required: false, id } } },
  });

  test("the same id with the same payment is answered again; with another payment or request it is 409", async () => {
    const wallet = await newPayer();
    const id = named("pay_7d5d747be160e280504c099d984bcfe0");
    const header = await sign(wallet, chat(), id);
    const first = await (await paid(header, chat())).text();
    expect(await (await paid(header, chat())).text()).toBe(first);
    expect((await paid(header, chat("Another."))).status).toBe(409);
    expect((await paid(await sign(wallet, chat(), id), chat())).status).toBe(409);
    expect(await depositsOf(wallet)).toHaveLength(1);
    const stranger = await newPayer();
    expect((await paid(await sign(stranger, chat(), id), chat())).status).toBe(200);
  });

  test("two payments at once under one id: one of them is taken", async () => {
    const wallet = await newPayer();
    const id = named("one-of-these-two-counts");
    const headers = await Promise.all([sign(wallet, chat(), id), sign(wallet, chat(), id)]);
    const answers = await Promise.all(headers.map((header) => paid(header, chat())));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
    expect(await usdcOf(wallet)).toBe(TEN - 1_000_000n);
  });
});

describe("a payment that is not what was asked for", () => {
  type Authorization = Record<string, string>;
  const authorization = (payload: PaymentPayload) => payload.payload["authorization"] as Authorization;
  const accepted = (change: object) => (payload: PaymentPayload) => ({
    ...payload,
    accepted: { ...payload.accepted, ...change },
  });
  const signed = (change: object) => (payload: PaymentPayload) => ({
    ...payload,
    payload: { ...payload.payload, authorization: { ...authorization(payload), ...change } },
  });

  test.each([
    ["another scheme", accepted({ scheme: "upto" }), "unsupported_scheme"],
    ["another network", accepted({ network: "eip155:8453" }), "invalid_network"],
    ["another token", accepted({ asset: rich.address }), "invalid_exact_evm_asset"],
    ["another payee", accepted({ payTo: rich.address }), "invalid_exact_evm_recipient_mismatch"],
    ["signed to another payee", signed({ to: rich.address }), "invalid_exact_evm_recipient_mismatch"],
    ["signed for less", signed({ value: "1" }), "invalid_exact_evm_payload_authorization_value_mismatch"],
    [
      "less",
      (payload: PaymentPayload) => signed({ value: "999999" })(accepted({ amount: "999999" })(payload)),
      "invalid_exact_evm_payload_authorization_value",
    ],
    ["expired", signed({ validBefore: "1" }), "invalid_exact_evm_payload_authorization_valid_before"],
    ["not valid yet", signed({ validAfter: "99999999999" }), "invalid_exact_evm_payload_authorization_valid_after"],
    ["with another nonce than the signed one", signed({ nonce: `0x${"1".repeat(64)}` }), "invalid_exact_evm_signature"],
    ["of somebody else", signed({ from: rich.address }), "invalid_exact_evm_signature"],
  ] as const)("error: %s", async (_, change, code) => {
    const wallet = await newPayer();
    const answer = await paid(await sign(wallet, chat(), change), chat());
    expect(decodePaymentResponseHeader(answer.headers.get("payment-response") ?? "")).toMatchObject({ success: false });
    expect(await refusal(answer)).toEqual({ status: 402, code, error: code });
    expect(await paymentsOf(wallet)).toHaveLength(0);
    expect(await usdcOf(wallet)).toBe(TEN);
  });

  test("error: an empty wallet, and a nonce that was used", async () => {
    const poor = await newPayer(999_999n);
    expect(await refusal(await paid(await sign(poor, chat()), chat()))).toMatchObject({ code: "insufficient_funds" });
    const wallet = await newPayer();
    const header = await sign(wallet, chat());
    await executeAtToken(header);
    expect(await refusal(await paid(header, chat()))).toMatchObject({ code: "invalid_exact_evm_nonce_already_used" });
  });

  test("error: an account that was handed to another owner is not paid into", async () => {
    const wallet = await newPayer();
    const header = await sign(wallet, chat());
    vi.spyOn(api.chain.client, "readContract").mockImplementation(
      async ({ functionName }) =>
        ({ authorizationState: false, balanceOf: TEN, idOf: 7, ownerOf: rich.address })[functionName],
    );
    expect(await refusal(await paid(header, chat()))).toMatchObject({ code: "payer_account_moved" });
    vi.restoreAllMocks();
  });

  test.each([
    ["no base64", "?"],
    ["no JSON", btoa("{")],
    ["version 1", btoa(JSON.stringify({ x402Version: 1, scheme: "exact", network: "base", payload: {} }))],
    ["no payload", btoa(JSON.stringify({ x402Version: 2 }))],
    ["too long", "A".repeat(14_000)],
  ])("error: malformed, %s", async (_, header) => {
    expect(await refusal(await paid(header, chat()))).toMatchObject({ status: 400, code: "invalid_payload" });
  });
});

/** The authorization that a header carries, executed at the token by anybody. */
async function executeAtToken(header: string): Promise<void> {
  const { authorization: a, signature } = (
    JSON.parse(atob(header)) as { payload: { authorization: Record<string, Hex>; signature: Hex } }
  ).payload;
  const args = [a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, signature] as never;
  await write(
    api,
    api.chain.usdc,
    encodeFunctionData({ abi: testUsdcAbi, functionName: "transferWithAuthorization", args }),
  );
}

describe("somebody else settles it", () => {
  beforeEach(() => worker.pause("send"));
  afterEach(() => worker.resume("send"));

  /** Sends a paid request and waits until it is written down. */
  async function underWay(wallet: Payer) {
    const header = await sign(wallet, chat());
    const answer = paid(header, chat());
    await vi.waitFor(async () => expect(await paymentsOf(wallet)).toHaveLength(1));
    return { header, answer };
  }

  test("through the escrow: it is the same payment, and the request is served", async () => {
    const wallet = await newPayer();
    const { answer } = await underWay(wallet);
    const [row] = await api.sql<[{ data: Hex }]>`
      select data from transactions where cause like ${`x402:${wallet.address.toLowerCase()}:%`}`;
    await write(api, api.chain.escrow, row.data);
    worker.resume("send");
    expect((await answer).status).toBe(200);
    expect(await depositsOf(wallet)).toHaveLength(1);
  });

  test("at the token: nothing is credited, and the payer is told", async () => {
    const wallet = await newPayer();
    const { header, answer } = await underWay(wallet);
    await executeAtToken(header);
    worker.resume("send");
    const refused = await answer;
    const { message } = ((await refused.clone().json()) as { error: { message: string } }).error;
    expect(message).toContain("at the token itself");
    expect(await refusal(refused)).toMatchObject({ status: 402, code: "invalid_exact_evm_transaction_failed" });
    expect(await depositsOf(wallet)).toHaveLength(0);
    const account = {
      abi: creditEscrowAbi,
      address: api.chain.escrow,
      functionName: "idOf",
      args: [wallet.address],
    } as const;
    expect(await api.chain.client.readContract(account)).toBe(0);
  });

  test("a time-out: the payment is found again, and is one", async () => {
    const wallet = await newPayer();
    const { header, answer } = await underWay(wallet);
    const late = await answer;
    expect([late.status, late.headers.get("retry-after")]).toEqual([503, "2"]);
    worker.resume("send");
    expect((await paid(header, chat())).status).toBe(200);
    expect(await depositsOf(wallet)).toHaveLength(1);
    expect(await usdcOf(wallet)).toBe(TEN - 1_000_000n);
  });

  test("a process that answers it keeps it; one that died leaves it to another", async () => {
    const wallet = await newPayer();
    const { header, answer } = await underWay(wallet);
    await api.sql`insert into instances (instance_id, lease_until) values ('inst_other', now() + interval '1 hour')`;
    await api.sql`
      update payments set request_id = 'req_other', instance_id = 'inst_other'
      where payer = ${wallet.address.toLowerCase()}`;
    worker.resume("send");
    expect((await answer).status).toBe(503);
    await api.sql`delete from instances where instance_id = 'inst_other'`;
    expect((await paid(header, chat())).status).toBe(200);
  });

  test("what failed before it was sent is tried again with the same header", async () => {
    const wallet = await newPayer(1_000_000n);
    const { header, answer } = await underWay(wallet);
    const move = (amount: bigint, functionName: "mint") =>
      write(
        api,
        api.chain.usdc,
        encodeFunctionData({ abi: testUsdcAbi, functionName, args: [wallet.address, amount] }),
      );
    const { rpcUrl } = api.chain;
    const slot = keccak256(encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [wallet.address, 0n]));
    await fetch(rpcUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "anvil_setStorageAt",
        params: [api.chain.usdc, slot, `0x${"0".repeat(64)}`],
      }),
    });
    worker.resume("send");
    expect(await refusal(await answer)).toMatchObject({ code: "invalid_exact_evm_transaction_failed" });
    await move(1_000_000n, "mint");
    expect((await paid(header, chat())).status).toBe(200);
    expect(await depositsOf(wallet)).toHaveLength(1);
  });
});

test("a smart wallet pays with its own signature (ERC-1271)", async () => {
  const smart = (await deployMultisig(api)) as unknown as Payer;
  const args = [smart.address, TEN] as const;
  await write(api, api.chain.usdc, encodeFunctionData({ abi: testUsdcAbi, functionName: "mint", args }));
  const header = await sign(smart, chat());
  expect((await paid(header, chat())).status).toBe(200);
  expect(await depositsOf(smart)).toHaveLength(1);
});
