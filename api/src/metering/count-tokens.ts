import type { Family } from "./families.ts";

/** Tokens that a template adds around each message or prompt and before the answer: more than any known template. */
const TOKENS_PER_PART = 16;
const TOKENS_PER_REQUEST = 32;
/** How far a node's own count may lie above ours: templates differ by a little, tokenizers that we don't know by more. */
const TOLERANCE_PERCENT = 5;
const UNKNOWN_TOLERANCE_PERCENT = 30;
const TOLERANCE_TOKENS = 16;

/** The most that models make of one picture or recording which the body only names. */
const TOKENS_PER_REMOTE_MEDIA = 16_384;

type Sizes = { parts: number; bodyBytes: number; remoteMedia: number };

/** An upper bound for a prompt's tokens, without tokenizing it: no token is shorter than a byte of the body. */
export const promptTokensAtMost = ({ parts, bodyBytes, remoteMedia }: Sizes): number =>
  bodyBytes + parts * TOKENS_PER_PART + remoteMedia * TOKENS_PER_REMOTE_MEDIA + TOKENS_PER_REQUEST;

/** The most that a node may report for what we counted as `recount` tokens, with a family's tokenizer or, if null, another. */
export function tolerated(recount: number, family: Family | null): number {
  const percent = family === null ? UNKNOWN_TOLERANCE_PERCENT : TOLERANCE_PERCENT;
  return recount + Math.ceil((recount * percent) / 100) + TOLERANCE_TOKENS;
}

/**
 * The most that we may count in an answer which its node has ended at so many tokens: with a family's tokenizer or, if
 * null, another, which may make two tokens of one of the model's.
 */
export const countedAtMost = (limit: number, family: Family | null): number =>
  family === null ? 2 * limit + TOLERANCE_TOKENS : tolerated(limit, family);
