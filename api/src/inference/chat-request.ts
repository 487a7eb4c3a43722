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

/** All text of a prompt that a model reads: contents, names, tools. What is not text (images, audio) is not in it. */
export function promptText(request: ChatRequest): string {
  const parts: string[] = [];
  collectText(request.messages, parts);
  if (request.body["tools"] !== undefined) parts.push(JSON.stringify(request.body["tools"]));
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
    for (const [key, item] of Object.entries(value)) if (key !== "type" && key !== "image_url") collectText(item, into);
  }
}
