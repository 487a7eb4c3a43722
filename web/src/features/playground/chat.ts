import { api } from "../../lib/api.ts";
import { ApiError } from "../../lib/errors.ts";
import { readEvents } from "../../lib/sse.ts";

export interface ChatMessage {
  role: "user" | "assistant";
  content: string;
}

export interface ChatUsage {
  promptTokens: number;
  completionTokens: number;
  /** Exact decimal string in US dollars. */
  costUsd: string | null;
}

export interface ChatRequest {
  key: string;
  model: string;
  messages: ChatMessage[];
  signal: AbortSignal;
}

interface Chunk {
  error?: unknown;
  choices?: { delta?: { content?: string | null } }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    cost_details?: { total_usd?: string };
  } | null;
}

/** Streams one answer: pieces of text to `onText`, and at the end what it took. */
export async function streamChat(
  { key, model, messages, signal }: ChatRequest,
  onText: (text: string) => void,
): Promise<ChatUsage | null> {
  const { error, response } = await api
    .POST("/v1/chat/completions", {
      headers: { Authorization: `Bearer ${key}` },
      body: { model, messages, stream: true, stream_options: { include_usage: true } },
      parseAs: "stream",
      signal,
    })
    .catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      throw ApiError.unreachable(cause);
    });
  if (!response.ok || !response.body) throw ApiError.from(response.status, error);
  return readAnswer(response.body, onText);
}

/** Errors after the first byte arrive as an event of their own. */
export async function readAnswer(
  body: ReadableStream<Uint8Array>,
  onText: (text: string) => void,
): Promise<ChatUsage | null> {
  let usage: ChatUsage | null = null;
  for await (const event of readEvents(body)) {
    const chunk = JSON.parse(event) as Chunk;
    if (chunk.error) throw ApiError.from(502, chunk);
    const text = chunk.choices?.[0]?.delta?.content;
    if (text) onText(text);
    if (chunk.usage) {
      usage = {
        promptTokens: chunk.usage.prompt_tokens,
        completionTokens: chunk.usage.completion_tokens,
        costUsd: chunk.usage.cost_details?.total_usd ?? null,
      };
    }
  }
  return usage;
}
