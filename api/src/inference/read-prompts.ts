import { InvalidInputError } from "../errors.ts";

/** OpenAI's limit for one request. */
const MAX_PROMPTS = 2_048;

/** Prompts as a client may give them: a text, token ids, or a list of one kind. */
export type Prompts = {
  count: number;
  text: string;
  /** Token ids among them: they are tokens already, and need no counting. */
  ids: number;
};

/** Reads `prompt` or `input`. @throws InvalidInputError naming it */
export function readPrompts(value: unknown, name: string): Prompts {
  if (typeof value === "string") return { count: 1, text: value, ids: 0 };
  if (!Array.isArray(value) || value.length === 0) throw malformed(name);
  if (value.every((item) => typeof item === "string")) {
    return { count: atMost(value.length, name), text: value.join("\n"), ids: 0 };
  }
  if (value.every(isTokenId)) return { count: 1, text: "", ids: value.length };
  if (value.every((item) => Array.isArray(item) && item.length > 0 && item.every(isTokenId))) {
    return { count: atMost(value.length, name), text: "", ids: value.flat().length };
  }
  throw malformed(name);
}

function atMost(count: number, name: string): number {
  if (count <= MAX_PROMPTS) return count;
  throw new InvalidInputError(`${name} has ${count} items, ${MAX_PROMPTS} are the most. Send several requests.`, name);
}

const isTokenId = (item: unknown): item is number => Number.isSafeInteger(item) && Number(item) >= 0;

const malformed = (name: string): InvalidInputError =>
  new InvalidInputError(`${name} has to be a text, a list of texts, a list of token ids, or a list of those.`, name);
