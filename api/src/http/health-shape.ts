import { Type } from "typebox";
import type { HealthRow } from "../inference/health-store.ts";
import { Nullable } from "./schemas.ts";

const Percent = Nullable(Type.Number());
const Amount = Nullable(Type.Number());
const Count = Type.Integer();

/** How a node did over a time. Null is not known: nothing happened that would show it. */
export const Health = Type.Object({
  uptimePercent: Type.Union(Percent.anyOf, {
    description: "Of the platform's own requests, those that were answered.",
  }),
  requests: Count,
  errorPercent: Percent,
  latencyMs: Amount,
  firstTokenMs: Amount,
  tokensPerSecond: Amount,
  recounts: Type.Integer({ description: "Reports of usage that the platform counted again." }),
  overReports: Type.Integer({ description: "Reports above tolerance; the platform's own count was billed." }),
  overruns: Type.Integer({ description: "Answers that went on beyond max_tokens; nobody paid for the rest." }),
  reportedTokens: Count,
  countedTokens: Count,
  discrepancyPercent: Type.Union(Percent.anyOf, { description: "By how much its reports lie above the recount." }),
});

/** Averages and shares, from sums. */
export function shapeHealth(row: HealthRow | undefined) {
  const sum = (name: Exclude<keyof HealthRow, "node_id">) => Number(row?.[name] ?? 0n);
  const answered = sum("requests") - sum("failures");
  return {
    uptimePercent: percent(sum("canaries") - sum("canary_failures"), sum("canaries")),
    requests: sum("requests"),
    errorPercent: percent(sum("failures"), sum("requests")),
    latencyMs: ratio(sum("latency_ms"), answered),
    firstTokenMs: ratio(sum("first_token_ms"), sum("first_tokens")),
    tokensPerSecond: ratio(sum("tokens") * 1_000, sum("tokens_ms")),
    recounts: sum("recounts"),
    overReports: sum("over_reports"),
    overruns: sum("overruns"),
    reportedTokens: sum("reported_tokens"),
    countedTokens: sum("counted_tokens"),
    discrepancyPercent: percent(sum("reported_tokens") - sum("counted_tokens"), sum("counted_tokens")),
  };
}

/** To a tenth. */
const ratio = (part: number, whole: number): number | null =>
  whole === 0 ? null : Math.round((10 * part) / whole) / 10;

/** To a hundredth. */
const percent = (part: number, whole: number): number | null =>
  whole === 0 ? null : Math.round((10_000 * part) / whole) / 100;
