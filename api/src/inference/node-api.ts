import { isRecord } from "./read-fields.ts";

/** One of the things that a node can be asked for, in OpenAI's API: where it is asked, and how answers are read. */
export type NodeApi = {
  path: string;
  /** Where an answer has its list of choices or results: without it, it is no answer. */
  list: string;
  /** Everything a model wrote in one choice of a whole answer, or of a chunk; null where there is only a prompt to bill. */
  written: ((choice: Record<string, unknown>) => string) | null;
};

export const chatApi: NodeApi = {
  path: "/v1/chat/completions",
  list: "choices",
  written: (choice) => writtenText(choice["message"] ?? choice["delta"]),
};

export const completionsApi: NodeApi = {
  path: "/v1/completions",
  list: "choices",
  written: (choice) => textOf(choice["text"]),
};

export const embeddingsApi: NodeApi = { path: "/v1/embeddings", list: "data", written: null };

/** The choices of an answer or a chunk, in the order in which they came. */
export function choicesOf({ list }: NodeApi, answer: Record<string, unknown>): Array<Record<string, unknown>> {
  const choices = answer[list];
  return Array.isArray(choices) ? choices.filter(isRecord) : [];
}

/** Everything a model wrote in an answer or a chunk. */
export function textOfAnswer(api: NodeApi, answer: Record<string, unknown>): string {
  return api.written ? choicesOf(api, answer).map(api.written).join("") : "";
}

/** What a model wrote in a message or a delta: content, reasoning, refusals, tool calls. */
function writtenText(message: unknown): string {
  if (!isRecord(message)) return "";
  const { content, reasoning_content: reasoningContent, reasoning, refusal, tool_calls: toolCalls } = message;
  const texts = [contentText(content), reasoningContent ?? reasoning, refusal].filter(
    (text) => typeof text === "string",
  );
  const calls = Array.isArray(toolCalls) ? toolCalls.map(calledText) : [];
  // What calls were named before there were tools: the field is deprecated, but nodes still answer with it.
  return [...texts, ...calls, calledText({ function: message["function_call"] })].join("");
}

/** Some nodes answer in parts, as prompts are sent. */
const contentText = (content: unknown): unknown =>
  Array.isArray(content) ? content.map((part) => (isRecord(part) ? textOf(part["text"]) : "")).join("") : content;

function calledText(call: unknown): string {
  const called = isRecord(call) ? call["function"] : null;
  return isRecord(called) ? `${textOf(called["name"])}${textOf(called["arguments"])}` : "";
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
