import { randomUUID } from "node:crypto";
import { answerTokens, wantedTokens } from "./answer.ts";
import { countPrompt, type Message } from "./count.ts";
import type { Model } from "./models.ts";

export interface ChatRequest {
  model: string;
  messages: Message[];
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

export interface Completion {
  head: { id: string; created: number; model: string };
  tokens: string[];
  finishReason: "stop" | "length";
  usage: Usage;
}

/** Decides the whole answer; how it goes out (at once, in chunks, cut off) is another matter. */
export function complete(request: ChatRequest, model: Model): Completion {
  const asked = request.max_completion_tokens ?? request.max_tokens ?? model.maxCompletionTokens;
  const promptTokens = countPrompt(request.messages);
  const room = Math.max(1, model.contextLength - promptTokens);
  const cap = Math.min(asked, model.maxCompletionTokens, room);
  const wanted = wantedTokens(request.messages);
  const tokens = answerTokens(request.messages, Math.min(wanted, cap));
  return {
    head: { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: request.model },
    tokens,
    finishReason: wanted > cap ? "length" : "stop",
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: tokens.length,
      total_tokens: promptTokens + tokens.length,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  };
}

export function completionBody({ head, tokens, finishReason, usage }: Completion, withUsage: boolean): object {
  const message = { role: "assistant", content: tokens.join(""), refusal: null };
  return {
    ...head,
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    ...(withUsage ? { usage } : {}),
  };
}

export interface StreamShape {
  tokensPerChunk: number;
  /** As asked by `stream_options.include_usage`. */
  includeUsage: boolean;
  /** A fault: the frame that was asked for does not come. */
  omitUsage: boolean;
}

/** The frames of a stream, in order; `isContent` marks those a fault may count. */
export function* streamFrames(
  { head, tokens, finishReason, usage }: Completion,
  { tokensPerChunk, includeUsage, omitUsage }: StreamShape,
): Generator<{ frame: string; isContent: boolean }> {
  const chunk = (choices: object[], used: Usage | null) =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...(includeUsage ? { usage: used } : {}) })}\n\n`;
  const choice = (delta: object, reason: string | null = null) =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason: reason }], null);

  yield { frame: choice({ role: "assistant", content: "" }), isContent: false };
  for (let at = 0; at < tokens.length; at += tokensPerChunk) {
    yield { frame: choice({ content: tokens.slice(at, at + tokensPerChunk).join("") }), isContent: true };
  }
  yield { frame: choice({}, finishReason), isContent: false };
  if (includeUsage && !omitUsage) yield { frame: chunk([], usage), isContent: false };
  yield { frame: "data: [DONE]\n\n", isContent: false };
}
