import { type NanoUsd, nanoUsd, parseUsd } from "@infr/money";

const DAYS = 7;

/** What was spent on a day (UTC); days without usage are left out. */
export interface DaySpend {
  id: string;
  cost: string;
}

/**
 * For how many whole days the balance lasts, if they are like the last seven; null where nothing was spent in them. Today counts
 * as one, as far as it has come.
 */
export function runwayDays({
  spendable,
  days,
  today,
}: {
  spendable: string;
  days: DaySpend[];
  today: string;
}): number | null {
  const first = new Date(Date.parse(today) - (DAYS - 1) * 86_400_000).toISOString().slice(0, 10);
  const spent = sum(days.filter(({ id }) => id >= first && id <= today));
  if (spent === 0n) return null;
  const left = parseUsd(spendable);
  return left <= 0n ? 0 : Number((left * BigInt(DAYS)) / spent);
}

const sum = (days: DaySpend[]): NanoUsd => nanoUsd(days.reduce((total, { cost }) => total + parseUsd(cost), 0n));
