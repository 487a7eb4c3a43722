import { blockHashAt } from "../chain/blocks.ts";
import {
  type BookedEvent,
  type ChainEvent,
  type EventKind,
  newestOpenEvent,
  noteBooked,
  noteReversed,
  raiseFinality,
  unbookedEvents,
  unsafeEvents,
  viewsExist,
} from "../chain/events-store.ts";
import type { Chain } from "../chain/open.ts";
import type { Sql, Tx } from "../db/types.ts";
import { bookChange, reverseChange } from "../flow/credit/book-change.ts";
import {
  bookConversion,
  bookExit,
  bookTransfer,
  bookVoucherClosed,
  bookVoucherCreated,
  reverseCredit,
} from "../flow/credit/book-credit.ts";
import { bookAccountOpened, reverseAccountOpened } from "../flow/deposit/book-account.ts";
import { bookDeposit, reverseDeposit } from "../flow/deposit/book-deposit.ts";
import { confirmDeposits } from "../flow/deposit/confirm-deposits.ts";
import type { Trust } from "../flow/deposit/trust.ts";
import { bookPayout, bookSkipped, reversePayout, reverseSkipped } from "../flow/payout/book-payout.ts";
import { bookSettlement, reverseSettlement } from "../flow/settle/book-settlement.ts";
import { bookVoid, reverseVoid } from "../flow/settle/book-void.ts";
import { finalizeBatches } from "../flow/settle/store.ts";

const FOLLOWER_LOCK = 4_927_004;
const PAGE = 200;

/** `offRampAddress`: lower-case, where earnings for banks are paid; null where there is no off-ramp. */
type Context = {
  sql: Sql;
  chain: Chain;
  offRampAddress: string | null;
  /** What of deposits is given on trust while their blocks may still go. */
  trust: Trust;
};

/** `safeBlock`: what is not above it will stay. */
type Booking = { viewsSchema: string; offRampAddress: string | null; safeBlock: bigint; trust: Trust };

type Step = {
  book: (tx: Tx, event: ChainEvent, context: Booking) => Promise<void>;
  reverse: (tx: Tx, event: BookedEvent) => Promise<void>;
};

const nothing = async (): Promise<void> => {};

/** What each event means to the ledger. */
const STEPS: Record<EventKind, Step> = {
  account_opened: { book: bookAccountOpened, reverse: reverseAccountOpened },
  deposited: { book: bookDeposit, reverse: reverseDeposit },
  transferred: { book: bookTransfer, reverse: reverseCredit },
  voucher_created: { book: bookVoucherCreated, reverse: reverseCredit },
  voucher_closed: { book: bookVoucherClosed, reverse: reverseCredit },
  batch_settled: { book: bookSettlement, reverse: reverseSettlement },
  batch_voided: { book: bookVoid, reverse: reverseVoid },
  earnings_converted: { book: bookConversion, reverse: reverseCredit },
  exited: { book: bookExit, reverse: reverseCredit },
  migrated: { book: bookExit, reverse: reverseCredit },
  paid_out: { book: bookPayout, reverse: reversePayout },
  payout_skipped: { book: bookSkipped, reverse: reverseSkipped },
  payout_to_queued: { book: nothing, reverse: nothing },
  owner_changed: { book: bookChange, reverse: reverseChange },
  day_limit_set: { book: bookChange, reverse: reverseChange },
  payout_to_set: { book: bookChange, reverse: reverseChange },
  suspended: { book: bookChange, reverse: reverseChange },
};

/** The kinds of events that the ledger follows. */
export const followedKinds = Object.keys(STEPS) as EventKind[];

/**
 * One round of taking over what the chain says: reverse what it no longer says, newest first; book what is new, in its
 * order; raise finality. One process does this at a time.
 */
export async function followChain(context: Context): Promise<void> {
  const connection = await context.sql.reserve();
  try {
    const [lock] = await connection<[{ taken: boolean }]>`select pg_try_advisory_lock(${FOLLOWER_LOCK}) as taken`;
    if (!lock.taken) return;
    try {
      if (!(await viewsExist(connection, context.chain.viewsSchema))) return;
      if (!(await reverseOrphans(context))) return;
      try {
        await bookNew(context);
      } finally {
        await followFinality(context);
      }
    } finally {
      await connection`select pg_advisory_unlock(${FOLLOWER_LOCK})`;
    }
  } finally {
    connection.release();
  }
}

