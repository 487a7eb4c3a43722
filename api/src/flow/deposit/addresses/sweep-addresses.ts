import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, encodeFunctionData, type Hex } from "viem";
import type { Chain } from "../../../chain/open.ts";
import { queueTransaction } from "../../../chain/outbox-store.ts";
import type { Sql, Tx } from "../../../db/types.ts";
import { newId } from "../../../ids.ts";
import { MIN_DEPOSIT_MICRO } from "../queue-authorization.ts";
import { queueOpening } from "../queue-opening.ts";
import { endSweeps, type FullRow, fullAddresses, noteSweep } from "./store.ts";

/** Addresses in one transaction: each takes up to 112,000 gas, and a transaction of ours at most 1.5 million. */
const MAX_REFS = 10;
const PAGE = 50;

/** What sweeping works with. */
export type Sweeping = { sql: Sql; chain: Chain; relayer: Address };

/**
 * One round of sweeping: what has $5 or more goes into the contract, many addresses in one transaction; accounts that are
 * not open yet are opened first. An address has one sweep at a time, and one that failed goes by itself, after a pause: a
 * blacklisted address would make every sweep fail that names it. What comes of it is told by the contract's event alone.
 */
export async function sweepAddresses(sweeping: Sweeping): Promise<void> {
  await endSweeps(sweeping.sql);
  await sweeping.sql.begin(async (tx) => {
    const full = await fullAddresses(tx, { leastMicro: MIN_DEPOSIT_MICRO, limit: PAGE });
    for (const row of full) if (!row.is_open) await queueOpening(tx, { ...sweeping, account: row });
    const open = full.filter((row) => row.is_open);
    const healthy = open.filter(({ failures }) => failures === 0);
    for (let at = 0; at < healthy.length; at += MAX_REFS)
      await queueSweep(tx, { ...sweeping, rows: healthy.slice(at, at + MAX_REFS) });
    for (const row of open) if (row.failures > 0) await queueSweep(tx, { ...sweeping, rows: [row] });
  });
}

async function queueSweep(
  tx: Tx,
  { chain, relayer, rows }: { chain: Chain; relayer: Address; rows: FullRow[] },
): Promise<void> {
  const refs: Hex[] = rows.map(({ ref }) => ref);
  const transactionId = newId("tx");
  await queueTransaction(tx, {
    transactionId,
    accountId: null,
    kind: "sweep",
    cause: `sweep:${transactionId}`,
    sender: relayer,
    target: chain.escrow,
    data: encodeFunctionData({ abi: creditEscrowAbi, functionName: "sweep", args: [refs] }),
  });
  await noteSweep(tx, { accountIds: rows.map(({ account_id: accountId }) => accountId), transactionId });
}
