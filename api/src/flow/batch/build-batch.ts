import { creditEscrowAbi } from "@infr/contracts/abi";
import { type MicroUsdc, microUsdc, nanoUsd } from "@infr/money";
import { encodeLines, MAX_LINE, storedDigest } from "@infr/protocol";
import { type Hex, hexToBytes, zeroHash } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { type Applicant, allocateRooms } from "./allocate-rooms.ts";
import { type ComposedBatch, type ComposedLine, composeBatch, PLATFORM_NUMBER } from "./compose-batch.ts";
import { treeOf } from "./receipts.ts";
import {
  type Candidate,
  carriedBy,
  claimCaptures,
  claimedCaptures,
  flushCandidates,
  insertDraft,
  lastBatch,
  lockBuilder,
  type Room,
  saveBatch,
} from "./store.ts";

const MAX_ACCOUNTS = 1_000;
/** Hashing so many receipts takes a worker some seconds; what is more goes into the next batch. */
const MAX_CAPTURES = 10_000;
const MAX_DEBT_MICRO = 2_000_000n;

type Context = { sql: Sql; chain: Chain };
type Flush = { flushNano: bigint; flushAfterSeconds: number };

/**
 * Builds the next batch, if enough has gathered and the last one is settled: claims captures, rounds them into lines,
 * hashes their receipts. What an account's line could not settle on-chain (day limit, balance, debt) waits.
 * @returns the number of captures in it
 */
export async function buildBatch({ sql, chain }: Context, flush: Flush): Promise<number> {
  const [seq, prev] = await chain.client.readContract({
    address: chain.escrow,
    abi: creditEscrowAbi,
    functionName: "nextBatch",
  });
  if (!isNext(await lastBatch(sql), { seq, prev })) return 0;
  const candidates = await flushCandidates(sql, { ...flush, limit: MAX_ACCOUNTS });
  if (candidates.length === 0) return 0;
  const rooms = await readRooms(chain, candidates);
  try {
    return await sql.begin((tx) => build(tx, { seq, prev, rooms }));
  } catch (error) {
    if (error instanceof NothingToSettleError) return 0;
    throw error;
  }
}

/** Thrown to roll back claims: what fits by now is too little for a batch. */
class NothingToSettleError extends Error {}

/** The ledger has booked every batch that the contract has settled, and none is on its way. */
const isNext = (last: Awaited<ReturnType<typeof lastBatch>>, next: { seq: bigint; prev: Hex }): boolean =>
  last.isSettled && last.usedSeq + 1n === next.seq && storedDigest(last.digest ?? zeroHash) === next.prev;

/** Asks the contract, at one block, what it would take. */
async function readRooms({ client, escrow }: Chain, candidates: Candidate[]): Promise<Room[]> {
  const at = {
    address: escrow,
    abi: creditEscrowAbi,
    blockNumber: await client.getBlockNumber({ cacheTime: 0 }),
  } as const;
  const [[capacity], platform, ...accounts] = await Promise.all([
    client.readContract({ ...at, functionName: "settlementCapacity" }),
    client.readContract({ ...at, functionName: "accountOf", args: [PLATFORM_NUMBER] }),
    ...candidates.map((candidate) =>
      client.readContract({ ...at, functionName: "accountOf", args: [Number(candidate.chain_account)] }),
    ),
  ]);
  const applicants = candidates.map(
    ({ account_id: accountId, unsettled_nano: unsettledNano, funded_nano: fundedNano }, index): Applicant => {
      const account = accounts[index];
      if (!account) throw new Error(`the contract did not answer for ${accountId}`);
      const limitRoom = BigInt(account.dayLimit) - BigInt(account.used);
      return {
        accountId,
        unsettledNano,
        fundedNano,
        balance: account.balance,
        debtRoom: MAX_DEBT_MICRO - BigInt(account.debt),
        limitRoom,
      };
    },
  );
  return allocateRooms(applicants, { capacity, platformBalance: platform.balance, maxLine: MAX_LINE });
}

async function build(tx: Tx, { seq, prev, rooms }: { seq: bigint; prev: Hex; rooms: Room[] }): Promise<number> {
  await lockBuilder(tx);
  if (!isNext(await lastBatch(tx), { seq, prev })) throw new NothingToSettleError();
  const carries = await carriedBy(tx);
  const batchId = await insertDraft(tx, { seq, prev });
  const claimed = await claimCaptures(tx, { batchId, rooms, limit: MAX_CAPTURES });
  const captures = await claimedCaptures(tx, batchId);
  const batch = composeBatch({
    carries,
    captures: captures.map((row) => ({
      accountId: row.account_id,
      accountNumber: Number(row.account_number),
      operatorId: row.operator_id,
      operatorNumber: Number(row.operator_number),
      cost: nanoUsd(row.cost_nano),
      funded: nanoUsd(row.funded_nano),
    })),
  });
  if (batch === null || batch.gross === 0n) throw new NothingToSettleError();
  const tree = treeOf({ captures, accounts: batch.accounts });
  const subRoots = new Map([...tree.accounts].map(([number, { leaf }]) => [number, leaf.subRoot]));
  await saveBatch(tx, { batchId, ...bytesOf(batch), batch, root: tree.root, subRoots });
  return claimed;
}

const bytesOf = ({ accounts, earners }: ComposedBatch) => ({
  debits: linesOf(accounts),
  credits: linesOf(earners),
  referrals: linesOf([]),
});

const linesOf = (lines: ComposedLine[]): Uint8Array =>
  hexToBytes(
    encodeLines(
      lines
        .filter(({ line }) => line > 0n)
        .map(({ number, line }): { id: number; amount: MicroUsdc } => ({ id: number, amount: microUsdc(line) })),
    ),
  );
