import { BytePairs } from "./byte-pairs.ts";
import { type Count, countText, inSlices } from "./count-text.ts";
import type { Family } from "./families.ts";
import { type PublishedFamily, readVocabulary } from "./vocabularies.ts";

const LOADERS: Record<Family, () => Promise<Count>> = {
  o200k: async () => countText,
  cl100k: async () => {
    const { countTokens } = await import("gpt-tokenizer/encoding/cl100k_base");
    const plain = { disallowedSpecial: new Set<string>() };
    return inSlices((text) => countTokens(text, plain));
  },
  llama3: () => published("llama3"),
  qwen: () => published("qwen"),
  deepseek: () => published("deepseek"),
  gemma3: () => published("gemma3"),
};

async function published(family: PublishedFamily): Promise<Count> {
  const pairs = new BytePairs(await readVocabulary(family));
  return (text) => pairs.count(text);
}

/** How texts are counted, and for which family that is exact; null: for none that is known. */
export type Tokenizer = { family: Family | null; count: Count };

const BEST_GUESS: Tokenizer = { family: null, count: countText };
const loaded = new Map<Family, Promise<Tokenizer>>();

/** How a family counts; loaded in this thread when it is first asked for. Without one, or if it can't be read, o200k. */
export function tokenizerOf(family: Family | null): Promise<Tokenizer> {
  if (family === null) return Promise.resolve(BEST_GUESS);
  const known = loaded.get(family);
  if (known) return known;
  const loading = LOADERS[family]().then(
    (count) => ({ family, count }),
    (error: unknown) => {
      console.error(`The tokenizer of ${family} can't be read; o200k counts for it.`, error);
      return BEST_GUESS;
    },
  );
  loaded.set(family, loading);
  return loading;
}
