import { type MicroUsdc, microUsdc, type NanoUsd, nanoUsd } from "@infr/money";
import type { Address } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql } from "../../db/types.ts";
import { bookBalance } from "../../ledger/store.ts";
import { readStandings, type Standing } from "./read-standings.ts";
import { chainAccountOf, inBatches, paidTotal } from "./store.ts";
import { explain, nextMaturesAt, obstacleOf } from "./terms.ts";

const NANO_PER_MICRO = 1_000n;

/** What an account has earned, and where it is on its way: unsettled → in batch → held → available → paid. */
export type Earnings = {
  /** Its number in the contract, null until it is opened. */
  earner: number | null;
  /** Gross of served requests that no batch holds yet; 80 % of it will be earned. */
  unsettled: NanoUsd;
  /** Gross in batches that are not settled yet. */
  inBatch: NanoUsd;
  /** Settled, and held for 24–48 hours, during which a batch can be undone. */
  held: MicroUsdc;
  available: MicroUsdc;
  paid: MicroUsdc;
  /** When the next part of what is held becomes available. */
  nextMaturesAt: Date | null;
  payoutTo: Address | null;
  /** What counts for a payout; null until the account is opened in the contract. */
  standing: Standing | null;
  /** Why nothing would be paid now; null if it would. */
  waitsFor: string | null;
  /** Nobody is paid until then. */
  pausedUntil: Date | null;
};

/** Reads earnings: from the ledger what is not settled, from the contract what is. */
export async function readEarnings({ sql, chain }: { sql: Sql; chain: Chain }, accountId: string): Promise<Earnings> {
  const [gross, inBatch, paid, earner] = await Promise.all([
    bookBalance(sql, { book: "unsettled", account: accountId }),
    inBatches(sql, accountId),
    paidTotal(sql, accountId),
    chainAccountOf(sql, accountId),
  ]);
  const own = {
    earner,
    unsettled: nanoUsd(-gross - inBatch * NANO_PER_MICRO),
    inBatch: nanoUsd(inBatch * NANO_PER_MICRO),
    paid: microUsdc(paid),
  };
  if (earner === null) return { ...own, ...NOTHING };
  const { earners, at, pausedUntil } = await readStandings(chain, [earner]);
  const standing = earners.get(earner);
  if (!standing) throw new Error(`nothing is known of earner ${earner}`);
  const obstacle = obstacleOf(standing);
  return {
    ...own,
    held: microUsdc(standing.previous + standing.current),
    available: standing.available,
    nextMaturesAt: nextMaturesAt(standing, at),
    payoutTo: standing.payoutTo,
    standing,
    waitsFor: obstacle && explain(obstacle, { standing, at }),
    pausedUntil,
  };
}

const NOTHING = {
  held: microUsdc(0n),
  available: microUsdc(0n),
  nextMaturesAt: null,
  payoutTo: null,
  standing: null,
  waitsFor:
    "Your account is not open in the contract yet: it opens with your first deposit or your first settled earnings.",
  pausedUntil: null,
};
