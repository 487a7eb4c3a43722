type Hex = `0x${string}`;

interface Log {
  block: { number: bigint; hash: Hex; timestamp: bigint };
  transaction: { hash: Hex; from: Hex };
  log: { logIndex: number };
}

/** The columns every row has. The id is the key by which the ledger books the event once. */
export function placeOf({ block, transaction, log }: Log, { chain }: { chain: { id: number } }) {
  return {
    id: `${chain.id}:${block.hash}:${log.logIndex}`,
    chainId: chain.id,
    blockNumber: block.number,
    blockHash: block.hash,
    blockTimestamp: block.timestamp,
    logIndex: log.logIndex,
    transactionHash: transaction.hash,
    transactionFrom: transaction.from,
  };
}
