import { creditEscrowAbi } from "@infr/contracts/abi";
import { storedDigest } from "@infr/protocol";
import { type Hex, zeroHash } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql, Tx } from "../../db/types.ts";
import type { Room } from "./allocate-rooms.ts";
import { bytesOf } from "./batch-bytes.ts";
import { type Candidate, chooseAccounts } from "./choose-accounts.ts";
import { claimSlices } from "./claim-captures.ts";
import { type Caution, flushCandidates, isFull, type Party, partiesOf } from "./claim-store.ts";
import { composeTally } from "./compose-tally.ts";
import { readRooms } from "./read-rooms.ts";
import {
  carriesBefore,
  endSelfDealing,
  insertDraft,
  type LastBatch,
  lastBatch,
  lockBuilder,
  saveBatch,
} from "./store.ts";
import { Tally } from "./tally.ts";

type Context = { sql: Sql; chain: Chain };

/** When a batch is built, and with whom. */
export type BatchPolicy = {
  /** Unsettled usage at which an account gets a line. */
  flushNano: bigint;
  /** Age at which smaller usage gets one too. */
  flushAfterSeconds: number;
  /** Time between two batches, unless so many captures wait that one is worth it sooner. */
  intervalMs: number;
  fullCaptures: number;
  /** Chain time without a batch after which an empty one says that we are alive: far less than the 14 days of the exit. */
  heartbeatSeconds: number;
  /** What platform-funded credit paid to operators of low standing waits until it can't be disputed any more. */
  caution?: Caution;
};

/**
 * Builds the next batch, if enough has gathered and the last one is settled: claims captures, rounds them into lines,
 * hashes their receipts. What an account's line could not settle on-chain (day limit, balance, debt) waits. Nothing for
 * long makes an empty batch, so that the contract's exit for when we are gone stays shut.
 * @returns the number of captures in it
 */
export async function buildBatch({ sql, chain }: Context, policy: BatchPolicy): Promise<number> {
  const [seq, prev, settledAt] = await chain.client.readContract({
    address: chain.escrow,
    abi: creditEscrowAbi,
    functionName: "nextBatch",
  });
  const last = await lastBatch(sql);
  if (!isNext(last, { seq, prev }) || !(await isDue(sql, last, policy))) return 0;
  const candidates = chooseAccounts(await flushCandidates(sql, policy));
  if (candidates.length > 0) {
    const people = await readPeople(sql, candidates);
    const rooms = await readRooms(chain, { candidates, numbers: numbersOf(people) });
    const captures = await tryBuild(sql, { seq, prev, candidates, people, rooms, caution: policy.caution });
    if (captures !== null) return captures;
  }
  const { timestamp } = await chain.client.getBlock();
  if (timestamp - BigInt(settledAt) >= BigInt(policy.heartbeatSeconds)) {
    await tryBuild(sql, { seq, prev, candidates: [], people: new Map(), rooms: new Map(), caution: undefined });
  }
  return 0;
}

/** @returns null if there was nothing to settle, or another builder was faster */
async function tryBuild(sql: Sql, plan: Plan): Promise<number | null> {
  try {
    return await sql.begin((tx) => build(tx, plan));
  } catch (error) {
    if (error instanceof NothingToSettleError) return null;
    throw error;
  }
}

/** Thrown to roll back claims: what fits by now is too little for a batch. */
class NothingToSettleError extends Error {}

/** The ledger has booked every batch that the contract has settled, and none is on its way. */
const isNext = (last: LastBatch, next: { seq: bigint; prev: Hex }): boolean =>
  last.isSettled && last.usedSeq + 1n === next.seq && storedDigest(last.digest ?? zeroHash) === next.prev;

const isDue = async (sql: Sql, last: LastBatch, policy: BatchPolicy): Promise<boolean> =>
  last.ageMs >= policy.intervalMs || isFull(sql, policy.fullCaptures);

/** Everybody whom the candidates' captures concern. */
async function readPeople(sql: Sql, candidates: Candidate[]): Promise<Map<string, Party>> {
  return partiesOf(sql, [...new Set(candidates.flatMap(({ accountId, operators }) => [accountId, ...operators]))]);
}

/** Numbers that will stay theirs: a batch freezes numbers, a reorganisation may give a young one to another. */
const numbersOf = (people: ReadonlyMap<string, Party>): Map<string, number> =>
  new Map([...people.values()].flatMap((party) => (party.isLasting ? [[party.accountId, party.number ?? 0]] : [])));

type Plan = {
  seq: bigint;
  prev: Hex;
  /** None make an empty batch. */
  candidates: Candidate[];
  people: ReadonlyMap<string, Party>;
  rooms: ReadonlyMap<string, Room>;
  caution: Caution | undefined;
};

async function build(tx: Tx, { seq, prev, candidates, people, rooms, caution }: Plan): Promise<number> {
  await lockBuilder(tx);
  if (!isNext(await lastBatch(tx), { seq, prev })) throw new NothingToSettleError();
  const batchId = await insertDraft(tx, { seq, prev });
  const accounts = candidates.map(({ accountId }) => accountId);
  await endSelfDealing(tx, accounts);
  const { accounts: carried } = await carriesBefore(tx, { batchId, accounts, earners: [] });
  const tally = new Tally(people);
  const numbers = numbersOf(people);
  const operators = [...new Set(candidates.flatMap((each) => each.operators))].filter((each) => numbers.has(each));
  for await (const { rows, finished } of claimSlices(tx, { batchId, operators, candidates, rooms, carried, caution })) {
    tally.add(rows);
    tally.finish(finished); // now, while the database is busy with the next slice
  }
  const batch = await composeTally(tx, { batchId, tally });
  if (batch === null || (batch.gross === 0n && candidates.length > 0)) throw new NothingToSettleError();
  const subRoots = tally.subRoots();
  await saveBatch(tx, { batchId, batch, subRoots, bytes: bytesOf(batch, subRoots) });
  return tally.captures;
}
