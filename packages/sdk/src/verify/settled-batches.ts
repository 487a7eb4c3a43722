import { creditEscrowAbi } from "@infr/contracts/abi";
import type { MicroUsdc } from "@infr/money";
import { type Batch, decodeLines, type EscrowAddress, settlementDigest, storedDigest } from "@infr/protocol";
import { type Address, createPublicClient, custom, getAbiItem, type Hex, type PublicClient, zeroHash } from "viem";
import { InconsistentChainError, NotSettledError } from "./errors.ts";

/** Whatever asks a chain (EIP-1193): a viem client of any version, a wallet's provider. */
export interface ChainClient {
  request(call: { method: string; params?: unknown }): Promise<unknown>;
}

/** A batch as the chain has it: every field follows from the digest that the contract keeps. */
export interface SettledBatch {
  seq: bigint;
  receiptsRoot: Hex;
  digest: Hex;
  /** Chain time, seconds since 1970. */
  settledAt: number;
  blockNumber: bigint;
  transactionHash: Hex;
  /** What each account paid, by number. */
  debits: ReadonlyMap<number, MicroUsdc>;
}

/** What the chain says, asked once: many receipts of a batch need the same answers. */
export interface SettledBatches extends EscrowAddress {
  client: PublicClient;
  /** @throws NotSettledError, InconsistentChainError */
  batch: (seq: bigint) => Promise<SettledBatch>;
  /** Number of the account with this ref, 0 if it was never opened. */
  accountOfRef: (ref: Hex) => Promise<number>;
}

const BATCH_SETTLED = getAbiItem({ abi: creditEscrowAbi, name: "BatchSettled" });
/** The contract's `MAX_DEADLINE`: a batch was signed at most so long before its deadline. */
const MAX_DEADLINE_SECONDS = 600;

/**
 * Reads batches of the escrow at an address that the caller trusts: an address out of a file would prove nothing. Needs an RPC
 * with the chain's headers and logs, no archive.
 */
export async function openSettledBatches({
  client: provider,
  escrow,
}: {
  client: ChainClient;
  escrow: Address;
}): Promise<SettledBatches> {
  const client = createPublicClient({ transport: custom(provider, { retryCount: 0 }), cacheTime: 0 });
  const at = { chainId: await client.getChainId(), escrow: escrow.toLowerCase() as Address };
  const numbers = once((ref: Hex) =>
    client.readContract({ address: escrow, abi: creditEscrowAbi, functionName: "idOfRef", args: [ref] }),
  );
  return { ...at, client, batch: once((seq: bigint) => readBatch(client, at, seq)), accountOfRef: numbers };
}

/** The same answer to the same question; an error is not kept. */
function once<K, V>(ask: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const answers = new Map<K, Promise<V>>();
  return (key) => {
    const known = answers.get(key);
    if (known) return known;
    const asked = ask(key);
    answers.set(key, asked);
    asked.catch(() => answers.delete(key));
    return asked;
  };
}

async function readBatch(client: PublicClient, at: EscrowAddress, seq: bigint): Promise<SettledBatch> {
  const head = await client.getBlockNumber({ cacheTime: 0 });
  const { digest: stored, settledAt } = await readStored(client, { ...at, seq, head });
  if (settledAt === 0) throw new NotSettledError(seq);
  const [event, prev] = await Promise.all([
    findEvent(client, { ...at, seq, head, settledAt, stored }),
    previousDigest(client, { ...at, seq, head }),
  ]);
  const { receiptsRoot, batchHash: digest, periodEnd, debits, credits, referrals } = event.args;
  const unsigned = { seq, prev, receiptsRoot, periodEnd, debits, credits, referrals };
  if (!isDigestOf(at, { digest, settledAt, unsigned })) {
    throw new InconsistentChainError(`The event of batch ${seq} is not what was signed.`);
  }
  return {
    seq,
    receiptsRoot,
    digest,
    settledAt,
    blockNumber: event.blockNumber,
    transactionHash: event.transactionHash,
    debits: new Map(decodeLines(debits).map(({ id, amount }) => [id, amount])),
  };
}

async function readStored(
  client: PublicClient,
  { escrow, seq, head }: { escrow: Address; seq: bigint; head: bigint },
): Promise<{ digest: Hex; settledAt: number }> {
  const args = [seq] as const;
  const call = { address: escrow, abi: creditEscrowAbi, functionName: "batchOf", args, blockNumber: head } as const;
  const [digest, settledAt] = await client.readContract(call);
  return { digest, settledAt };
}

/** What a batch is chained to: the last one before it that was not undone. */
async function previousDigest(
  client: PublicClient,
  { escrow, seq, head }: { escrow: Address; seq: bigint; head: bigint },
): Promise<Hex> {
  for (let before = seq - 1n; before > 0n; before -= 1n) {
    const { digest, settledAt } = await readStored(client, { escrow, seq: before, head });
    if (settledAt !== 0) return digest;
  }
  return zeroHash;
}

type Sought = { escrow: Address; seq: bigint; head: bigint; settledAt: number; stored: Hex };

/** The batch's event. Its blocks are found by their time, so that no RPC is asked for more logs than it gives. */
async function findEvent(client: PublicClient, { escrow, seq, head, settledAt, stored }: Sought) {
  const fromBlock = await firstBlockSince(client, { time: BigInt(settledAt), low: 0n, high: head });
  const after = await firstBlockSince(client, { time: BigInt(settledAt) + 1n, low: fromBlock, high: head });
  const logs = await client.getContractEvents({
    address: escrow,
    abi: [BATCH_SETTLED],
    eventName: "BatchSettled",
    args: { seq },
    fromBlock,
    toBlock: after > fromBlock ? after - 1n : fromBlock,
    strict: true,
  });
  const event = logs.find(
    ({ address, args }) =>
      address.toLowerCase() === escrow && args.seq === seq && storedDigest(args.batchHash) === stored,
  );
  if (!event) throw new InconsistentChainError(`Batch ${seq} is settled, but its event is missing.`);
  return event;
}

/** The first block at or after a time; the one after the last if there is none. Times never fall from block to block. */
async function firstBlockSince(
  client: PublicClient,
  { time, low, high }: { time: bigint; low: bigint; high: bigint },
): Promise<bigint> {
  let [from, to] = [low, high + 1n];
  while (from < to) {
    const middle = (from + to) / 2n;
    const { timestamp } = await client.getBlock({ blockNumber: middle });
    if (timestamp >= time) to = middle;
    else from = middle + 1n;
  }
  return from;
}

/** The deadline alone stands in no event; it was within ten minutes of the settlement. */
function isDigestOf(
  at: EscrowAddress,
  { digest, settledAt, unsigned }: { digest: Hex; settledAt: number; unsigned: Omit<Batch, "deadline"> },
): boolean {
  for (let deadline = settledAt; deadline <= settledAt + MAX_DEADLINE_SECONDS; deadline += 1) {
    if (settlementDigest(at, { ...unsigned, deadline }) === digest) return true;
  }
  return false;
}
