import { InvalidInputError } from "../errors.ts";

/** A chat completion request, as far as we read it; every other field passes through to the node untouched. */
export type ChatRequest = {
  model: string;
  messages: unknown[];
  stream: boolean;
  includeUsage: boolean;
  choices: number;
  /** What the client allows, if it says so. */
  maxTokens: number | null;
  body: Record<string, unknown>;
  /** Bytes of the body as JSON: no prompt in it has more tokens. */
  bodyBytes: number;
};

const MAX_CHOICES = 16;
const MAX_MESSAGES = 10_000;

/** Reads what billing needs to know of the body. @throws InvalidInputError naming the parameter */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isRecord(body)) throw new InvalidInputError("The body has to be a JSON object.");
  const { model, messages, stream, n, stream_options: streamOptions } = body;
  if (typeof model !== "string" || model === "") {
    throw new InvalidInputError("model has to be the name of a model: GET /v1/models lists them.", "model");
  }
  if (
    !Array.isArray(messages) ||
    messages.length === 0 ||
    messages.length > MAX_MESSAGES ||
    !messages.every(isRecord)
  ) {
    throw new InvalidInputError(`messages has to be a list of 1 to ${MAX_MESSAGES} message objects.`, "messages");
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw new InvalidInputError("stream has to be true or false.", "stream");
  }
  return {
    model,
    messages,
    stream: stream === true,
    includeUsage: isRecord(streamOptions) && streamOptions["include_usage"] === true,
    choices: wholeNumber({ value: n, name: "n", most: MAX_CHOICES }) ?? 1,
    maxTokens:
      wholeNumber({ value: body["max_completion_tokens"], name: "max_completion_tokens" }) ??
      wholeNumber({ value: body["max_tokens"], name: "max_tokens" }),
    body,
    bodyBytes: Buffer.byteLength(JSON.stringify(body)),
  };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function wholeNumber({
  value,
  name,
  most = Number.MAX_SAFE_INTEGER,
}: {
  value: unknown;
  name: string;
  most?: number;
}): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new InvalidInputError(`${name} has to be a whole number from 1 to ${most}.`, name);
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
export function promptText({ messages, body }: ChatRequest): string {
  const parts: string[] = [];
  collectText(messages, parts);
  for (const [name, value] of Object.entries(body)) {
    if (name === "messages" || SETTINGS.has(name) || typeof value !== "object" || value === null) continue;
    parts.push(JSON.stringify(value));
  }
  return parts.join("\n");
}

/** Whether a prompt has parts whose tokens can't be counted from text. */
export const hasMedia = (request: ChatRequest): boolean =>
  request.messages.some(
    (message) =>
      isRecord(message) &&
      Array.isArray(message["content"]) &&
      message["content"].some((part) => isRecord(part) && part["type"] !== "text"),
  );

function collectText(value: unknown, into: string[]): void {
  if (typeof value === "string") into.push(value);
  else if (Array.isArray(value)) for (const item of value) collectText(item, into);
  else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) if (!MEDIA.has(key)) collectText(item, into);
  }
}
