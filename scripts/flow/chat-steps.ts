import { formatUsd, parseUsd } from "@infr/money";
import { generatePrivateKey } from "viem/accounts";
import { type Charge, chat, refusedFor } from "./chat.ts";
import { must, type Signed, signIn } from "./session.ts";
import { entries, money, type Part, usageOf } from "./support.ts";

const MODEL = "demo/large";

/** The official client lists models, completes, streams, and then asks for as much as the model gives. */
export async function chats({
  stack,
  buyer,
  agreement,
  cappedRequests,
}: Part & { buyer: Signed; cappedRequests: number }): Promise<Charge[]> {
  agreement.step("Chat with the official OpenAI client");
  const moneyBefore = await money(buyer);
  const usageBefore = new Set((await usageOf(buyer)).map((row) => row.id));
  const { key, prefix } = must(await buyer.client.POST("/api/keys", { body: { name: "demo" } }));
  agreement.note(`API key ${prefix}… (shown once, stored hashed)`);
  const client = { baseUrl: `${stack.api}/v1`, key, model: MODEL };
  const charges = [
    await chat({ ...client, prompt: "Say hello.", maxTokens: 16, stream: false }),
    await chat({ ...client, prompt: "Count to ten.", maxTokens: 32, stream: true }),
  ];
  for (let i = 0; i < cappedRequests; i++) {
    charges.push(await chat({ ...client, prompt: "Write as long as possible.", maxTokens: 1024, stream: i % 2 === 0 }));
  }
  for (const { requestId, tokens, cost } of charges)
    agreement.note(`${requestId}: ${tokens} tokens, $${formatUsd(cost)}`);
  const [first] = charges;
  if (first) await entries({ buyer, cause: `capture:${first.requestId}`, agreement });
  const logged = (await usageOf(buyer)).filter((row) => !usageBefore.has(row.id));
  const loggedTotal = logged.reduce((sum, row) => sum + parseUsd(row.cost), 0n);
  agreement.equal(
    "the account's money fell by what the usage log says",
    moneyBefore - (await money(buyer)),
    loggedTotal,
  );
  const costs = new Map(logged.map((row) => [row.id, parseUsd(row.cost)]));
  const found = charges.filter(({ requestId, cost }) => costs.get(requestId) === cost);
  agreement.equal("answers whose cost stands in the log", BigInt(found.length), BigInt(charges.length));
  return charges;
}

/** Nobody spends what he has not: 402 in OpenAI's shape. */
export async function refusal({ stack, agreement }: Part): Promise<void> {
  agreement.step("An empty account is refused");
  const { client } = await signIn(stack, generatePrivateKey());
  const { key } = must(await client.POST("/api/keys", { body: { name: "empty" } }));
  const { status, code, message } = await refusedFor({ baseUrl: `${stack.api}/v1`, key, model: MODEL });
  agreement.equal("HTTP status", BigInt(status), 402n);
  agreement.note(`${code}: ${message}`);
}
