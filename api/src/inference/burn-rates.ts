import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Sql } from "../db/types.ts";
import { spentInDays } from "../flow/capture/usage-store.ts";

const DAYS = 7;
const FRESH_MS = 60_000;
/** A sum that takes long is not made anew before a hundred times as long: at most one percent of a connection. */
const REST = 100;
const MAX_KNOWN = 100_000;
const MAX_ASKED = 4;

type Known = { perDay: NanoUsd | null; nextAt: number };

/**
 * What accounts spend in a day, averaged over the last seven. A rate is read in the background when somebody wants it,
 * once a minute at most: who asks gets what is known by then, and never waits.
 */
export class BurnRates {
  readonly #sql: Sql;
  readonly #known = new Map<string, Known>();
  #asked = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** For how many days a balance lasts at that rate; null while that is not known, or nothing is spent. */
  daysLeft({ accountId, spendable }: { accountId: string; spendable: NanoUsd }): number | null {
    const perDay = this.#rateOf(accountId);
    if (perDay === null || perDay === 0n) return null;
    return Math.max(0, Number(spendable) / Number(perDay));
  }

  /** The same for who can wait until it is known. */
  async readDaysLeft(account: { accountId: string; spendable: NanoUsd }): Promise<number | null> {
    if (!this.#known.has(account.accountId)) await this.#read(account.accountId, null);
    return this.daysLeft(account);
  }

  #rateOf(accountId: string): NanoUsd | null {
    const known = this.#known.get(accountId);
    if ((known === undefined || performance.now() >= known.nextAt) && this.#asked < MAX_ASKED) {
      void this.#read(accountId, known?.perDay ?? null);
    }
    return known?.perDay ?? null;
  }

  async #read(accountId: string, before: NanoUsd | null): Promise<void> {
    const startedAt = performance.now();
    const nextAt = () => performance.now() + Math.max(FRESH_MS, REST * (performance.now() - startedAt));
    this.#asked++;
    this.#remember(accountId, { perDay: before, nextAt: Number.POSITIVE_INFINITY });
    try {
      const spent = await spentInDays(this.#sql, { accountId, days: DAYS, now: new Date() });
      this.#remember(accountId, { perDay: nanoUsd(spent / BigInt(DAYS)), nextAt: nextAt() });
    } catch {
      // The database is out of reach: the old rate has to do.
      this.#remember(accountId, { perDay: before, nextAt: nextAt() });
    } finally {
      this.#asked--;
    }
  }

  #remember(accountId: string, known: Known): void {
    if (this.#known.size >= MAX_KNOWN && !this.#known.has(accountId)) this.#known.clear();
    this.#known.set(accountId, known);
  }
}
