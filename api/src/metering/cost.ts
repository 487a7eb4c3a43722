import { costOf, type NanoUsd, nanoUsd } from "@infr/money";
import type { CostBreakdown, Tokens } from "../ledger/commit/operations.ts";

/** Prices in nano-dollars per token, one for each class. */
export type Prices = { prompt: NanoUsd; cached: NanoUsd; completion: NanoUsd; reasoning: NanoUsd };

/** What tokens cost, class by class: the classes are disjoint, so nothing is counted twice. */
export const costOfTokens = (tokens: Tokens, prices: Prices): CostBreakdown => ({
  prompt: costOf({ units: tokens.prompt, nanoPerUnit: prices.prompt }),
  cached: costOf({ units: tokens.cached, nanoPerUnit: prices.cached }),
  completion: costOf({ units: tokens.completion, nanoPerUnit: prices.completion }),
  reasoning: costOf({ units: tokens.reasoning, nanoPerUnit: prices.reasoning }),
});

export const totalOf = (cost: CostBreakdown): NanoUsd =>
  nanoUsd(cost.prompt + cost.cached + cost.completion + cost.reasoning);

/** The dearest a request can get: every prompt token at the dearer of its classes, and all the completion it may have. */
export function worstCase(
  { promptTokens, completionTokens }: { promptTokens: number; completionTokens: number },
  prices: Prices,
): NanoUsd {
  const prompt = prices.prompt > prices.cached ? prices.prompt : prices.cached;
  const completion = prices.completion > prices.reasoning ? prices.completion : prices.reasoning;
  return nanoUsd(BigInt(promptTokens) * prompt + BigInt(completionTokens) * completion);
}

/** How many completion tokens a hold covers once the prompt is paid. */
export function completionCovered(
  { hold, promptTokens }: { hold: NanoUsd; promptTokens: number },
  prices: Prices,
): number {
  const perToken = prices.completion > prices.reasoning ? prices.completion : prices.reasoning;
  const left = hold - worstCase({ promptTokens, completionTokens: 0 }, prices);
  if (left < 0n) return 0;
  return perToken === 0n ? Number.MAX_SAFE_INTEGER : Number(left / perToken);
}
