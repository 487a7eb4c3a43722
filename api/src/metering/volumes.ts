import type { Sql } from "../db/types.ts";
import type { Discounted } from "./offer.ts";
import { usedOfOperators } from "./store.ts";

const FRESH_MS = 5_000;
const MAX_KNOWN = 100_000;

type Known = { month: number; readAt: number; used: Promise<Map<string, bigint>> };

/**
 * What accounts have used of each operator's nodes in the month (UTC), for prices that fall with it. Read from the sums by
 * day, and again after five seconds: whoever passes a step pays less moments later.
 */
export class Volumes {
  readonly #sql: Sql;
  readonly #now: () => Date;
  readonly #known = new Map<string, Known>();

  constructor({ sql, now }: { sql: Sql; now: () => Date }) {
    this.#sql = sql;
    this.#now = now;
  }

  /** Nano-dollars by operator; who is not in it was not used. */
  of(accountId: string): Promise<Map<string, bigint>> {
    const now = this.#now();
    const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
    const known = this.#known.get(accountId);
    if (known?.month === month && performance.now() - known.readAt < FRESH_MS) return known.used;
    const used = usedOfOperators(this.#sql, { accountId, month: new Date(month) });
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(accountId, { month, readAt: performance.now(), used });
    used.catch(() => this.#known.delete(accountId));
    return used;
  }
}

/** An offer at the price of the highest step that was reached. */
export function atVolume<T extends Discounted>(offer: T, used: bigint): T {
  const reached = offer.volume.findLast(({ from }) => used >= from);
  if (!reached) return offer;
  const { from: _, ...price } = reached;
  return { ...offer, ...price };
}
