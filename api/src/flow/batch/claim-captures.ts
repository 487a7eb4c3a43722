import type { Tx } from "../../db/types.ts";
import type { Room } from "./allocate-rooms.ts";
import { type Candidate, MAX_PER_ACCOUNT } from "./choose-accounts.ts";
import { type Ask, type Caution, type ClaimedRow, claimCaptures } from "./claim-store.ts";
import type { Carried } from "./compose-batch.ts";

/** Captures that one statement claims: some megabytes on their way. */
const SLICE = 5_000;
const START = { startedAt: "-infinity", requestId: "" };

type Claim = {
  batchId: bigint;
  /** Whose captures may be claimed. */
  operators: string[];
  candidates: Candidate[];
  rooms: ReadonlyMap<string, Room>;
  /** What accounts carry in, in nano-dollars: it is part of their lines. */
  carried: ReadonlyMap<string, Carried>;
  caution: Caution | undefined;
};
type Open = Ask & { left: number };
/** `finished`: accounts that get no more, unless it is captures with platform-funded credit. */
type Slice = { rows: ClaimedRow[]; finished: string[] };

/**
 * Claims what the candidates have room for, oldest first, slice by slice: while one is looked at, the database works on
 * the next. First what accounts pay themselves, all of it, then captures with platform-funded credit in them.
 */
export async function* claimSlices(
  tx: Tx,
  { batchId, operators, candidates, rooms, carried, caution }: Claim,
): AsyncGenerator<Slice, void> {
  const spent = new Map([...carried].map(([accountId, { carryNano }]) => [accountId, carryNano]));
  for (const funded of [false, true]) {
    const open = candidates.flatMap((candidate) =>
      asksOf({ candidate, room: rooms.get(candidate.accountId), funded, spent }),
    );
    const claim = () => {
      const asks = takeSlice(open);
      if (asks.length === 0) return null;
      const rows = claimCaptures(tx, { batchId, operators, funded, asks, caution });
      rows.catch(() => {}); // who waits for it is told; if nobody does any more, the transaction has failed already
      return { asks, rows };
    };
    for (let slice = claim(); slice !== null; ) {
      const [rows, { asks }] = [await slice.rows, slice];
      const more = continued({ asks, rows, spent });
      open.push(...more);
      slice = claim();
      const unfinished = new Set(more.map(({ accountId }) => accountId));
      yield { rows, finished: asks.map(({ accountId }) => accountId).filter((id) => !unfinished.has(id)) };
    }
  }
}

function asksOf({
  candidate,
  room,
  funded,
  spent,
}: {
  candidate: Candidate;
  room: Room | undefined;
  funded: boolean;
  spent: ReadonlyMap<string, bigint>;
}): Open[] {
  const { accountId } = candidate;
  const left = Math.min(funded ? candidate.fundedCaptures : candidate.paidCaptures, MAX_PER_ACCOUNT);
  const paidNano = (room?.lineNano ?? 0n) - (spent.get(accountId) ?? 0n);
  if (!room || left === 0 || paidNano <= 0n || (funded && room.fundedNano === 0n)) return [];
  return [{ accountId, paidNano, fundedNano: room.fundedNano, most: 0, after: START, left }];
}

/** The next accounts, with as many captures as a slice has: those of a large one over several slices. */
function takeSlice(open: Open[]): Open[] {
  const asks: Open[] = [];
  for (let places = SLICE; places > 0 && open.length > 0; ) {
    const ask = open.shift() as Open;
    const most = Math.min(ask.left, SLICE);
    asks.push({ ...ask, most });
    places -= most;
  }
  return asks;
}

/** Who got as many as he asked for and may have more; notes what everybody has spent. */
function continued({ asks, rows, spent }: { asks: Open[]; rows: ClaimedRow[]; spent: Map<string, bigint> }): Open[] {
  const claimed = Map.groupBy(rows, (row) => row.account_id);
  return asks.flatMap((ask) => {
    const own = claimed.get(ask.accountId) ?? [];
    const paid = own.reduce((sum, row) => sum + row.cost_nano - row.funded_nano, 0n);
    const funded = own.reduce((sum, row) => sum + row.funded_nano, 0n);
    spent.set(ask.accountId, (spent.get(ask.accountId) ?? 0n) + paid);
    const last = own.find(({ last_at }) => last_at !== null);
    const left = ask.left - own.length;
    if (!last?.last_at || left === 0) return [];
    const after = { startedAt: last.last_at, requestId: last.request_id };
    return [{ ...ask, paidNano: ask.paidNano - paid, fundedNano: ask.fundedNano - funded, after, left }];
  });
}
