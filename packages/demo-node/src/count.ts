import { countTokens, decode, encode } from "gpt-tokenizer/encoding/o200k_base";

export interface Message {
  role: string;
  content?: string | ContentPart[] | null | undefined;
  name?: string | undefined;
  tool_calls?: object[] | null | undefined;
}

/** A text, or an image and the like, which costs a fixed number of tokens. */
export interface ContentPart {
  type: string;
  text?: string | undefined;
}

/** Tokens a message costs beyond its role, name and text, as in OpenAI's cookbook on counting chat tokens. */
export const TOKENS_PER_MESSAGE = 3;
/** A name costs one token beyond its text. */
export const TOKENS_PER_NAME = 1;
/** The answer is primed with three tokens. */
export const TOKENS_PER_REPLY = 3;
/** An image of low detail, as OpenAI counts it. */
export const TOKENS_PER_MEDIA = 85;

/** `<|endoftext|>` in a prompt is text like any other, not a control token. */
const plain = { disallowedSpecial: new Set<string>() };

/** o200k tokens of a text. */
export function countText(text: string): number {
  return countTokens(text, plain);
}

/** An ASCII text, token by token. */
export const tokensOf = (text: string): string[] => encode(text, plain).map((token) => decode([token]));

/** o200k tokens of a prompt: its texts plus the fixed overhead of the chat format. */
export function countPrompt(messages: readonly Message[], tools: readonly object[] = []): number {
  const counts = messages.map(
    (message) =>
      TOKENS_PER_MESSAGE +
      countText(message.role) +
      countText(textOf(message)) +
      mediaOf(message) * TOKENS_PER_MEDIA +
      (message.tool_calls?.length ? countText(JSON.stringify(message.tool_calls)) : 0) +
      (message.name === undefined ? 0 : TOKENS_PER_NAME + countText(message.name)),
  );
  const toolTokens = tools.length === 0 ? 0 : countText(JSON.stringify(tools));
  return counts.reduce((sum, count) => sum + count, TOKENS_PER_REPLY + toolTokens);
}

export function textOf({ content }: Message): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("");
}

const mediaOf = ({ content }: Message): number =>
  Array.isArray(content) ? content.filter(({ type }) => type !== "text").length : 0;
