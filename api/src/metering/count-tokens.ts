/** Tokens that a template adds around each message or prompt and before the answer: more than any known template. */
const TOKENS_PER_PART = 16;
const TOKENS_PER_REQUEST = 32;
/** How far a node's own count may lie above ours: templates and tokenizers of one family differ by a little. */
const TOLERANCE_PARTS = 20;
const TOLERANCE_TOKENS = 16;

/** An upper bound for a prompt's tokens, without tokenizing it: no token is shorter than a byte of the body. */
export const promptTokensAtMost = ({ parts, bodyBytes }: { parts: number; bodyBytes: number }): number =>
  bodyBytes + parts * TOKENS_PER_PART + TOKENS_PER_REQUEST;

/** The most that a node may report for something we counted as `recount` tokens. */
export const tolerated = (recount: number): number => recount + Math.ceil(recount / TOLERANCE_PARTS) + TOLERANCE_TOKENS;
