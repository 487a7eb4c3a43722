import { viewsExist } from "../chain/events-store.ts";
import type { Chain } from "../chain/open.ts";
import type { Sql, Tx } from "../db/types.ts";
import { followedKinds } from "./follow-chain.ts";
import { readAccounts, readReserves, readVouchers } from "./read-contract.ts";
import {
  type Booked,
  bookedUpTo,
  type Difference,
  type EventCount,
  eventCounts,
  type LedgerTotals,
  ledgerTotals,
  liabilitiesByEvents,
  newestReconciliation,
  type OnChainAccount,
  type OpenVoucher,
  onChainAccounts,
  openVouchers,
  type Reconciliation,
  saveReconciliation,
  trimReconciliations,
} from "./reconcile-store.ts";

const ATTEMPTS = 20;
const PAUSE_MS = 250;
const NANO_PER_MICRO = 1_000n;
/** Nodes keep the state of so many blocks at least. Older than that, the newest block is compared instead. */
const RECENT_BLOCKS = 60n;
const LOCK = 4_927_011;
const KEEP_DAYS = 30;

type Context = { sql: Sql; chain: Chain };

/** What the books say, all from one snapshot of the database. */
type Books = {
  booked: Booked;
  totals: LedgerTotals;
  accounts: OnChainAccount[];
  vouchers: OpenVoucher[];
  events: EventCount[];
  /** What the indexer's rows alone say that is owed, in µUSDC; null before the indexer's first start. */
  owedByEvents: bigint | null;
};

/**
 * Compares, per account, per voucher and in total, what the ledger has booked, what the indexer has rows of, what the
 * contract says and what USDC it holds. Contract and USDC are read at the block up to which the ledger has booked; events
 * are booked one by one, so a difference counts only if it stays.
 */
export async function reconcile(context: Context): Promise<Reconciliation> {
  let result = await compare(context);
  for (let attempt = 1; attempt < ATTEMPTS && !result.ok; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    result = await compare(context);
  }
  return result;
}

/**
 * Reconciles and keeps the result as a row, differences as rows of their own: nothing is ever put right silently. One
 * process does this at a time. @returns the result, or null if another process is at it
 */
export async function reconcileAndKeep(context: Context): Promise<Reconciliation | null> {
  const connection = await context.sql.reserve();
  try {
    const [lock] = await connection<[{ taken: boolean }]>`select pg_try_advisory_lock(${LOCK}) as taken`;
    if (!lock.taken) return null;
    try {
      const result = await reconcile(context);
      await context.sql.begin((tx) => saveReconciliation(tx, result));
      await trimReconciliations(context.sql, { keepDays: KEEP_DAYS });
      return result;
    } finally {
      await connection`select pg_advisory_unlock(${LOCK})`;
    }
  } finally {
    connection.release();
  }
}

/**
 * The newest result for whoever asks: the kept one, unless no worker has made one for `freshMs`. Then this process
 * reconciles, at most once at a time.
 */
export function keptReconciliation(context: Context, freshMs: number): () => Promise<Reconciliation> {
  let running: Promise<Reconciliation> | null = null;
  const renew = async () => (await reconcileAndKeep(context)) ?? (await reconcile(context));
  return async () => {
    const kept = await newestReconciliation(context.sql);
    if (kept && Date.now() - kept.finishedAt.getTime() < freshMs) return kept;
    running ??= renew().finally(() => (running = null));
    return running;
  };
}

async function compare({ sql, chain }: Context): Promise<Reconciliation> {
  const startedAt = performance.now();
  const head = await chain.client.getBlock();
  const books = await sql.begin("isolation level repeatable read read only", (tx) => readBooks(tx, chain.viewsSchema));
  const { number, hash } = await blockToCompare(chain, { booked: books.booked, head });
  const { held, liabilities } = await readReserves(chain, number);
  const differences = [
    ...(await accountDifferences(chain, { books, block: number })),
    ...(await voucherDifferences(chain, { books, block: number })),
    ...totalDifferences(books, { held, liabilities }),
  ].filter(({ ledger, chain: other }) => ledger !== other);
  return {
    block: number,
    blockHash: hash,
    accounts: books.accounts.length,
    vouchers: books.vouchers.length,
    events: books.booked.events,
    usdcHeld: held * NANO_PER_MICRO,
    liabilities: liabilities * NANO_PER_MICRO,
    ledger: books.totals,
    differences,
    ok: differences.length === 0,
    tookMs: performance.now() - startedAt,
    finishedAt: new Date(),
  };
}

