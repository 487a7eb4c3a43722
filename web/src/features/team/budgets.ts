import { nanoUsd, parseUsd } from "@infr/money";
import type { Limit } from "../../lib/api.ts";

export const PERIODS = { day: "Per day", week: "Per week", month: "Per month", total: "In total" } as const;

const WHOLE = 100n;

/** How much of a budget is spent or set aside, in whole per cent, cut off; 100 when nothing is left of it. */
export function shareUsed({ amount, left }: Pick<Limit, "amount" | "left">): number {
  const all = parseUsd(amount);
  const rest = parseUsd(left);
  if (rest <= 0n) return Number(WHOLE);
  return Number((nanoUsd(all - rest) * WHOLE) / all);
}
