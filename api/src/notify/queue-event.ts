import type { Tx } from "../db/types.ts";
import { newId } from "../ids.ts";
import type { EventData, EventType } from "./event-types.ts";
import { endpointsFor, insertDeliveries, insertEvent } from "./webhook-store.ts";

/** Something that happened to an account. */
export type AccountEvent<Type extends EventType> = {
  /** What it comes from, such as `transfer:<id>`: the same is told once. */
  cause: string;
  accountId: string;
  type: Type;
  data: EventData[Type];
};

/**
 * Queues an event for the webhooks of an account, in the transaction of its cause. Where nobody listens nothing is written.
 * @returns the event's id; null where nobody listens, or it was queued before
 */
export async function queueEvent<Type extends EventType>(tx: Tx, event: AccountEvent<Type>): Promise<string | null> {
  const endpoints = await endpointsFor(tx, event);
  if (endpoints.length === 0) return null;
  const eventId = newId("event");
  if (!(await insertEvent(tx, { eventId, ...event }))) return null;
  await insertDeliveries(tx, { eventId, deliveries: endpoints.map((endpointId) => [newId("delivery"), endpointId]) });
  return eventId;
}
