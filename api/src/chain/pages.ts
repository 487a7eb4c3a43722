/**
 * Readings of a contract that go into one `deployless` multicall. They are part of its initcode, 224 bytes each with a
 * word as argument, of which EIP-3860 allows 49,152 with the code that asks.
 */
const MOST_READINGS = 150;

/** What is to be read, in as many pages as it takes. */
export const pagesOf = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / MOST_READINGS) }, (_, page) =>
    all.slice(page * MOST_READINGS, (page + 1) * MOST_READINGS),
  );