/**
 * Reverses events whose block is no longer the chain's at its height. Asking about the newest one is enough as long as
 * it is canonical: everything before it is then, too. A missing indexer row proves nothing, only the block hash does.
 * @returns false if the chain is not that far (again): wait
 */
async function reverseOrphans({ sql, chain }: Context): Promise<boolean> {
  for (;;) {
    const newest = await newestOpenEvent(sql);
    if (!newest) return true;
    const canonical = await blockHashAt(chain.client, newest.block_number);
    if (canonical === null) return false;
    if (canonical === newest.block_hash) return true;
    await reverse(sql, newest);
  }
}

async function reverse(sql: Sql, event: BookedEvent): Promise<void> {
  await sql.begin(async (tx) => {
    if (await noteReversed(tx, event.event_id)) await STEPS[event.kind].reverse(tx, event);
  });
}

async function bookNew({ sql, chain, offRampAddress, trust }: Context): Promise<void> {
  const events = await canonicalOf(chain, await unbookedEvents(sql, { schema: chain.viewsSchema, limit: PAGE }));
  if (events.length === 0 || !(await isOnSameChain({ sql, chain }))) return;
  const { number: safeBlock } = await chain.client.getBlock({ blockTag: "safe" });
  const context = { viewsSchema: chain.viewsSchema, offRampAddress, safeBlock, trust };
  for (const event of events) {
    await sql.begin(async (tx) => {
      if (await noteBooked(tx, event)) await STEPS[event.kind].book(tx, event, context);
    });
  }
}

/** The first events, as far as the chain has them where the indexer saw them; it may be behind a reorganisation, or ahead. */
async function canonicalOf({ client }: Chain, events: ChainEvent[]): Promise<ChainEvent[]> {
  const hashes = new Map<bigint, string | null>();
  for (const [at, event] of events.entries()) {
    if (!hashes.has(event.block_number)) hashes.set(event.block_number, await blockHashAt(client, event.block_number));
    if (hashes.get(event.block_number) !== event.block_hash) return events.slice(0, at);
  }
  return events;
}

/**
 * Whether the newest event in the books is of the chain that new ones are of: asked after they were. A reorganisation may
 * have come since this round looked at it, or another endpoint answer; under newer events nobody would look at it again.
 */
async function isOnSameChain({ sql, chain }: Pick<Context, "sql" | "chain">): Promise<boolean> {
  const newest = await newestOpenEvent(sql);
  return !newest || (await blockHashAt(chain.client, newest.block_number)) === newest.block_hash;
}

async function followFinality({ sql, chain }: Context): Promise<void> {
  await confirmDeposits(sql);
  if (!(await newestOpenEvent(sql))) return;
  const [safe, final] = await Promise.all([
    chain.client.getBlock({ blockTag: "safe" }),
    chain.client.getBlock({ blockTag: "finalized" }),
  ]);
  if (!(await reverseBuried({ sql, chain }, safe.number))) return;
  await raiseFinality(sql, { safe: safe.number, final: final.number });
  await finalizeBatches(sql);
  await confirmDeposits(sql);
}

/**
 * Before anything counts as safe, its block is looked at once more. What is not the chain's is reversed, though newer events
 * are booked: two workers may have done so, one of which had slept since it looked.
 * @returns false if the chain is not that far (again): wait
 */
async function reverseBuried({ sql, chain }: Pick<Context, "sql" | "chain">, safe: bigint): Promise<boolean> {
  const hashes = new Map<bigint, string | null>();
  for (const event of await unsafeEvents(sql, safe)) {
    const { block_number: number } = event;
    if (!hashes.has(number)) hashes.set(number, await blockHashAt(chain.client, number));
    if (hashes.get(number) === null) return false;
    if (hashes.get(number) !== event.block_hash) await reverse(sql, event);
  }
  return true;
}
