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

interface Heard {
  /** The request's id, with the first event. */
  onId: (id: string) => void;
  /** Text as it comes. */
  onText: (text: string) => void;
}

interface Chunk {
  id?: string;
  error?: unknown;
  choices?: { delta?: { content?: string | null } }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    cost_details?: { total_usd?: string };
  } | null;
}

/** Streams one answer, and says at the end what it took. */
export async function streamChat(
  { key, model, messages, signal }: ChatRequest,
  heard: Heard,
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
  return readAnswer(response.body, heard);
}

/** Errors after the first byte arrive as an event of their own. */
export async function readAnswer(body: ReadableStream<Uint8Array>, { onId, onText }: Heard): Promise<ChatUsage | null> {
  let usage: ChatUsage | null = null;
  let id: string | undefined;
  for await (const event of readEvents(body)) {
    const chunk = JSON.parse(event) as Chunk;
    if (chunk.error) throw ApiError.from(502, chunk);
    if (id === undefined && chunk.id) {
      id = chunk.id;
      onId(id);
    }
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

/** What was charged for a request that was not heard to its end; null as long as it is not billed. */
export async function readCharge({ key, requestId }: { key: string; requestId: string }): Promise<ChatUsage | null> {
  const { data } = await api.GET("/v1/generation", {
    headers: { Authorization: `Bearer ${key}` },
    params: { query: { id: requestId } },
  });
  if (!data) return null;
  const { tokens_prompt: promptTokens, tokens_completion: completionTokens, cost_details: cost } = data.data;
  return { promptTokens, completionTokens, costUsd: cost.total_usd };
}
