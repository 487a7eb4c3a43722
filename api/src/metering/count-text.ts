import { countTokens } from "gpt-tokenizer/encoding/o200k_base";

/** Byte pair encoding takes the square of a word's length: what looks like one long word is counted in slices. */
const LONGEST_RUN = 256;
const RUNS = /[\p{L}\p{M}]+|[^\s\p{L}\p{M}\p{N}]+|\s+/gu;
const PIECE = 65_536;

/** Tokens of a text. */
export type Count = (text: string) => number;

const PLAIN = { disallowedSpecial: new Set<string>() };

/** o200k tokens of a text, in time linear in its length. Special-token texts count as the plain text that they are. */
export const countText: Count = inSlices((text) => countTokens(text, PLAIN));

/** Makes a count linear in a text's length that takes the square of a word's. */
export function inSlices(count: Count): Count {
  const encode: Count = (text) => (text === "" ? 0 : count(text));
  return (text) => {
    if (text.length <= LONGEST_RUN) return encode(text);
    let tokens = 0;
    let from = 0;
    for (const { 0: run, index } of text.matchAll(RUNS)) {
      if (run.length <= LONGEST_RUN) continue;
      tokens += encode(text.slice(from, index));
      for (const slice of slices(run, LONGEST_RUN)) tokens += encode(slice);
      from = index + run.length;
    }
    return tokens + encode(text.slice(from));
  };
}

/** Counts as far as it gets until the deadline (of `performance.now`): then the count so far. */
export function countTextUntil(text: string, { deadline, count }: { deadline: number; count: Count }): number {
  let tokens = 0;
  for (const piece of slices(text, PIECE)) {
    if (performance.now() > deadline) break;
    tokens += count(piece);
  }
  return tokens;
}

/** A text in slices of about a length; no character is cut in half. */
function* slices(text: string, length: number): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const last = text.charCodeAt(from + length - 1);
    const to = from + length + (last >= 0xd800 && last < 0xdc00 ? 1 : 0);
    yield text.slice(from, to);
    from = to;
  }
}
