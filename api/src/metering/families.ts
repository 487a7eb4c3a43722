/** Models that count tokens alike. */
export type Family = "o200k" | "cl100k" | "llama3" | "qwen" | "deepseek" | "gemma3";

/** By names in use; the first that matches counts: a distilled model has the tokenizer of what it was distilled into. */
const NAMES: Array<[pattern: RegExp, family: Family]> = [
  [/distill-llama/i, "llama3"],
  [/distill-qwen/i, "qwen"],
  [/llama-?3(?!\d)/i, "llama3"],
  [/qwen-?(?:1\.5|2\.5|[23](?![.\d]))|qwq-?32b/i, "qwen"],
  [/deepseek[-_/]?(?:v3|r1|chat|reasoner)/i, "deepseek"],
  [/gemma-?3/i, "gemma3"],
  [/gpt-?(?:4o|4\.[15]|5|oss)|chatgpt|(?:^|\/)o[134](?:-|$)/i, "o200k"],
  [/gpt-?(?:3\.5|4(?![.\do]))|text-embedding-(?:3|ada)/i, "cl100k"],
];

/** The family of a model, by its id; null where nobody knows: then o200k has to do, and more is tolerated. */
export function familyOf(model: string): Family | null {
  return NAMES.find(([pattern]) => pattern.test(model))?.[1] ?? null;
}

/**
 * Tokens of a chat template, beyond the role and the text of each message: around every message, and once a request
 * (beginning, opening of the answer). From the templates of the models themselves; for OpenAI's, their cookbook.
 */
const TEMPLATES: Record<Family, { perMessage: number; perRequest: number }> = {
  o200k: { perMessage: 3, perRequest: 3 },
  cl100k: { perMessage: 3, perRequest: 3 },
  llama3: { perMessage: 4, perRequest: 5 },
  qwen: { perMessage: 4, perRequest: 3 },
  deepseek: { perMessage: 1, perRequest: 2 },
  gemma3: { perMessage: 4, perRequest: 4 },
};

/** What the template of a family adds to so many messages. */
export function templateTokens(family: Family | null, messages: number): number {
  const { perMessage, perRequest } = TEMPLATES[family ?? "o200k"];
  return messages * perMessage + perRequest;
}
