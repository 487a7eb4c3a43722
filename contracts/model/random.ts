/** A seeded generator (mulberry32): the same seed gives the same run everywhere. */
export class Random {
  private word: number;

  constructor(seed: number) {
    this.word = seed >>> 0;
  }

  /** @returns an integer from 0 up to but without `end` */
  below(end: number): number {
    this.word = (this.word + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.word ^ (this.word >>> 15), 1 | this.word);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** An amount from 0 to `most`, at its ends more often than chance would have it. */
  amount(most: bigint): bigint {
    if (most <= 0n) return 0n;
    if (this.chance(15)) return most;
    if (this.chance(5)) return 0n;
    return (most * BigInt(this.below(1_000_001))) / 1_000_000n;
  }
}
