import { type NanoUsd, nanoUsd } from "@infr/money";
import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import { earnedTotals, type ReferredRow, referralTotals, referredBy } from "./store.ts";

const NANO_PER_MICRO = 1_000n;
/** 1 %: the contract's constant. */
const PART = 100n;

/** What somebody has from his link, in nano-dollars. */
export type Referrals = {
  code: string;
  people: ReferredRow[];
  /** How many there are in all. */
  count: number;
  /** What they have used and no batch has settled yet. */
  unsettled: NanoUsd;
  /** What they have paid in settled batches. */
  gross: NanoUsd;
  /** 1 % of it, as booked: whole micro-dollars, the rest is carried in the contract. */
  earned: NanoUsd;
  /** Referred gross that waits for a batch with room for it, or for the referrer's account in the contract. */
  carried: NanoUsd;
  /** How much of what was earned has left his earnings: the same part as of all that he has earned. */
  paid: NanoUsd;
};

/** @throws NotFoundError for an account that there is not */
export async function readReferrals(
  sql: Sql,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<Referrals> {
  const [totals, earned, people] = await Promise.all([
    referralTotals(sql, accountId),
    earnedTotals(sql, accountId),
    referredBy(sql, { accountId, limit }),
  ]);
  if (!totals) throw new NotFoundError("account");
  const paid = earned.earned_nano > 0n ? (earned.referral_nano * earned.out_nano) / earned.earned_nano : 0n;
  return {
    code: totals.referral_code,
    people,
    count: totals.people,
    unsettled: nanoUsd(totals.unsettled_nano),
    gross: nanoUsd(totals.gross_micro * NANO_PER_MICRO),
    earned: nanoUsd(earned.referral_nano),
    carried: nanoUsd(earned.carried_micro * NANO_PER_MICRO),
    paid: nanoUsd(paid),
  };
}

/** A referrer's part of what one of his people has paid, exact in nano-dollars. */
export const partOf = (grossMicro: bigint): NanoUsd => nanoUsd((grossMicro * NANO_PER_MICRO) / PART);
