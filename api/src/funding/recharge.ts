import type { NanoUsd } from "@infr/money";
import type { Logger } from "pino";
import type { Sql } from "../db/types.ts";
import { InvalidInputError, NotFoundError } from "../errors.ts";
import { fundingRoom } from "../flow/credit/grant-lot.ts";
import { newId } from "../ids.ts";
import { queueMail } from "../notify/queue-mail.ts";
import { type CardLimits, CardPaymentError, chargeCard } from "./buy-credit.ts";
import { cardsOf, paymentOf } from "./cards-store.ts";
import { type Cards, NANO_PER_CENT, NEEDS_OWNER } from "./follow-payment.ts";
import {
  accountsToRecharge,
  beginRecharge,
  endRecharge,
  type PendingRecharge,
  rechargesToEnd,
  saveSetting,
  settingOf,
} from "./recharge-store.ts";

const PAGE = 100;
const CONFIRM = "Your bank asks you to confirm payments by this card. Pay with it once by hand, then turn it on again.";

export type RechargeSetting = {
  /** Null: from USDC that the account's owner allows, see flow/deposit/allowance. */
  cardId: string | null;
  threshold: NanoUsd;
  target: NanoUsd;
  /** At most so much in a calendar month, UTC. */
  ceiling: NanoUsd;
  cooldownSeconds: number;
};

/**
 * Turns recharging on for an account, or changes it. Nothing else ever does.
 * @param least the smallest payment of its kind
 * @throws NotFoundError, InvalidInputError
 */
export async function setRecharge(
  sql: Sql,
  {
    accountId,
    userId,
    setting,
    least,
  }: { accountId: string; userId: string; setting: RechargeSetting; least: NanoUsd },
): Promise<void> {
  const { cardId, threshold, target, ceiling, cooldownSeconds } = setting;
  if (cardId !== null && (await cardsOf(sql, accountId, cardId)).length === 0) throw new NotFoundError("card");
  if (target - threshold < least)
    throw new InvalidInputError("The target has to be above the threshold by at least the smallest payment.", "target");
  if (ceiling < least) throw new InvalidInputError("The ceiling has to be at least the smallest payment.", "ceiling");
  await saveSetting(sql, {
    accountId,
    userId,
    cardId,
    thresholdNano: threshold,
    targetNano: target,
    cooldownSeconds,
    ceilingNano: ceiling,
  });
}

type Context = { cards: Cards; limits: CardLimits; logger: Pick<Logger, "error"> };

/**
 * Recharges the accounts that have asked for it and need it, and ends what was begun. A recharge is a row before the card
 * is charged, one at a time for an account, so any number of workers charge once. One that fails does not hold up others.
 */
export async function rechargeAccounts(context: Context): Promise<void> {
  const { cards, logger } = context;
  await endAll(context);
  for (let after = ""; ; ) {
    const accounts = await accountsToRecharge(cards.sql, { after, limit: PAGE });
    for (const accountId of accounts) {
      try {
        await rechargeAccount(context, accountId);
      } catch (error) {
        logger.error({ err: error, accountId }, "a recharge needs another try");
      }
    }
    if (accounts.length < PAGE) break;
    after = accounts.at(-1) ?? after;
  }
  await endAll(context);
}

async function rechargeAccount({ cards, limits }: Context, accountId: string): Promise<void> {
  const { sql } = cards;
  const setting = await settingOf(sql, accountId);
  // Charging without cover would take money for credit that has to wait.
  if (!setting || (await fundingRoom(sql)) < setting.target_nano) return;
  const paymentId = newId("pay");
  const cents = await beginRecharge(sql, {
    rechargeId: newId("rech"),
    paymentId,
    accountId,
    leastCents: limits.least / NANO_PER_CENT,
    mostCents: limits.most / NANO_PER_CENT,
  });
  const payment = cents === null ? undefined : await paymentOf(sql, { paymentId });
  if (!payment) return;
  try {
    await chargeCard(cards, payment);
  } catch (error) {
    if (!(error instanceof CardPaymentError)) throw error; // refused: the payment says why, and is failed
  }
}

async function endAll({ cards }: Context): Promise<void> {
  for (const recharge of await rechargesToEnd(cards.sql, PAGE)) await end(cards, recharge);
}

/** A card that was refused, or whose owner has to confirm, is not tried again until he says so. */
async function end({ sql }: Cards, recharge: PendingRecharge): Promise<void> {
  const isPaid = recharge.payment_state === "paid";
  const needsOwner = recharge.payment_state === "action" || recharge.payment_reason === NEEDS_OWNER;
  const reason = needsOwner ? CONFIRM : (recharge.payment_reason ?? "The card was refused.");
  const { recharge_id: rechargeId, account_id: accountId } = recharge;
  await sql.begin(async (tx) => {
    if (!(await endRecharge(tx, { rechargeId, isPaid, reason })) || isPaid) return;
    await queueMail(tx, {
      cause: `recharge:${rechargeId}`,
      to: { accountId },
      template: "recharge_off",
      data: { reason, by: "card" },
    });
  });
}
