import { randomBytes } from "node:crypto";
import { costOf, type NanoUsd, nanoUsd } from "@infr/money";
import type { Sql } from "../../db/types.ts";
import { InvalidInputError, NotFoundError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import type { ResourceOffer } from "../../metering/offer.ts";
import type { PriceBook } from "../../metering/price-book.ts";
import { buyersOf, captureEvents, type EventRow, type PricedEvent } from "./event-store.ts";

/** unique_violation, deadlock_detected: another report was at the same events. */
const LOST_RACES = new Set<unknown>(["23505", "40P01"]);
const MAX_CLOCK_SKEW_MS = 60_000;
/** Far more than any hold: a larger cost would not fit a column. */
const MAX_COST_NANO = 10n ** 18n;

/** What an operator says was used on a node. */
export type ReportedEvent = {
  /** The operator's own name for it: on a node, each is billed once. */
  id: string;
  holdId: string;
  resource: string;
  /** Whole units, above zero. */
  quantity: number;
  startedAt?: Date | undefined;
};

/** What became of an event. A refused one may be sent again, with the same id. */
export type EventAnswer = {
  id: string;
  outcome: "captured" | "duplicate" | "refused";
  reason: Exclude<EventRow["outcome"], "captured" | "duplicate"> | "too_dear" | "in_future" | null;
  requestId: string | null;
  cost: NanoUsd | null;
  /** What the hold has left; null for one that is not this operator's. */
  left: NanoUsd | null;
};

type Context = { sql: Sql; priceBook: PriceBook };
type Report = { operatorId: string; nodeId: string; events: ReportedEvent[]; now: Date };

/**
 * Bills what an operator reports of resources sold on his node, each event out of its hold, at the price in force, in one
 * commit, and never more than a hold has left. Sent again, it changes nothing and is answered as it was.
 * @throws NotFoundError for another operator's node, or a resource that it does not sell; InvalidInputError for an id twice
 */
export async function captureUsage({ sql, priceBook }: Context, report: Report): Promise<EventAnswer[]> {
  const { operatorId, nodeId, events, now } = report;
  const twice = events.find(({ id }, index) => events.findIndex((other) => other.id === id) !== index);
  if (twice) throw new InvalidInputError(`The event id ${twice.id} stands here twice. Give each its own.`, "events");
  const offers = await offersOf(priceBook, report);
  const offerTo = await buyerPrices({ sql, priceBook }, { offers, events });
  const priced = await Promise.all(
    events.map(async (event) => price(event, { nodeId, offer: await offerTo(event), now })),
  );
  const billable = priced.filter((event): event is PricedEvent => !("reason" in event));
  const rows = billable.length === 0 ? [] : await commit(sql, { operatorId, events: billable });
  const byEvent = new Map(rows.map((row) => [billable[row.n]?.eventId, row]));
  return priced.map((event) => ("reason" in event ? event : answerOf(event.eventId, byEvent.get(event.eventId))));
}

async function offersOf(
  priceBook: PriceBook,
  { operatorId, nodeId, events }: Report,
): Promise<Map<string, ResourceOffer>> {
  const offers = new Map<string, ResourceOffer>();
  for (const resource of new Set(events.map((event) => event.resource))) {
    const offer = await priceBook.resourceOf({ nodeId, resource });
    if (offer.operatorId !== operatorId) throw new NotFoundError("node");
    offers.set(resource, offer);
  }
  return offers;
}

/** Offers at the prices of whoever pays for an event. */
async function buyerPrices(
  { sql, priceBook }: Context,
  { offers, events }: { offers: Map<string, ResourceOffer>; events: ReportedEvent[] },
): Promise<(event: ReportedEvent) => Promise<ResourceOffer | undefined>> {
  const isByVolume = [...offers.values()].some(({ volume }) => volume.length > 0);
  const holdIds = events.map(({ holdId }) => holdId);
  const buyers = isByVolume ? await buyersOf(sql, holdIds) : new Map<string, string>();
  return async ({ resource, holdId }) => {
    const offer = offers.get(resource);
    const buyer = buyers.get(holdId);
    if (!offer || buyer === undefined) return offer;
    const [sold] = await priceBook.forBuyer([offer], buyer);
    return sold;
  };
}

function price(
  event: ReportedEvent,
  { nodeId, offer, now }: { nodeId: string; offer: ResourceOffer | undefined; now: Date },
): PricedEvent | EventAnswer {
  if (!offer) throw new NotFoundError("resource");
  const refused = { id: event.id, outcome: "refused", requestId: null, cost: null, left: null } as const;
  const startedAt = event.startedAt ?? now;
  if (startedAt.getTime() > now.getTime() + MAX_CLOCK_SKEW_MS) return { ...refused, reason: "in_future" };
  const cost = costOf({ units: event.quantity, nanoPerUnit: offer.perUnit });
  if (cost > MAX_COST_NANO) return { ...refused, reason: "too_dear" };
  const requestId = newId("req", startedAt);
  const { holdId, resource, quantity } = event;
  const { priceVersion } = offer;
  const receiptSalt = randomBytes(32).toString("hex");
  return {
    nodeId,
    eventId: event.id,
    holdId,
    resource,
    quantity,
    requestId,
    startedAt,
    cost,
    priceVersion,
    receiptSalt,
  };
}

/**
 * The same ids for two holds at the same moment, perhaps in another order: one of the two reports comes first, the other
 * then finds them.
 */
async function commit(sql: Sql, batch: { operatorId: string; events: PricedEvent[] }): Promise<EventRow[]> {
  try {
    return await captureEvents(sql, batch);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && LOST_RACES.has(error.code))) throw error;
    return captureEvents(sql, batch);
  }
}

function answerOf(id: string, row: EventRow | undefined): EventAnswer {
  if (!row) throw new Error(`the ledger did not answer for event ${id}`);
  const { outcome } = row;
  const isBilled = outcome === "captured" || outcome === "duplicate";
  return {
    id,
    outcome: isBilled ? outcome : "refused",
    reason: isBilled ? null : outcome,
    requestId: row.request_id,
    cost: row.cost_nano === null ? null : nanoUsd(row.cost_nano),
    left: row.left_nano === null ? null : nanoUsd(row.left_nano),
  };
}
