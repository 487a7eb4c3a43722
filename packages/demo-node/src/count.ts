import { countTokens } from "gpt-tokenizer/encoding/o200k_base";

export interface Message {
  role: string;
  content?: string | { type: "text"; text: string }[] | null | undefined;
  name?: string | undefined;
}

/** Tokens a message costs beyond its role, name and text, as in OpenAI's cookbook on counting chat tokens. */
export const TOKENS_PER_MESSAGE = 3;
/** A name costs one token beyond its text. */
export const TOKENS_PER_NAME = 1;
/** The answer is primed with three tokens. */
export const TOKENS_PER_REPLY = 3;

/** `<|endoftext|>` in a prompt is text like any other, not a control token. */
const plain = { disallowedSpecial: new Set<string>() };

/** o200k tokens of a text. */
export function countText(text: string): number {
  return countTokens(text, plain);
}

/** o200k tokens of a prompt: its texts plus the fixed overhead of the chat format. */
export function countPrompt(messages: readonly Message[]): number {
  const counts = messages.map(
    (message) =>
      TOKENS_PER_MESSAGE +
      countText(message.role) +
      countText(textOf(message)) +
      (message.name === undefined ? 0 : TOKENS_PER_NAME + countText(message.name)),
  );
  return counts.reduce((sum, count) => sum + count, TOKENS_PER_REPLY);
}

export function textOf({ content }: Message): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text).join("");
}
