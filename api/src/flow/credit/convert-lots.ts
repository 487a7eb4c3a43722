import type { Address } from "viem";
import type { Chain } from "../../chain/open.ts";
import type { Sql } from "../../db/types.ts";
import { newId, PLATFORM_ACCOUNT } from "../../ids.ts";
import { convertLot, type DueRow, dueConversions, retryConversion } from "./conversions-store.ts";
import { memoOf } from "./move-order.ts";
import { nonceAfterPending, recipientById } from "./moves-store.ts";
import { queueOpening } from "./queue-opening.ts";
import { readOwner } from "./read-owner.ts";

const MAX_LOTS = 50;
const PLATFORM_NUMBER = 1;
/** Chain time for which the platform's signature is good. */
const VALID_SECONDS = 600n;

export type Converting = {
  sql: Sql;
  chain: Chain;
  relayer: Address;
  /** Signs for account 1 in the contract, if it is its owner. */
  platform: Address;
  /** Days after which a card payment can't be disputed any more. */
  windowDays: number;
  now: Date;
};

/**
 * Makes what is left of old card lots account-paid: it leaves the lots, and account 1 transfers as much in the contract, by
 * the way of all moves. For the second or two in between the account has neither, so it waits until no request runs on it.
 * @returns how many were put on their way
 */
export async function convertLots(context: Converting): Promise<number> {
  const { sql, chain, platform } = context;
  const due = await dueConversions(sql, { ...context, limit: MAX_LOTS });
  if (due.length === 0 || (await readOwner(chain, PLATFORM_NUMBER)).owner !== platform) return 0;
  let converted = 0;
  for (const row of due) if (await convert(context, row)) converted += 1;
  return converted;
}

async function convert({ sql, chain, relayer, windowDays, now }: Converting, row: DueRow): Promise<boolean> {
  const { lot_id: lotId, to_number: toNumber } = row;
  if (!row.is_open) {
    const account = await recipientById(sql, row.account_id);
    if (account) await sql.begin((tx) => queueOpening(tx, { chain, relayer, account }));
  }
  // Its number may become another's still.
  if (toNumber === null) return false;
  const [{ nonce: onChain }, afterPending, { timestamp }] = await Promise.all([
    readOwner(chain, PLATFORM_NUMBER),
    nonceAfterPending(sql, PLATFORM_ACCOUNT),
    chain.client.getBlock(),
  ]);
  const moveId = newId("transfer");
  const terms = {
    moveId,
    memo: memoOf(moveId),
    toNumber,
    nonce: afterPending > onChain ? afterPending : onChain,
    deadline: timestamp + VALID_SECONDS,
  };
  return row.is_retry
    ? retryConversion(sql, { lotId, ...terms })
    : convertLot(sql, { lotId, windowDays, now, ...terms });
}
