import type { Block } from "../blocks.ts";
import type { ResponseUsage } from "../response-usage.ts";

type Fields = Record<string, unknown>;

/** A message that has not begun: what `message_start` carries. */
export const emptyMessage = (id: string, model: unknown): Fields => ({
  id,
  type: "message",
  role: "assistant",
  model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  // Known when the node has counted: message_delta states it.
  usage: { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 },
});

export function contentOf(block: Block): Fields {
  if (block.kind === "call") return { type: "tool_use", id: block.id, name: block.name, input: inputOf(block.text) };
  if (block.kind === "reasoning") return { type: "thinking", thinking: block.text, signature: "" };
  return { type: "text", text: block.text, citations: null };
}

/** A call's arguments; what a model wrote that is no JSON stays as it is. */
function inputOf(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** How an answer ended. `choice` is the one that told its finish reason. */
export function stopOf(choice: Fields, blocks: Block[]): Fields {
  const { finish_reason: reason, stop_reason: sequence } = choice;
  // vLLM names the stop sequence that it met beside the finish reason.
  if (reason === "stop" && typeof sequence === "string")
    return { stop_reason: "stop_sequence", stop_sequence: sequence };
  const hasCalls = blocks.some(({ kind }) => kind === "call");
  return { stop_reason: REASONS[String(reason)] ?? (hasCalls ? "tool_use" : "end_turn"), stop_sequence: null };
}

const REASONS: Record<string, string> = { length: "max_tokens", content_filter: "refusal" };

/** Our usage in Anthropic's words: cached tokens are not among the input tokens. */
export const usageOf = (usage: ResponseUsage): Fields => ({
  input_tokens: usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: usage.prompt_tokens_details.cached_tokens,
  output_tokens: usage.completion_tokens,
  cost: usage.cost,
  cost_details: usage.cost_details,
});
