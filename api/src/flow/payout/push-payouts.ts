import { creditEscrowAbi } from "@infr/contracts/abi";
import { type Address, encodeFunctionData } from "viem";
import type { Chain } from "../../chain/open.ts";
import { queueTransaction } from "../../chain/outbox-store.ts";
import type { Sql } from "../../db/types.ts";
import { newId } from "../../ids.ts";
import { isListed } from "../../screening/screen-wallet.ts";
import type { Screener } from "../../screening/screener.ts";
import { payOwed } from "./off-ramp-store.ts";
import { readStandings, type Standings } from "./read-standings.ts";
import {
  completePayouts,
  lockPending,
  noteWaiting,
  type PendingRow,
  pendingPayouts,
  releaseRefused,
  setProcessing,
} from "./store.ts";
import { explain, MIN_PAYOUT, obstacleOf } from "./terms.ts";

const MAX_PENDING = 500;
/** A line costs up to 60,000 gas, more with the policy; the outbox gives a transaction 1.5M. */
const MAX_EARNERS = 12;

type Context = { sql: Sql; chain: Chain; relayer: Address; screener: Screener | null };

/**
 * Queues pushes for the requests that the contract would pay now; the others wait. Any number of processes may do this:
 * a request is taken with its row locked, in the transaction that queues its push.
 * @returns how many were taken
 */
export async function pushPayouts(context: Context): Promise<number> {
  const { sql, chain } = context;
  await releaseRefused(sql);
  await completePayouts(sql);
  const fromOffRamp = await payOwed(sql, MIN_PAYOUT);
  const pending = await pendingPayouts(sql, MAX_PENDING);
  if (pending.length === 0) return fromOffRamp;
  const standings = await readStandings(
    chain,
    pending.map((row) => Number(row.chain_account)),
  );
  if (standings.pausedUntil) return fromOffRamp;
  const { ready: payable, waiting } = sift(pending, standings);
  const ready = await screened(context, { payable, standings, waiting });
  await noteWaiting(sql, waiting);
  let pushed = 0;
  for (let at = 0; at < ready.length; at += MAX_EARNERS) {
    pushed += await push(context, ready.slice(at, at + MAX_EARNERS));
  }
  return fromOffRamp + pushed;
}

/** Those that go to nobody on a list. Without an answer all wait. */
async function screened(
  context: Context,
  { payable, standings, waiting }: { payable: PendingRow[]; standings: Standings } & Pick<Sifted, "waiting">,
): Promise<PendingRow[]> {
  const clear: PendingRow[] = [];
  for (const row of payable) {
    const payoutTo = standings.earners.get(Number(row.chain_account))?.payoutTo ?? "";
    if (!(await isListed(context, payoutTo))) clear.push(row);
    else waiting.push({ payoutId: row.payout_id, reason: `The wallet ${payoutTo} is on a sanctions list.` });
  }
  return clear;
}

type Sifted = { ready: PendingRow[]; waiting: Array<{ payoutId: string; reason: string }> };

/** Those that the contract would pay now, and why it would not pay the others. */
function sift(pending: PendingRow[], { earners, at }: Standings): Sifted {
  const ready: PendingRow[] = [];
  const waiting: Array<{ payoutId: string; reason: string }> = [];
  for (const row of pending) {
    const standing = earners.get(Number(row.chain_account));
    if (!standing) throw new Error(`nothing is known of earner ${row.chain_account}`);
    const obstacle = obstacleOf(standing);
    if (obstacle === null) ready.push(row);
    else waiting.push({ payoutId: row.payout_id, reason: explain(obstacle, { standing, at }) });
  }
  return { ready, waiting };
}

function push({ sql, chain, relayer }: Context, rows: PendingRow[]): Promise<number> {
  return sql.begin(async (tx) => {
    const locked = await lockPending(
      tx,
      rows.map((row) => row.payout_id),
    );
    const taken = rows.filter((row) => locked.has(row.payout_id));
    if (taken.length === 0) return 0;
    const transactionId = newId("tx");
    await queueTransaction(tx, {
      transactionId,
      accountId: null,
      kind: "payout",
      cause: `payout:${transactionId}`,
      sender: relayer,
      target: chain.escrow,
      data: encodeFunctionData({
        abi: creditEscrowAbi,
        functionName: "payout",
        args: [taken.map((row) => Number(row.chain_account))],
      }),
    });
    await setProcessing(tx, { payoutIds: taken.map((row) => row.payout_id), transactionId });
    return taken.length;
  });
}
