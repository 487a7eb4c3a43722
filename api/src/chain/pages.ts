/**
 * Readings of a contract that go into one `deployless` multicall. The answer is returned as the code of a contract, of which
 * EIP-170 allows 24,576 bytes: what an earner has takes 384.
 */
const MOST_READINGS = 40;

/** What is to be read, in as many pages as it takes. */
export const pagesOf = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / MOST_READINGS) }, (_, page) =>
    all.slice(page * MOST_READINGS, (page + 1) * MOST_READINGS),
  );
