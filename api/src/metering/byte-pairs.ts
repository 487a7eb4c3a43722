/** Longer words are cut: merging takes the square of a word's length. */
const LONGEST_WORD = 128;
const MAX_CACHED = 50_000;
const LONGEST_CACHED = 24;

/** What a tokenizer was trained to, as far as counting needs it. */
export type Vocabulary = {
  /** Cuts a text where no token reaches across. */
  words: (text: string) => Iterable<string>;
  /** The smallest parts of a word. */
  symbols: (word: string) => string[];
  /** In which order neighbours are merged, by the text that comes of it. */
  ranks: Map<string, number>;
};

/**
 * Counts tokens by byte pair encoding: in each word the neighbours that rank first are merged, until none are left that
 * can be. Linear in a text's length. (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909; ranked as tiktoken does.)
 */
export class BytePairs {
  readonly #vocabulary: Vocabulary;
  readonly #counted = new Map<string, number>();

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  count(text: string): number {
    let tokens = 0;
    for (const word of this.#vocabulary.words(text)) {
      for (let from = 0; from < word.length; from += LONGEST_WORD) {
        tokens += this.#countWord(word.slice(from, from + LONGEST_WORD));
      }
    }
    return tokens;
  }

  #countWord(word: string): number {
    if (word.length > LONGEST_CACHED) return this.#merge(word);
    const known = this.#counted.get(word);
    if (known !== undefined) return known;
    const tokens = this.#merge(word);
    if (this.#counted.size >= MAX_CACHED) this.#counted.clear();
    this.#counted.set(word, tokens);
    return tokens;
  }

  #merge(word: string): number {
    const { ranks, symbols } = this.#vocabulary;
    const parts = symbols(word);
    const rankAt = (index: number) =>
      index < 0 || index + 1 >= parts.length
        ? Number.POSITIVE_INFINITY
        : (ranks.get(`${parts[index]}${parts[index + 1]}`) ?? Number.POSITIVE_INFINITY);
    const pairs = parts.map((_, index) => rankAt(index));
    for (;;) {
      const best = lowest(pairs);
      if (best < 0) return parts.length;
      parts.splice(best, 2, `${parts[best]}${parts[best + 1]}`);
      pairs.splice(best + 1, 1);
      pairs[best] = rankAt(best);
      if (best > 0) pairs[best - 1] = rankAt(best - 1);
    }
  }
}

/** Where the lowest finite rank stands, -1 where there is none. */
function lowest(ranks: number[]): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < ranks.length; index++) {
    const rank = ranks[index] ?? Number.POSITIVE_INFINITY;
    if (rank >= least) continue;
    least = rank;
    best = index;
  }
  return best;
}
