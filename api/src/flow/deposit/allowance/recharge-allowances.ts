import { allowanceRechargeAbi } from "@infr/contracts/abi";
import { type MicroUsdc, microUsdc, nanoToMicro, nanoUsd } from "@infr/money";
import type { Logger } from "pino";
import { type Address, encodeFunctionData, type Hex, stringToHex } from "viem";
import { queueTransaction } from "../../../chain/outbox-store.ts";
import { isRevert, revertReason } from "../../../chain/rpc-errors.ts";
import type { Tx } from "../../../db/types.ts";
import { newId } from "../../../ids.ts";
import { queueMail } from "../../../notify/queue-mail.ts";
import { MIN_DEPOSIT_MICRO } from "../queue-authorization.ts";
import { type Allowances, mostOf, NoWalletOfItsOwnError, readStanding, shortageOf, walletOf } from "./standing.ts";
import {
  accountsDue,
  anyPending,
  beginUsdcRecharge,
  type DueRow,
  type EndingRow,
  endUsdcRecharge,
  rechargesToEnd,
  stopUsdcRecharge,
} from "./store.ts";

const PAGE = 100;
const GAS_LIMIT = 1_000_000n;
/** More than anybody recharges at once, and few enough nano-dollars for the database. */
const MOST_MICRO = microUsdc(10n ** 15n);

type Context = { allowances: Allowances; logger: Pick<Logger, "error"> };

/**
 * Recharges the accounts that have asked for it and need it from USDC that their owners allow, and ends what was begun. A
 * recharge and its transaction are rows of one commit, one at a time for an account, so any number of workers pull once.
 * What fails for one does not hold up the others.
 */
export async function rechargeAllowances(context: Context): Promise<void> {
  const { sql } = context.allowances;
  await endAll(context);
  for (let after = ""; ; ) {
    const due = await accountsDue(sql, { after, limit: PAGE });
    for (const row of due)
      await attempt(context, { accountId: row.account_id, run: () => rechargeAccount(context.allowances, row) });
    if (due.length < PAGE) return;
    after = due.at(-1)?.account_id ?? after;
  }
}

async function attempt(
  { logger }: Context,
  { accountId, run }: { accountId: string; run: () => Promise<void> },
): Promise<void> {
  try {
    await run();
  } catch (error) {
    logger.error({ err: error, accountId }, "a recharge from USDC needs another try");
  }
}

/** The chain is asked before anything is written down: what it would refuse is not begun. */
async function rechargeAccount(allowances: Allowances, { account_id: accountId, version }: DueRow): Promise<void> {
  const found = await look(allowances, { accountId, wanted: null });
  if (found.kind === "short") return stop(allowances, { accountId, version, reason: found.reason });
  if (found.kind === "wait") return;
  const { owner, most: mostMicro } = found;
  const [rechargeId, transactionId] = [newId("rech"), newId("tx")];
  const leastMicro = MIN_DEPOSIT_MICRO;
  await allowances.sql.begin(async (tx) => {
    const micro = await beginUsdcRecharge(tx, { rechargeId, transactionId, accountId, leastMicro, mostMicro });
    if (micro === null) return;
    await queueTransaction(tx, {
      transactionId,
      accountId,
      kind: "recharge",
      cause: `recharge:${rechargeId}`,
      sender: allowances.relayer,
      target: allowances.contract,
      data: callFor({ owner, amount: microUsdc(micro), rechargeId }),
    });
  });
}

/** The recharge's id is the memo: by it the deposit's event is known. */
const callFor = ({ owner, amount, rechargeId }: { owner: Address; amount: MicroUsdc; rechargeId: string }): Hex =>
  encodeFunctionData({
    abi: allowanceRechargeAbi,
    functionName: "recharge",
    args: [owner, amount, stringToHex(rechargeId, { size: 32 })],
  });

/** What stands in the way of a recharge: nothing, something that ends by itself, or something that its owner has to mend. */
type Found = { kind: "clear"; owner: Address; most: MicroUsdc } | { kind: "wait" } | { kind: "short"; reason: string };

/** Looks at the chain, and tries the call there: with `wanted`, or with as much as could be pulled. */
async function look(
  allowances: Allowances,
  { accountId, wanted }: { accountId: string; wanted: MicroUsdc | null },
): Promise<Found> {
  const { chain, relayer, contract } = allowances;
  const owner = await ownWallet(allowances, accountId);
  if (owner === null) return { kind: "short", reason: new NoWalletOfItsOwnError().message };
  const standing = await readStanding(allowances, owner);
  const reason = shortageOf(standing);
  if (reason !== null) return { kind: "short", reason };
  const most = mostOf(standing) < MOST_MICRO ? mostOf(standing) : MOST_MICRO;
  const amount = wanted === null || wanted > most ? most : wanted;
  if (standing.isPaused || amount < MIN_DEPOSIT_MICRO) return { kind: "wait" };
  try {
    const data = callFor({ owner, amount, rechargeId: "" });
    await chain.client.call({ account: relayer, to: contract, data, gas: GAS_LIMIT });
    return { kind: "clear", owner, most };
  } catch (error) {
    if (!isRevert(error)) throw error;
    return { kind: "short", reason: `The chain refuses it: ${revertReason(error)}.` };
  }
}

async function ownWallet(allowances: Allowances, accountId: string): Promise<Address | null> {
  try {
    return await walletOf(allowances, accountId);
  } catch (error) {
    if (error instanceof NoWalletOfItsOwnError) return null;
    throw error;
  }
}

const stop = (
  { sql }: Allowances,
  { accountId, version, reason }: { accountId: string; version: string; reason: string },
): Promise<void> =>
  sql.begin(async (tx) => {
    if (await stopUsdcRecharge(tx, { accountId, version, reason }))
      await tell(tx, { cause: `recharge-off:${accountId}:${version}`, accountId, reason });
  });

async function tell(
  tx: Tx,
  { cause, accountId, reason }: { cause: string; accountId: string; reason: string },
): Promise<void> {
  await queueMail(tx, { cause, to: { accountId }, template: "recharge_off", data: { reason, by: "usdc" } });
}

async function endAll(context: Context): Promise<void> {
  const { sql, chain } = context.allowances;
  if (!(await anyPending(sql))) return;
  const { number: finalBlock } = await chain.client.getBlock({ blockTag: "finalized" });
  for (const row of await rechargesToEnd(sql, { finalBlock, limit: PAGE }))
    await attempt(context, { accountId: row.account_id, run: () => end(context.allowances, row) });
}

/** One that failed turns recharging off if its owner has to do something; else it is tried again after the cooldown. */
async function end(allowances: Allowances, row: EndingRow): Promise<void> {
  const { recharge_id: rechargeId, account_id: accountId, is_booked: isPaid } = row;
  const { micro: wanted } = nanoToMicro(nanoUsd(row.amount_nano));
  const found: Found = isPaid ? { kind: "wait" } : await look(allowances, { accountId, wanted });
  const reason = found.kind === "short" ? found.reason : null;
  await allowances.sql.begin(async (tx) => {
    const ended = await endUsdcRecharge(tx, { rechargeId, isPaid, reason });
    if (ended && reason !== null) await tell(tx, { cause: `recharge:${rechargeId}`, accountId, reason });
  });
}
