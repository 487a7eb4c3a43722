import { formatUsd } from "@infr/money";
import type { CostBreakdown, Tokens } from "../ledger/commit/operations.ts";
import { totalOf } from "../metering/cost.ts";

export type ResponseUsage = ReturnType<typeof responseUsage>;

/** The `usage` object of a response: OpenAI's counts, OpenRouter's `cost`, and the exact string beside the number. */
export function responseUsage(tokens: Tokens, cost: CostBreakdown) {
  const prompt = tokens.prompt + tokens.cached;
  const completion = tokens.completion + tokens.reasoning;
  const total = formatUsd(totalOf(cost));
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: tokens.cached },
    completion_tokens_details: { reasoning_tokens: tokens.reasoning },
    cost: Number(total),
    cost_details: {
      total_usd: total,
      prompt_usd: formatUsd(cost.prompt),
      cached_usd: formatUsd(cost.cached),
      completion_usd: formatUsd(cost.completion),
      reasoning_usd: formatUsd(cost.reasoning),
    },
  };
}
