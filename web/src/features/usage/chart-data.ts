import { formatUsd, nanoUsd, parseUsd } from "@infr/money";
import { eachDay } from "./usage-search.ts";

/** A point of the API: one day's sum of one of the series; id null is all others. */
export interface Point {
  day: string;
  id: string | null;
  name: string | null;
  requests: number;
  cost: string;
}

export interface ChartData {
  /** Dearest first, all others last. `usd` and `requests` are its sums over the days. */
  series: { key: string; label: string; isOthers: boolean; usd: string; requests: number }[];
  /** Every day, those without usage too. Values are for drawing: a picture has no nano-dollars. */
  rows: { day: string; values: Record<string, number> }[];
}

const OTHERS = "others";

/** Sorts points into series and days. Sums are exact, in nano-dollars. */
export function chartData({ from, to, points }: { from: string; to: string; points: Point[] }): ChartData {
  const sums = new Map<string, { label: string; nano: bigint; requests: number }>();
  const values = new Map(eachDay({ from, to }).map((day): [string, Record<string, number>] => [day, {}]));
  for (const { day, id, name, requests, cost } of points) {
    const key = id === null ? OTHERS : `id:${id}`;
    const sum = sums.get(key) ?? { label: labelOf({ id, name }), nano: 0n, requests: 0 };
    sums.set(key, { ...sum, nano: sum.nano + parseUsd(cost), requests: sum.requests + requests });
    const row = values.get(day);
    if (row) row[key] = Number(cost);
  }
  const series = [...sums].map(([key, { label, nano, requests }]) => ({
    key,
    label,
    isOthers: key === OTHERS,
    nano,
    requests,
  }));
  series.sort((a, b) => Number(a.isOthers) - Number(b.isOthers) || (a.nano < b.nano ? 1 : -1));
  return {
    series: series.map(({ nano, ...one }) => ({ ...one, usd: formatUsd(nanoUsd(nano)) })),
    rows: [...values].map(([day, one]) => ({ day, values: one })),
  };
}

function labelOf({ id, name }: Pick<Point, "id" | "name">): string {
  if (id === null) return "All others";
  return name ?? (id || "Without a key");
}
