import { microUsdc } from "@infr/money";
import { type BookedEvent, type ChainEvent, causeOf, column, overdraftsOf } from "../../chain/events-store.ts";
import type { Tx } from "../../db/types.ts";
import { bookEntries, reversed } from "../../ledger/entries.ts";
import { entriesOf } from "../../ledger/store.ts";
import { carriesBefore, countLines, earnersOf, uncountLines } from "./counters.ts";
import { type SettledLine, settlementEntries } from "./settlement-entries.ts";
import {
  accountOf,
  accountsOfBatch,
  batchOfDigest,
  carriesOf,
  linesOf,
  saveCarries,
  setMined,
  unsetMined,
} from "./store.ts";

/** The chain settled something that we never signed, or in another way than we computed: nobody may book past it. */
export class SettlementMismatchError extends Error {
  override readonly name = "SettlementMismatchError";
}

/**
 * Books a settled batch, matched by the digest that was signed. Usage and balances fall together here, in one
 * transaction, and nowhere else.
 * @throws SettlementMismatchError when the digest is unknown, when the batch is booked as settled by another event, or when
 * the platform's share differs from the contract's
 */
export async function bookSettlement(
  tx: Tx,
  event: ChainEvent,
  { viewsSchema }: { viewsSchema: string },
): Promise<void> {
  const digest = column(event, "batch_hash");
  const signed = await batchOfDigest(tx, digest);
  if (!signed)
    throw new SettlementMismatchError(
      `batch ${column(event, "seq")} was settled with a digest we did not sign: ${digest}`,
    );
  const { batchId, settledBy } = signed;
  if (settledBy !== null)
    throw new SettlementMismatchError(
      `batch ${column(event, "seq")} is booked as settled by ${settledBy}: that has to be reversed before ${event.event_id}`,
    );
  const lines = await linesOf(tx, batchId);
  const { entries, carries, platformNet } = settlementEntries({
    ...lines,
    ...(await readOverdrafts(tx, { event, viewsSchema, batchId })),
    carries: await carriesOf(tx, earnersOf(lines)),
  });
  if (platformNet !== BigInt(column(event, "platform_net"))) {
    throw new SettlementMismatchError(
      `batch ${column(event, "seq")}: the platform earned ${column(event, "platform_net")} µUSDC, we computed ${platformNet}`,
    );
  }
  await bookEntries(tx, { cause: causeOf("settle", event), entries });
  await countLines(tx, lines.debits);
  await saveCarries(tx, carries);
  await setMined(tx, { batchId, eventId: event.event_id });
}

/** The settlement was reorganised away: usage and balances rise again, and the batch is on its way once more. */
export async function reverseSettlement(tx: Tx, event: BookedEvent): Promise<void> {
  const cause = causeOf("settle", { ...event, times_booked: event.times_booked - 1 });
  await bookEntries(tx, { cause: `reverse:${cause}`, entries: reversed(await entriesOf(tx, cause)) });
  const batchId = await unsetMined(tx, event.event_id);
  const lines = await linesOf(tx, batchId);
  await uncountLines(tx, lines.debits);
  await saveCarries(tx, carriesBefore(await carriesOf(tx, earnersOf(lines)), lines));
}

async function readOverdrafts(
  tx: Tx,
  { event, viewsSchema, batchId }: { event: ChainEvent; viewsSchema: string; batchId: bigint },
): Promise<{ overdrawn: SettledLine[]; writtenOff: SettledLine[] }> {
  const accounts = await accountsOfBatch(tx, batchId);
  const read = async (table: "overdrawn" | "written_off"): Promise<SettledLine[]> => {
    const rows = await overdraftsOf(tx, {
      schema: viewsSchema,
      table,
      blockHash: event.block_hash,
      seq: column(event, "seq"),
    });
    return rows.map(({ account, amount }) => ({
      accountId: accountOf(accounts, Number(account)),
      amount: microUsdc(amount),
    }));
  };
  return { overdrawn: await read("overdrawn"), writtenOff: await read("written_off") };
}
