import { createHash, randomUUID } from "node:crypto";
import { answerTokens, wantedTokens } from "./answer.ts";
import { countPrompt, type Message, textOf, tokensOf } from "./count.ts";
import type { Model } from "./models.ts";
import { sampleOf } from "./sample.ts";

export interface Tool {
  type: string;
  function: { name: string; parameters?: unknown };
}

export interface ChatRequest {
  model: string;
  messages: Message[];
  n?: number | null;
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  tools?: Tool[] | null;
  tool_choice?: string | { function?: { name?: string } } | null;
  response_format?: { type?: string; json_schema?: { schema?: unknown } } | null;
  logprobs?: boolean | null;
}

export interface Usage extends Record<string, unknown> {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

/** One answer: text or the arguments of a call, as tokens. */
export interface Choice {
  tokens: string[];
  call: { id: string; name: string } | null;
  finishReason: "stop" | "length" | "tool_calls";
}

export interface Completion {
  head: { id: string; created: number; model: string };
  choices: Choice[];
  withLogprobs: boolean;
  usage: Usage;
}

/** Decides the whole answer; how it goes out (at once, in chunks, cut off) is another matter. */
export function complete(request: ChatRequest, model: Model): Completion {
  const promptTokens = countPrompt(request.messages, request.tools ?? []);
  const asked = request.max_completion_tokens ?? request.max_tokens ?? model.maxCompletionTokens;
  const room = Math.max(1, model.contextLength - promptTokens);
  const cap = Math.min(asked, model.maxCompletionTokens, room);
  const choices = Array.from({ length: request.n ?? 1 }, (_, variant) => choose(request, { cap, variant }));
  return {
    head: newHead("chatcmpl", request.model),
    choices,
    withLogprobs: request.logprobs === true,
    usage: usageOf(promptTokens, choices),
  };
}

function choose(request: ChatRequest, { cap, variant }: { cap: number; variant: number }): Choice {
  const tool = calledTool(request);
  if (tool) {
    const text = JSON.stringify(sampleOf(tool.function.parameters ?? { type: "object" }));
    const call = { id: `call_${hashOf(`${tool.function.name}${text}${variant}`)}`, name: tool.function.name };
    return capped({ tokens: tokensOf(text), call, finishReason: "tool_calls" }, cap);
  }
  const format = request.response_format;
  if (format?.type === "json_object") return fixed('{"answer":"receipt"}', cap);
  if (format?.type === "json_schema") return fixed(JSON.stringify(sampleOf(format.json_schema?.schema)), cap);
  return answer(request.messages, { cap, variant });
}

/** An answer in words, as long as the prompt wants it. */
export function answer(messages: readonly Message[], { cap, variant }: { cap: number; variant: number }): Choice {
  const wanted = wantedTokens(messages);
  const tokens = answerTokens(messages, Math.min(wanted, cap), variant);
  return { tokens, call: null, finishReason: wanted > cap ? "length" : "stop" };
}

const fixed = (text: string, cap: number): Choice =>
  capped({ tokens: tokensOf(text), call: null, finishReason: "stop" }, cap);

const capped = (choice: Choice, cap: number): Choice =>
  choice.tokens.length <= cap ? choice : { ...choice, tokens: choice.tokens.slice(0, cap), finishReason: "length" };

/** The tool that is forced on it or that the last message, a user's, names; after a tool's result it answers in words. */
function calledTool({ tools, tool_choice: wanted, messages }: ChatRequest): Tool | undefined {
  const known = (tools ?? []).filter((tool) => tool.type === "function");
  const last = messages.at(-1);
  if (wanted === "none" || last?.role !== "user") return undefined;
  if (typeof wanted === "object" && wanted) return known.find((tool) => tool.function.name === wanted.function?.name);
  const named = known.find((tool) => textOf(last).includes(tool.function.name));
  return named ?? (wanted === "required" ? known[0] : undefined);
}

export function usageOf(promptTokens: number, choices: readonly { tokens: string[] }[]): Usage {
  const completionTokens = choices.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

export const newHead = (prefix: string, model: string): Completion["head"] => ({
  id: `${prefix}-${randomUUID()}`,
  created: Math.floor(Date.now() / 1000),
  model,
});

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 24);