/**
 * The block up to which the ledger has booked, where nodes still have its state and the chain still has it: what was
 * reorganised away is about to be reversed. Otherwise the newest.
 */
async function blockToCompare(
  { client }: Chain,
  { booked, head }: { booked: Booked; head: { number: bigint; hash: string } },
): Promise<{ number: bigint; hash: string }> {
  const isRecent = booked.block >= 0n && booked.block >= head.number - RECENT_BLOCKS && booked.block <= head.number;
  if (!isRecent) return head;
  const block = await client.getBlock({ blockNumber: booked.block });
  return block.hash === booked.block_hash ? block : head;
}

async function readBooks(tx: Tx, schema: string): Promise<Books> {
  const booked = await bookedUpTo(tx);
  const hasViews = await viewsExist(tx, schema);
  return {
    booked,
    totals: await ledgerTotals(tx),
    accounts: await onChainAccounts(tx),
    vouchers: await openVouchers(tx),
    events: hasViews ? await eventCounts(tx, { schema, block: booked.block, kinds: followedKinds }) : [],
    owedByEvents: hasViews ? await liabilitiesByEvents(tx, { schema, block: booked.block }) : null,
  };
}

async function accountDifferences(
  chain: Chain,
  { books, block }: { books: Books; block: bigint },
): Promise<Difference[]> {
  const numbers = books.accounts.map((account) => account.chain_account);
  const found = await readAccounts(chain, { numbers, blockNumber: block });
  return books.accounts.flatMap((account, index) => {
    const word = found[index];
    if (!word) throw new Error(`the contract said nothing of ${account.account_id}`);
    const compared = (what: string, ledger: bigint, inChain: bigint): Difference => ({
      what: `${what} of ${account.account_id}`,
      accountId: account.account_id,
      ledger,
      chain: inChain,
    });
    const micro = (what: string, ledger: bigint, inChain: bigint) => compared(what, ledger, inChain * NANO_PER_MICRO);
    return [
      micro("credit", account.chain_nano, word.balance),
      micro("debt", account.debt_nano, word.debt),
      micro("earnings", account.earnings_nano, word.earnings),
      micro("day limit", (account.day_limit_micro ?? word.dayLimit) * NANO_PER_MICRO, word.dayLimit),
      compared("suspension", account.suspended_until ?? 0n, word.suspendedUntil),
      compared(`owner ${word.owner}`, account.owner === word.owner ? 1n : 0n, 1n),
    ];
  });
}

async function voucherDifferences(
  chain: Chain,
  { books: { vouchers }, block }: { books: Books; block: bigint },
): Promise<Difference[]> {
  const found = await readVouchers(chain, { keys: vouchers.map(({ key }) => key), blockNumber: block });
  return vouchers.map(({ key, amount_nano: ledger }, index) => ({
    what: `voucher ${key}`,
    accountId: null,
    ledger,
    chain: (found[index] ?? 0n) * NANO_PER_MICRO,
  }));
}

function totalDifferences(
  { totals, events, owedByEvents }: Books,
  { held, liabilities }: { held: bigint; liabilities: bigint },
): Difference[] {
  const compared = (what: string, ledger: bigint, chain: bigint): Difference => ({
    what,
    accountId: null,
    ledger,
    chain,
  });
  const owed = liabilities * NANO_PER_MICRO;
  const short = liabilities > held ? (liabilities - held) * NANO_PER_MICRO : 0n;
  return [
    compared("liabilities", totals.credit + totals.earnings + totals.vouchers, owed),
    compared("escrow", totals.escrow, owed),
    compared("USDC that is missing", 0n, short),
    compared("usage and unsettled", totals.usage, totals.unsettled),
    ...(owedByEvents === null
      ? []
      : [compared("liabilities by the indexer's rows", owedByEvents * NANO_PER_MICRO, owed)]),
    ...events.map(({ kind, booked, indexed }) =>
      compared(`events ${kind}, booked and indexed`, BigInt(booked), BigInt(indexed)),
    ),
  ];
}
