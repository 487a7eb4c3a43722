import { type MicroUsdc, microUsdc, type NanoUsd, nanoUsd } from "@infr/money";
import type { Queryable, Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import { timeOfId } from "../ids.ts";
import { priceTextsOf } from "./price-texts.ts";
import {
  endsOf,
  type GroupRow,
  groupsOf,
  holderOf,
  inSnapshot,
  type LineRow,
  linesOf,
  type MovementRow,
  movementsOf,
  type SettledRow,
  settledIn,
  usedIn,
} from "./store.ts";

/** A commit takes at most so long to become visible: then a month is closed and its statement changes no more. */
const CLOSING_MS = 300_000;
const MAX_BATCHES = 1_000;

/** What an entry of a statement is. */
export type EntryKind =
  | "deposit"
  | "transfer_in"
  | "transfer_out"
  | "conversion"
  | "exit"
  | "grant"
  | "expiry"
  | "settlement"
  | "other";

/** What moved a balance, in nano-dollars: opening + all of these = closing. */
export type Movements = {
  deposits: NanoUsd;
  transfersIn: NanoUsd;
  transfersOut: NanoUsd;
  /** Earnings that were turned into credit. */
  converted: NanoUsd;
  /** Credit that its owner took out of the contract. */
  exited: NanoUsd;
  /** Platform-funded credit. */
  granted: NanoUsd;
  expired: NanoUsd;
  /** Below zero: what was metered. */
  usage: NanoUsd;
  /** Overdrafts that nobody has to repay. */
  writtenOff: NanoUsd;
  other: NanoUsd;
};

export type StatementGroup = { id: string | null; name: string | null; requests: number; cost: NanoUsd };

/** A month of an account, from the ledger alone. */
export type Statement = {
  number: string;
  account: string;
  owner: string;
  month: string;
  from: Date;
  until: Date;
  issuedAt: Date;
  /** False while the month lasts: then it says what there is so far. */
  closed: boolean;
  opening: NanoUsd;
  movements: Movements;
  closing: NanoUsd;
  entries: Array<{ time: Date; kind: EntryKind; cause: string; amount: NanoUsd }>;
  usage: {
    requests: number;
    cost: NanoUsd;
    platformPaid: NanoUsd;
    byModel: StatementGroup[];
    byKey: StatementGroup[];
  };
  /** Of the batches at most the first thousand are listed. */
  settled: { batches: number; line: MicroUsdc; listed: SettledRow[] };
  earnings: { opening: NanoUsd; earned: NanoUsd; paidOut: NanoUsd; converted: NanoUsd; closing: NanoUsd };
};

/** A page of charges, with the texts of the price versions that they name. */
export type StatementLines = { lines: LineRow[]; prices: string[]; nextCursor: string | null };

/** The months that an account has statements of, newest first; the first of them lasts still. */
export async function listMonths(
  sql: Sql,
  { accountId, now }: { accountId: string; now: Date },
): Promise<Array<{ month: string; closed: boolean }>> {
  const holder = await holderOf(sql, accountId);
  if (!holder) return [];
  const months: Array<{ month: string; closed: boolean }> = [];
  const first = monthOf(holder.created_at);
  for (let month = monthOf(now); month >= first; month = monthOf(new Date(periodOf(month).from.getTime() - 1))) {
    months.push({ month, closed: isClosed(month, now) });
  }
  return months;
}

/**
 * The statement of a month such as `2026-11`, with a page of its charges, in one snapshot. It adds up by construction and is
 * checked to: both ends are summed on their own.
 * @throws NotFoundError for a month before the account was there, or that has not begun
 */
export async function readStatement(
  sql: Sql,
  { accountId, month, now, cursor, limit }: StatementQuery,
): Promise<Statement & StatementLines> {
  return inSnapshot(sql, async (tx) => {
    const holder = await holderOf(tx, accountId);
    if (!holder || month < monthOf(holder.created_at) || month > monthOf(now)) throw new NotFoundError("statement");
    const period = { accountId, ...periodOf(month) };
    const ends = await endsOf(tx, period);
    const rows = await movementsOf(tx, period);
    const used = await usedIn(tx, period);
    const entries = rows.filter((row) => !row.is_earning).map(entryOf);
    const movements = movementsFrom(entries, nanoUsd(-used.cost));
    const opening = nanoUsd(ends.opening);
    const closing = nanoUsd(ends.closing);
    if (opening + sum(Object.values(movements)) !== closing) throw new Error(`${accountId} ${month} does not add up`);
    const settled = await settledIn(tx, { ...period, limit: MAX_BATCHES });
    return {
      number: `${accountId}-${month}`,
      account: accountId,
      owner: holder.owner,
      month,
      ...periodOf(month),
      issuedAt: now,
      closed: isClosed(month, now),
      opening,
      movements,
      closing,
      entries,
      usage: {
        requests: Number(used.requests),
        cost: nanoUsd(used.cost),
        platformPaid: nanoUsd(used.funded),
        ...groupBoth(await groupsOf(tx, period)),
      },
      settled: { batches: Number(settled.count), line: microUsdc(settled.line), listed: settled.rows },
      earnings: earningsFrom(rows, { opening: nanoUsd(ends.earned_opening), closing: nanoUsd(ends.earned_closing) }),
      ...(await readLines(tx, { ...period, cursor, limit })),
    };
  });
}

export type StatementQuery = {
  accountId: string;
  month: string;
  now: Date;
  /** The last request id of the page before. */
  cursor: string | undefined;
  limit: number;
};

async function readLines(
  tx: Queryable,
  { cursor, limit, ...period }: Omit<StatementQuery, "now" | "month"> & { from: Date; until: Date },
): Promise<StatementLines> {
  const after = cursor === undefined ? null : { requestId: cursor, startedAt: timeOfId(cursor) };
  const rows = await linesOf(tx, { ...period, after, limit: limit + 1 });
  const lines = rows.slice(0, limit);
  const prices = await priceTextsOf(
    tx,
    lines.map((line) => line.price_version),
  );
  return { lines, prices, nextCursor: rows.length > limit ? (lines.at(-1)?.request_id ?? null) : null };
}

/** What an event of the contract is to a balance; a transfer's direction follows from its sign. */
const KIND_OF_EVENT: Record<string, EntryKind | "transfer"> = {
  deposited: "deposit",
  transferred: "transfer",
  voucher_created: "transfer",
  voucher_closed: "transfer",
  earnings_converted: "conversion",
  exited: "exit",
  migrated: "exit",
  batch_settled: "settlement",
  batch_voided: "settlement",
  paid_out: "other",
};
/** The same by the first word of a cause, for what was never on the chain. */
const KIND_OF_CAUSE: Record<string, EntryKind | "transfer"> = {
  deposit: "deposit",
  transfer: "transfer",
  grant: "grant",
  expire: "expiry",
  settle: "settlement",
  void: "settlement",
};

function entryOf({ cause, booked_at, event_kind, amount }: MovementRow): Statement["entries"][number] {
  const word = cause.replace(/^reverse:/, "").split(":")[0] ?? "";
  const kind = (event_kind === null ? KIND_OF_CAUSE[word] : KIND_OF_EVENT[event_kind]) ?? "other";
  const directed = kind === "transfer" ? (amount > 0n ? "transfer_in" : "transfer_out") : kind;
  return { time: booked_at, kind: directed, cause, amount: nanoUsd(amount) };
}

const MOVEMENT_OF: Record<EntryKind, keyof Movements> = {
  deposit: "deposits",
  transfer_in: "transfersIn",
  transfer_out: "transfersOut",
  conversion: "converted",
  exit: "exited",
  grant: "granted",
  expiry: "expired",
  settlement: "writtenOff",
  other: "other",
};

function movementsFrom(entries: Statement["entries"], usage: NanoUsd): Movements {
  const zero = nanoUsd(0n);
  const movements: Movements = {
    deposits: zero,
    transfersIn: zero,
    transfersOut: zero,
    converted: zero,
    exited: zero,
    granted: zero,
    expired: zero,
    usage,
    writtenOff: zero,
    other: zero,
  };
  for (const { kind, amount } of entries) {
    movements[MOVEMENT_OF[kind]] = nanoUsd(movements[MOVEMENT_OF[kind]] + amount);
  }
  return movements;
}

/** What left as credit is converted, what else left is paid out; all that came was earned, or came back. */
function earningsFrom(
  rows: MovementRow[],
  { opening, closing }: { opening: NanoUsd; closing: NanoUsd },
): Statement["earnings"] {
  const own = rows.filter((row) => row.is_earning);
  const converted = sumOf(own.filter((row) => row.event_kind === "earnings_converted"));
  const paidOut = sumOf(own.filter((row) => row.event_kind === "paid_out"));
  return { opening, earned: nanoUsd(closing - opening - converted - paidOut), paidOut, converted, closing };
}

function groupBoth(rows: GroupRow[]): { byModel: StatementGroup[]; byKey: StatementGroup[] } {
  return {
    byModel: groupBy(rows, (row) => ({ id: row.model, name: null })),
    byKey: groupBy(rows, (row) => ({ id: row.key_id, name: row.key_name })),
  };
}

function groupBy(rows: GroupRow[], nameOf: (row: GroupRow) => Pick<StatementGroup, "id" | "name">): StatementGroup[] {
  const groups = Map.groupBy(rows, (row) => nameOf(row).id);
  return [...groups.values()].map((own) => ({
    ...nameOf(own[0] as GroupRow),
    requests: own.reduce((total, row) => total + Number(row.requests), 0),
    cost: sum(own.map((row) => row.cost)),
  }));
}

/** `2026-11` of a moment in it. */
const monthOf = (moment: Date): string => moment.toISOString().slice(0, 7);

function periodOf(month: string): { from: Date; until: Date } {
  const from = new Date(`${month}-01T00:00:00Z`);
  return { from, until: new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1)) };
}

const isClosed = (month: string, now: Date): boolean => now.getTime() >= periodOf(month).until.getTime() + CLOSING_MS;

const sumOf = (rows: MovementRow[]): NanoUsd => sum(rows.map((row) => row.amount));

const sum = (amounts: readonly bigint[]): NanoUsd => nanoUsd(amounts.reduce((total, amount) => total + amount, 0n));
