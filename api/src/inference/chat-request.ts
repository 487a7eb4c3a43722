import { InvalidInputError } from "../errors.ts";
import { chatApi } from "./node-api.ts";
import { passThrough } from "./pass-through.ts";
import { bytesOf, isRecord, MAX_CHOICES, readCommon, wholeNumber } from "./read-fields.ts";
import type { InferenceRequest, Presenter } from "./request.ts";

const MAX_MESSAGES = 10_000;

/** Reads a chat completion request; fields that we don't know pass through. @throws InvalidInputError */
export function readChatRequest(input: unknown): InferenceRequest {
  const { body, model, stream } = readCommon(input);
  return chatRequest({ body, model, stream, bodyBytes: bytesOf(body), present: passThrough(body) });
}

/** What a chat completion asks of a node. @throws InvalidInputError naming the parameter */
export function chatRequest(asked: {
  body: Record<string, unknown>;
  model: string;
  stream: boolean;
  bodyBytes: number;
  present: Presenter;
}): InferenceRequest {
  const { max_completion_tokens: maxCompletionTokens, max_tokens: maxTokens, ...rest } = asked.body;
  const { messages } = rest;
  if (
    !Array.isArray(messages) ||
    messages.length === 0 ||
    messages.length > MAX_MESSAGES ||
    !messages.every(isRecord)
  ) {
    throw new InvalidInputError(`messages has to be a list of 1 to ${MAX_MESSAGES} message objects.`, "messages");
  }
  const choices = wholeNumber({ value: rest["n"], name: "n", most: MAX_CHOICES }) ?? 1;
  return {
    ...asked,
    api: chatApi,
    body: { ...rest, ...(asked.stream ? { stream_options: { include_usage: true } } : {}) },
    choices,
    shownChoices: choices,
    echoes: 0,
    maxTokens:
      wholeNumber({ value: maxCompletionTokens, name: "max_completion_tokens" }) ??
      wholeNumber({ value: maxTokens, name: "max_tokens" }),
    limitField: maxCompletionTokens == null ? "max_tokens" : "max_completion_tokens",
    parts: messages.length,
    promptText: () => promptText(messages, rest),
    promptIds: 0,
    hasMedia: messages.some((message) => mediaOf(message).length > 0),
    remoteMedia: messages.flatMap(mediaOf).filter((part) => !JSON.stringify(part).includes("data:")).length,
  };
}

/** Fields with an inside that no model reads. Whatever else is a list or an object counts as prompt: nodes extend the API. */
const SETTINGS = new Set([
  "audio",
  "logit_bias",
  "metadata",
  "modalities",
  "prediction",
  "provider",
  "reasoning",
  "stop",
  "stream_options",
  "thinking",
  "usage",
]);
const MEDIA = new Set(["type", "image_url", "input_audio", "file", "video_url", "audio_url"]);

/** All text of a prompt that a model reads: contents, names, tools, documents. Images and audio are not in it. */
function promptText(messages: unknown[], body: Record<string, unknown>): string {
  const parts: string[] = [];
  collectText(messages, parts);
  for (const [name, value] of Object.entries(body)) {
    if (name === "messages" || SETTINGS.has(name) || typeof value !== "object" || value === null) continue;
    parts.push(JSON.stringify(value));
  }
  return parts.join("\n");
}

const mediaOf = ({ content }: Record<string, unknown>): Array<Record<string, unknown>> =>
  Array.isArray(content) ? content.filter(isRecord).filter(({ type }) => type !== "text") : [];

function collectText(value: unknown, into: string[]): void {
  if (typeof value === "string") into.push(value);
  else if (Array.isArray(value)) for (const item of value) collectText(item, into);
  else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) if (!MEDIA.has(key)) collectText(item, into);
  }
}
