/** A prompt as text or as token ids, or several of one kind. */
export type Prompts = string | string[] | number[] | number[][];

const ids = { type: "array", items: { type: "integer", minimum: 0 }, minItems: 1 } as const;

export const promptSchema = {
  anyOf: [
    { type: "string" },
    { type: "array", items: { type: "string" }, minItems: 1 },
    ids,
    { type: "array", items: ids, minItems: 1 },
  ],
} as const;

export function promptsOf(prompts: Prompts): Array<string | number[]> {
  if (typeof prompts === "string") return [prompts];
  return typeof prompts[0] === "number" ? [prompts as number[]] : (prompts as Array<string | number[]>);
}

/** Token ids belong to a model that does not exist: they are read as numbers. */
export const textOfPrompt = (prompt: string | number[]): string =>
  typeof prompt === "string" ? prompt : prompt.join(" ");

export const tokensOfPrompt = (prompt: string | number[], countText: (text: string) => number): number =>
  typeof prompt === "string" ? countText(prompt) : prompt.length;
