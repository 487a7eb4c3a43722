import type { Tokens } from "../ledger/commit/operations.ts";
import { countTokens, promptTokensAtMost, tolerated } from "../metering/count-tokens.ts";
import { type ChatRequest, hasMedia, isRecord, promptText } from "./chat-request.ts";

/** What a node says it used, in OpenAI's words. */
export type ReportedUsage = { prompt: number; cached: number; completion: number; reasoning: number };

/** What is billed, and who counted it. */
export type BilledUsage = { tokens: Tokens; source: "node" | "recount" | "drained" };

/** Reads a `usage` object; null when it is missing or not usage at all. */
export function readUsage(value: unknown): ReportedUsage | null {
  if (!isRecord(value)) return null;
  const cached = detail(value["prompt_tokens_details"], "cached_tokens");
  const reasoning = detail(value["completion_tokens_details"], "reasoning_tokens");
  const prompt = value["prompt_tokens"];
  const completion = value["completion_tokens"];
  if (!isCount(prompt) || !isCount(completion) || cached > prompt || reasoning > completion) return null;
  return { prompt, cached, completion, reasoning };
}

/**
 * Decides what to bill. A node's report counts if it is not above our own count by more than tolerance, nor above what
 * was asked for; otherwise our count of the text does. Token classes are made disjoint here, so that cached tokens are
 * not charged twice.
 */
export function billedUsage({
  request,
  reported,
  completionText,
  maxTokens,
  drained,
}: {
  request: ChatRequest;
  reported: ReportedUsage | null;
  completionText: string;
  maxTokens: number;
  drained: boolean;
}): BilledUsage {
  const completion = Math.min(countTokens(completionText), maxTokens);
  const prompt = countTokens(promptText(request));
  const promptLimit = hasMedia(request)
    ? promptTokensAtMost(request)
    : Math.min(tolerated(prompt + 8 * request.messages.length), promptTokensAtMost(request));
  if (reported && reported.prompt <= promptLimit && reported.completion <= Math.min(maxTokens, tolerated(completion))) {
    return {
      tokens: {
        prompt: reported.prompt - reported.cached,
        cached: reported.cached,
        completion: reported.completion - reported.reasoning,
        reasoning: reported.reasoning,
      },
      source: drained ? "drained" : "node",
    };
  }
  return { tokens: { prompt, cached: 0, completion, reasoning: 0 }, source: "recount" };
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31;

const detail = (details: unknown, name: string): number => {
  const value = isRecord(details) ? details[name] : 0;
  return isCount(value) ? value : 0;
};
