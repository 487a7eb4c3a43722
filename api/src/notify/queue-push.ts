import type { Tx } from "../db/types.ts";
import { newId } from "../ids.ts";
import { insertPushes, subscriptionsFor } from "./push-store.ts";

/** What a browser shows, for those who look after an account. */
export type PushNote = {
  /** What happened: nobody is shown the same twice. */
  cause: string;
  accountId: string;
  title: string;
  body: string;
  /** Where a click leads: a path of the web app. */
  path: string;
};

/** Queues a desktop notification, in the transaction of its cause, to each browser that wants them. @returns how many */
export async function queuePush(tx: Tx, { cause, accountId, ...message }: PushNote): Promise<number> {
  const subscriptions = await subscriptionsFor(tx, accountId);
  const pushes = subscriptions.map((subscriptionId) => ({ pushId: newId("push"), subscriptionId }));
  return insertPushes(tx, { pushes, cause, message });
}
