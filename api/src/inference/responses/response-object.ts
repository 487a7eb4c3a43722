import type { Block } from "../blocks.ts";
import type { ResponseUsage } from "../response-usage.ts";

type Fields = Record<string, unknown>;

/** How far a response, or an item of it, has come. */
export type Status = "in_progress" | "completed" | "incomplete" | "failed";

/** What a response says about itself beside its output: what was asked for, and defaults for the rest. */
export function responseObject(
  asked: Fields,
  facts: { requestId: string; createdAt: number; status: Status; output: Fields[]; reason?: string | null },
): Fields {
  const { status, output, reason = null } = facts;
  return {
    id: facts.requestId,
    object: "response",
    created_at: facts.createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: reason === null ? null : { reason },
    instructions: asked["instructions"] ?? null,
    max_output_tokens: asked["max_output_tokens"] ?? null,
    max_tool_calls: asked["max_tool_calls"] ?? null,
    metadata: asked["metadata"] ?? {},
    model: asked["model"],
    output,
    parallel_tool_calls: asked["parallel_tool_calls"] ?? true,
    previous_response_id: null,
    reasoning: asked["reasoning"] ?? { effort: null, summary: null },
    store: false,
    temperature: asked["temperature"] ?? null,
    text: asked["text"] ?? { format: { type: "text" } },
    tool_choice: asked["tool_choice"] ?? "auto",
    tools: asked["tools"] ?? [],
    top_logprobs: asked["top_logprobs"] ?? 0,
    top_p: asked["top_p"] ?? null,
    truncation: "disabled",
    usage: null,
    user: asked["user"] ?? null,
  };
}

/** An output item, as far as it is written. */
export function itemOf(block: Block, requestId: string, status: Status): Fields {
  const id = itemId(block, requestId);
  if (block.kind === "call") {
    return { id, type: "function_call", status, call_id: block.id, name: block.name, arguments: block.text };
  }
  if (block.kind === "reasoning") {
    return { id, type: "reasoning", status, summary: [], content: block.text === "" ? [] : [partOf(block)] };
  }
  return { id, type: "message", status, role: "assistant", content: block.text === "" ? [] : [partOf(block)] };
}

const PREFIXES = { reasoning: "rs", text: "msg", refusal: "msg", call: "fc" };

export const itemId = ({ kind, index }: Block, requestId: string): string => `${PREFIXES[kind]}_${requestId}_${index}`;

/** The content part of an item; calls have none. */
export function partOf(block: Block): Fields {
  const { kind, text } = block;
  if (kind === "reasoning") return { type: "reasoning_text", text };
  if (kind === "refusal") return { type: "refusal", refusal: text };
  return { type: "output_text", text, annotations: [], logprobs: kind === "text" ? block.logprobs : [] };
}

/** Why an answer ended before its end; null when it did not. */
export const incompleteReason = (finishReason: unknown): string | null =>
  ({ length: "max_output_tokens", content_filter: "content_filter" })[String(finishReason)] ?? null;

/** Our usage in the words of the Responses. */
export const usageOf = (usage: ResponseUsage): Fields => ({
  input_tokens: usage.prompt_tokens,
  input_tokens_details: usage.prompt_tokens_details,
  output_tokens: usage.completion_tokens,
  output_tokens_details: usage.completion_tokens_details,
  total_tokens: usage.total_tokens,
  cost: usage.cost,
  cost_details: usage.cost_details,
});
