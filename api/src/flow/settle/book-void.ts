import { microUsdc } from "@infr/money";
import { type BookedEvent, type ChainEvent, causeOf, column } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import type { Entry } from "../../ledger/entry.ts";
import { entriesOf, lockBalances } from "../../ledger/store.ts";
import { SettlementMismatchError } from "./book-settlement.ts";
import { carriesBefore, countLines, earnersOf, uncountLines } from "./counters.ts";
import { type SettledLine, settlementEntries } from "./settlement-entries.ts";
import { carriesOf, debtsOf, linesOf, saveCarries, settledBatchOfDigest, setVoided, unsetVoided } from "./store.ts";

const NANO_PER_MICRO = 1_000n;

/**
 * Books that the guardian had the contract undo a batch: usage and balances rise again, earnings fall, its captures are
 * unsettled and go into a next batch. The batch's number stays used.
 *
 * The entries are those of the settlement with their sides swapped, but for debts that were repaid since: what an account
 * owes of it no more, the contract gives back to the account and not to the platform, which has it already.
 * @throws SettlementMismatchError when no settled batch has the digest
 */
export async function bookVoid(tx: Tx, event: ChainEvent): Promise<void> {
  const digest = column(event, "batch_hash");
  const undone = await settledBatchOfDigest(tx, digest);
  if (!undone)
    throw new SettlementMismatchError(
      `batch ${column(event, "seq")} was undone, and we have none settled as ${digest}`,
    );
  const { batchId, settled } = undone;
  const lines = await linesOf(tx, batchId);
  const booked = await entriesOf(tx, causeOf("settle", { ...settled, times_booked: settled.times_booked - 1 }));
  const carries = carriesBefore(await carriesOf(tx, earnersOf(lines)), lines);
  const { entries } = settlementEntries({
    ...lines,
    overdrawn: await stillOwed(tx, amountsBy(booked, "debt")),
    writtenOff: amountsBy(booked, "written_off"),
    carries,
  });
  await bookEntries(tx, { cause: causeOf("void", event), entries: reversed(entries) });
  await uncountLines(tx, lines.debits);
  await saveCarries(tx, carries);
  await setVoided(tx, { batchId, eventId: event.event_id });
}

/** The undoing was reorganised away: the batch is settled as it was. */
export async function reverseVoid(tx: Tx, event: BookedEvent): Promise<void> {
  const cause = causeOf("void", { ...event, times_booked: event.times_booked - 1 });
  await bookEntries(tx, { cause: `reverse:${cause}`, entries: reversed(await entriesOf(tx, cause)) });
  const lines = await linesOf(tx, await unsetVoided(tx, event.event_id));
  await countLines(tx, lines.debits);
  const { carries } = settlementEntries({
    ...lines,
    overdrawn: [],
    writtenOff: [],
    carries: await carriesOf(tx, earnersOf(lines)),
  });
  await saveCarries(tx, carries);
}

/** What a settlement lent to accounts, or lost on them. */
const amountsBy = (entries: Entry[], book: "debt" | "written_off"): SettledLine[] =>
  entries
    .filter(({ debit }) => debit.book === book)
    .map(({ debit, amount }) => ({ accountId: debit.account, amount: microUsdc(amount / NANO_PER_MICRO) }));

/** Of what was lent, what is owed still. */
async function stillOwed(tx: Tx, lent: SettledLine[]): Promise<SettledLine[]> {
  if (lent.length === 0) return [];
  const accounts = lent.map(({ accountId }) => accountId);
  await lockBalances(tx, accounts);
  const debts = await debtsOf(tx, accounts);
  return lent.map(({ accountId, amount }) => {
    const owed = (debts.get(accountId) ?? 0n) / NANO_PER_MICRO;
    return { accountId, amount: owed < amount ? microUsdc(owed) : amount };
  });
}
