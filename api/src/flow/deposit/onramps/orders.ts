import type { Chain } from "../../../chain/open.ts";
import type { Sql } from "../../../db/types.ts";
import { newId } from "../../../ids.ts";
import { depositAddress } from "../addresses/address.ts";
import { type News, type Onramp, OnrampNotOfferedError, PROGRESS, type Provider } from "./onramp.ts";
import { advanceOrder, insertEvent, insertOrder, orderOfNews, saveExternalId } from "./store.ts";

/** Those that are set up here. */
export type Onramps = ReadonlyMap<Provider, Onramp>;
type Context = { sql: Sql; chain: Chain; onramps: Onramps };

/** @throws OnrampNotOfferedError */
export function onrampOf({ onramps }: Pick<Context, "onramps">, provider: Provider): Onramp {
  const onramp = onramps.get(provider);
  if (!onramp) throw new OnrampNotOfferedError(provider);
  return onramp;
}

/**
 * Opens a purchase of USDC that goes to the account's own deposit address: nobody can name another. What arrives there is
 * credited like every other deposit.
 * @throws OnrampNotOfferedError, OnrampRefusedError
 */
export async function openPurchase(
  context: Context,
  asked: { accountId: string; provider: Provider; amountCents: bigint | null; clientIp: string },
): Promise<{ orderId: string; url: string }> {
  const { sql } = context;
  const onramp = onrampOf(context, asked.provider);
  const { address } = await depositAddress(context, asked.accountId);
  const orderId = newId("onramp");
  await insertOrder(sql, { ...asked, orderId, address });
  const { url, externalId } = await onramp.openSession({ ...asked, orderId, address });
  if (externalId !== null) await saveExternalId(sql, { orderId, externalId });
  return { orderId, url };
}

/** Takes down what a provider tells, once. It moves no money. */
export async function hearOnramp(sql: Sql, provider: Provider, news: News): Promise<void> {
  await sql.begin(async (tx) => {
    const orderId = await orderOfNews(tx, provider, news);
    const { eventId, kind } = news;
    if (!(await insertEvent(tx, { provider, eventId, kind, orderId })) || orderId === null) return;
    await advanceOrder(tx, { orderId, progress: PROGRESS.indexOf(news.progress), news });
  });
}
