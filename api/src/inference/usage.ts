import type { Tokens } from "../ledger/commit/operations.ts";
import { countedAtMost, promptTokensAtMost, tolerated } from "../metering/count-tokens.ts";
import { familyOf, templateTokens } from "../metering/families.ts";
import type { TokenCounter } from "../metering/token-counter.ts";
import { chatApi, type NodeApi } from "./node-api.ts";
import type { Recount } from "./node-health.ts";
import { isRecord } from "./read-fields.ts";
import type { InferenceRequest } from "./request.ts";

/** What a node says it used, in OpenAI's words. */
export type ReportedUsage = { prompt: number; cached: number; completion: number; reasoning: number };

/** What is billed, and who counted it. */
export type BilledUsage = {
  tokens: Tokens;
  source: "node" | "recount" | "drained";
  /** The node's report next to our count; null where it reported nothing. */
  recount: Recount | null;
  /** The node wrote more than it was asked for: nobody pays for the rest, and it is held against the node. */
  isOverrun: boolean;
};

/** What a node answered, as far as it is billed. `drained`: the client had left before the end. */
export type Answered = {
  reported: ReportedUsage | null;
  completionText: string;
  /** Characters of it that were passed on. */
  relayedLength: number;
  drained: boolean;
};

/** Reads a `usage` object; null when it is missing or not usage at all. */
export function readUsage(value: unknown, api: NodeApi): ReportedUsage | null {
  if (!isRecord(value)) return null;
  const cached = detail(value["prompt_tokens_details"], "cached_tokens");
  const reasoning = detail(value["completion_tokens_details"], "reasoning_tokens");
  const prompt = value["prompt_tokens"];
  const completion = api.written ? value["completion_tokens"] : 0;
  if (!isCount(prompt) || !isCount(completion) || cached > prompt || reasoning > completion) return null;
  return { prompt, cached, completion, reasoning };
}

/**
 * Decides what to bill. A node's report counts if it is not above our own count by more than tolerance, nor above what
 * was asked for; otherwise our count of the text does, up to what was asked for: who sets a limit pays for no more, also
 * of an answer that was relayed whole. Token classes are made disjoint here, so that cached tokens are
 * not charged twice.
 */
export async function billedUsage(
  counter: TokenCounter,
  {
    request,
    maxTokens,
    reported,
    completionText,
    relayedLength,
    drained,
  }: Answered & { request: InferenceRequest; maxTokens: number },
): Promise<BilledUsage> {
  const family = familyOf(request.model);
  const [written, read] = await Promise.all([
    counter.count(completionText, family),
    counter.count(request.promptText(), family),
  ]);
  const template = request.api === chatApi ? templateTokens(family, request.parts) : 0;
  const prompt = Math.min(read.tokens + template + request.promptIds, promptTokensAtMost(request));
  const echoed = echoesOf(request, completionText) * prompt;
  const own = Math.max(0, written.tokens - echoed);
  // Answers that the node kept back were, on average, as long as those that it gave out.
  const madeOf = (shown: number) => Math.ceil((shown * request.choices) / request.shownChoices);
  const made = madeOf(Math.min(own, maxTokens));
  const isOverrun = request.echoes === 0 && madeOf(own) > countedAtMost(maxTokens, written.family);
  const promptLimit = request.hasMedia
    ? promptTokensAtMost(request)
    : Math.min(tolerated(prompt + 8 * request.parts, read.family), promptTokensAtMost(request));
  const isOver =
    reported !== null &&
    (reported.prompt > promptLimit || reported.completion > Math.min(maxTokens, tolerated(made, written.family)));
  const recount = reported && {
    reported: reported.prompt + reported.completion,
    counted: (request.hasMedia ? reported.prompt : prompt) + made,
    isOver,
  };
  if (reported && !isOver) {
    return {
      recount,
      isOverrun,
      tokens: {
        prompt: reported.prompt - reported.cached,
        cached: reported.cached,
        completion: reported.completion - reported.reasoning,
        reasoning: reported.reasoning,
      },
      source: drained ? "drained" : "node",
    };
  }
  // Only a count of the node's own that passes bills for what the client did not get.
  const relayed =
    relayedLength < completionText.length
      ? await counter.count(completionText.slice(0, relayedLength), family)
      : written;
  const billed = Math.min(Math.max(0, relayed.tokens - echoed), maxTokens);
  return { tokens: { prompt, cached: 0, completion: billed, reasoning: 0 }, source: "recount", recount, isOverrun };
}

/** A node that was asked to repeat the prompt may not know how: what it wrote instead is its own. */
function echoesOf({ echoes, promptText }: InferenceRequest, completionText: string): number {
  const beginning = promptText().trimStart().slice(0, 64);
  return echoes > 0 && completionText.trimStart().startsWith(beginning) ? echoes : 0;
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31;

const detail = (details: unknown, name: string): number => {
  const value = isRecord(details) ? details[name] : 0;
  return isCount(value) ? value : 0;
};
