const HOURS_PER_DAY = 24;
const DAYS_PER_WEEK = 7;
export const HOURS_PER_WEEK = HOURS_PER_DAY * DAYS_PER_WEEK;

/** Demand moves prices in steps of so many percent, and only beyond half of what a node can do. */
const STEP_PERCENT = 5;
const BUSY_PERCENT = 50;

/** A price from hour to hour on a weekday, UTC: `to` is not in it. Days are 1 (Monday) to 7. */
export type Hours = { day: number; from: number; to: number; percent: number };

/** Percent of the price in each hour of a week, Monday's first hour first; later ranges win. Null when it is 100 always. */
export function weekOf(ranges: Hours[]): number[] | null {
  const week = Array<number>(HOURS_PER_WEEK).fill(100);
  for (const { day, from, to, percent } of ranges) {
    week.fill(percent, (day - 1) * HOURS_PER_DAY + from, (day - 1) * HOURS_PER_DAY + to);
  }
  return week.every((percent) => percent === 100) ? null : week;
}

/** The ranges of a week that are not 100 %: `weekOf` of them is the week again. */
export function rangesOf(week: number[] | null): Hours[] {
  const ranges: Hours[] = [];
  for (const [index, percent] of (week ?? []).entries()) {
    const day = Math.floor(index / HOURS_PER_DAY) + 1;
    const hour = index % HOURS_PER_DAY;
    const last = ranges.at(-1);
    if (percent === 100) continue;
    if (last && last.day === day && last.to === hour && last.percent === percent) last.to += 1;
    else ranges.push({ day, from: hour, to: hour + 1, percent });
  }
  return ranges;
}

/** What the schedule says of a moment's hour. */
export function percentAt(week: number[] | null, at: Date): number {
  const day = (at.getUTCDay() + DAYS_PER_WEEK - 1) % DAYS_PER_WEEK;
  return week?.[day * HOURS_PER_DAY + at.getUTCHours()] ?? 100;
}

/**
 * What demand does to a price: 100 % up to half of the node's capacity, from there in steps of 5 up to `most`, which is
 * reached when the node is full. It depends on the node's load alone: two buyers at one moment pay the same.
 */
export function demandPercent({
  load,
  capacity,
  most,
}: {
  load: number;
  capacity: number | null;
  most: number;
}): number {
  if (capacity === null || most <= 100) return 100;
  const busy = Math.min(100, Math.floor((load * 100) / capacity));
  const rise = ((most - 100) * Math.max(0, busy - BUSY_PERCENT)) / (100 - BUSY_PERCENT);
  return 100 + Math.floor(rise / STEP_PERCENT) * STEP_PERCENT;
}
