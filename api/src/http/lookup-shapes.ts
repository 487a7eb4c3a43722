import { formatUsd, nanoUsd } from "@infr/money";
import { Type } from "typebox";
import type { UsageRow } from "../flow/capture/store.ts";
import type { KeyUsageRow } from "../flow/capture/usage-store.ts";
import type { Lifetime } from "../ledger/lifetime-store.ts";
import type { Limit } from "../ledger/limits.ts";
import { Moment, Money, Nullable } from "./schemas.ts";

/** What OpenRouter's lookups answer. */
const Dollars = Type.Number({ description: "US dollars; the exact string stands beside it." });
const Tokens = Type.Integer();

export const Generation = Type.Object({
  id: Type.String(),
  created_at: Moment,
  model: Type.String(),
  provider_name: Type.String({ description: "The node that served it." }),
  node_id: Type.String(),
  key_id: Nullable(Type.String()),
  total_cost: Dollars,
  usage: Dollars,
  cost_details: Type.Object({
    total_usd: Money,
    prompt_usd: Money,
    cached_usd: Money,
    completion_usd: Money,
    reasoning_usd: Money,
  }),
  is_byok: Type.Literal(false),
  cancelled: Type.Boolean({ description: "The client left before the end." }),
  status: Type.Enum(["ok", "aborted", "error"]),
  usage_source: Type.Enum(["node", "recount", "drained"]),
  latency: Type.Integer({ description: "Milliseconds until it was billed." }),
  generation_time: Type.Integer({ description: "The same." }),
  tokens_prompt: Tokens,
  tokens_completion: Tokens,
  native_tokens_prompt: Tokens,
  native_tokens_completion: Tokens,
  native_tokens_cached: Tokens,
  native_tokens_reasoning: Tokens,
});

export const Credits = Type.Object({
  total_credits: Dollars,
  total_usage: Dollars,
  total_credits_usd: Money,
  total_usage_usd: Money,
});

export const Key = Type.Object({
  label: Type.String(),
  limit: Nullable(Dollars),
  limit_remaining: Nullable(Dollars),
  limit_reset: Nullable(Type.Enum(["daily", "weekly", "monthly"])),
  usage: Dollars,
  usage_daily: Dollars,
  usage_weekly: Dollars,
  usage_monthly: Dollars,
  usage_usd: Money,
  is_free_tier: Type.Literal(false),
  is_management_key: Type.Boolean(),
  expires_at: Nullable(Moment),
});

const dollars = (nano: bigint): number => Number(formatUsd(nanoUsd(nano)));

const RESETS = { day: "daily", week: "weekly", month: "monthly", total: null } as const;

export function shapeCredits({ credited, used }: Lifetime) {
  const [credits, usage] = [formatUsd(credited), formatUsd(used)];
  return {
    total_credits: Number(credits),
    total_usage: Number(usage),
    total_credits_usd: credits,
    total_usage_usd: usage,
  };
}

export const shapeKey = (
  key: { name: string; expires_at: Date | null; kind: string },
  { limits, spent }: { limits: Limit[]; spent: KeyUsageRow },
) => ({
  label: key.name,
  ...shapeLimit(limits),
  usage: dollars(spent.total),
  usage_daily: dollars(spent.day),
  usage_weekly: dollars(spent.week),
  usage_monthly: dollars(spent.month),
  usage_usd: formatUsd(nanoUsd(spent.total)),
  is_free_tier: false as const,
  is_management_key: key.kind === "management",
  expires_at: key.expires_at?.toISOString() ?? null,
});

/** A key may have several limits, OpenRouter's have one: the one that will refuse first. */
function shapeLimit(limits: Limit[]) {
  const [tightest] = limits.toSorted((a, b) => Number(a.left - b.left));
  return {
    limit: tightest ? dollars(tightest.amount) : null,
    limit_remaining: tightest ? dollars(tightest.left > 0n ? tightest.left : 0n) : null,
    limit_reset: tightest ? RESETS[tightest.period] : null,
  };
}

export const shapeGeneration = (row: UsageRow) => ({
  id: row.request_id,
  created_at: row.started_at.toISOString(),
  model: row.model,
  provider_name: row.node_name,
  node_id: row.node_id,
  key_id: row.key_id,
  total_cost: dollars(row.cost_nano),
  usage: dollars(row.cost_nano),
  cost_details: {
    total_usd: formatUsd(nanoUsd(row.cost_nano)),
    prompt_usd: formatUsd(nanoUsd(row.prompt_nano)),
    cached_usd: formatUsd(nanoUsd(row.cached_nano)),
    completion_usd: formatUsd(nanoUsd(row.completion_nano)),
    reasoning_usd: formatUsd(nanoUsd(row.reasoning_nano)),
  },
  is_byok: false as const,
  cancelled: row.status === "aborted",
  status: row.status,
  usage_source: row.usage_source,
  latency: row.latency_ms,
  generation_time: row.latency_ms,
  tokens_prompt: row.prompt_tokens + row.cached_tokens,
  tokens_completion: row.completion_tokens + row.reasoning_tokens,
  native_tokens_prompt: row.prompt_tokens + row.cached_tokens,
  native_tokens_completion: row.completion_tokens + row.reasoning_tokens,
  native_tokens_cached: row.cached_tokens,
  native_tokens_reasoning: row.reasoning_tokens,
});
