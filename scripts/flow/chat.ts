import { setTimeout } from "node:timers/promises";
import { type NanoUsd, parseUsd } from "@infr/money";
import OpenAI from "openai";

type Access = { baseUrl: string; key: string; model: string };

/** What one answer said it used and cost. */
export type Charge = { requestId: string; tokens: number; cost: NanoUsd };

/** `usage` as we extend it: OpenAI's counts and the exact cost. */
type Usage = { total_tokens: number; cost_details: { total_usd: string } };

const MAX_ATTEMPTS = 100;
const PAUSE_MS = 200;

const open = ({ baseUrl, key }: Access): OpenAI => new OpenAI({ baseURL: baseUrl, apiKey: key, maxRetries: 0 });

type Prompt = Access & { prompt: string; maxTokens: number; stream: boolean };

/**
 * One completion through the unmodified OpenAI client, streamed or whole. What a dying process did not answer is asked
 * again: another request, with another charge if the first was captured after all.
 */
export async function chat(prompt: Prompt): Promise<Charge> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask(prompt);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || (error instanceof OpenAI.APIError && isFinal(error.status))) throw error;
      await setTimeout(PAUSE_MS);
    }
  }
}

const isFinal = (status: number | undefined): boolean => status !== undefined && status < 500;

async function ask({ prompt, maxTokens, stream, ...access }: Prompt): Promise<Charge> {
  const client = open(access);
  const request = {
    model: access.model,
    messages: [{ role: "user" as const, content: prompt }],
    max_tokens: maxTokens,
  };
  if (!stream) {
    const answer = await client.chat.completions.create(request);
    return chargeOf(answer.id, answer.usage);
  }
  let charge: Charge | undefined;
  const chunks = await client.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of chunks) if (chunk.usage) charge = chargeOf(chunk.id, chunk.usage);
  if (!charge) throw new Error("the stream ended without a usage chunk");
  return charge;
}

/** Asks with a key that has no credit. @returns how it was refused */
export async function refusedFor(access: Access): Promise<{ status: number; code: string; message: string }> {
  try {
    await open(access).chat.completions.create({ model: access.model, messages: [{ role: "user", content: "Hi" }] });
  } catch (error) {
    if (error instanceof OpenAI.APIError)
      return { status: error.status ?? 0, code: String(error.code), message: error.message };
    throw error;
  }
  return { status: 200, code: "served", message: "the request was served without credit" };
}

function chargeOf(requestId: string, usage: unknown): Charge {
  const { total_tokens: tokens, cost_details: details } = usage as Usage;
  return { requestId, tokens, cost: parseUsd(details.total_usd) };
}
