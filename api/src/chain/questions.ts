/**
 * How a node is asked many things with one call, on chains without a contract for it: the call carries the code of one, and
 * its answer counts as code that is created, which may have 24,576 bytes (EIP-170): some fifty accounts. So there are about
 * forty questions in a call, by the 36 bytes that one has, and several calls at once.
 */
export const MANY_QUESTIONS = { deployless: true, batchSize: 1_400 } as const;
