import { creditEscrowAbi } from "@infr/contracts/abi";
import { type MicroUsdc, microUsdc, NANO_PER_MICRO, nanoUsd } from "@infr/money";
import { encodeLines, MAX_LINE, storedDigest } from "@infr/protocol";
import { type Hex, hexToBytes } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql, Tx } from "../../db/types.ts";
import { type ComposedBatch, type ComposedLine, composeBatch } from "./compose-batch.ts";
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
const MAX_CAPTURES = 100_000;
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
function isNext(last: Awaited<ReturnType<typeof lastBatch>>, next: { seq: bigint; prev: Hex }): boolean {
  if (!last) return next.seq === 1n;
  return last.settled_digest !== null && last.seq + 1n === next.seq && storedDigest(last.settled_digest) === next.prev;
}

/** What each account's line may come to before the contract would refuse or write it off. */
async function readRooms(chain: Chain, candidates: Candidate[]): Promise<Room[]> {
  const blockNumber = await chain.client.getBlockNumber({ cacheTime: 0 });
  return Promise.all(
    candidates.map(async ({ account_id: accountId, chain_account: number }) => {
      const account = await chain.client.readContract({
        address: chain.escrow,
        abi: creditEscrowAbi,
        functionName: "accountOf",
        args: [Number(number)],
        blockNumber,
      });
      const limit = BigInt(account.dayLimit) - BigInt(account.used);
      const funds = account.balance + MAX_DEBT_MICRO - BigInt(account.debt);
      const room = [limit, funds, MAX_LINE].reduce((a, b) => (a < b ? a : b));
      // One micro-dollar more: a line is rounded down, so anything below the next whole one still fits.
      return { accountId, roomNano: (room + 1n) * NANO_PER_MICRO };
    }),
  );
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
  await saveBatch(tx, { batchId, ...bytesOf(batch), batch, root: treeOf({ captures, accounts: batch.accounts }).root });
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
