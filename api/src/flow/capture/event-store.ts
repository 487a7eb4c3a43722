import type { Sql } from "../../db/types.ts";

export type PricedEvent = {
  nodeId: string;
  eventId: string;
  holdId: string;
  resource: string;
  quantity: number;
  /** Of the usage row that it becomes. */
  requestId: string;
  startedAt: Date;
  cost: bigint;
  priceVersion: string;
  /** 32 random bytes, hex. */
  receiptSalt: string;
};

export type EventRow = {
  n: number;
  outcome:
    | "captured"
    | "duplicate"
    | "conflict"
    | "unknown_hold"
    | "wrong_node"
    | "node_disabled"
    | "wrong_resource"
    | "too_early"
    | "hold_ended"
    | "above_hold";
  request_id: string | null;
  cost_nano: bigint | null;
  left_nano: bigint | null;
};

/** Bills events out of their holds, in the order given; `n` of an answer is an event's place. */
export async function captureEvents(
  sql: Sql,
  { operatorId, events }: { operatorId: string; events: PricedEvent[] },
): Promise<EventRow[]> {
  const rows = events.map((event, n) => ({
    n,
    node_id: event.nodeId,
    event_id: event.eventId,
    hold_id: event.holdId,
    resource: event.resource,
    quantity: event.quantity,
    request_id: event.requestId,
    started_at: event.startedAt,
    cost_nano: event.cost.toString(),
    price_version: event.priceVersion,
    receipt_salt: event.receiptSalt,
  }));
  return sql<EventRow[]>`select * from meter_usage(${operatorId}, ${JSON.stringify(rows)}::text::json)`;
}

/** Who pays for holds, by their ids. */
export async function buyersOf(sql: Sql, holdIds: string[]): Promise<Map<string, string>> {
  const rows = await sql<Array<{ hold_id: string; account_id: string }>>`
    select hold_id, account_id from job_holds where hold_id = any (${holdIds})`;
  return new Map(rows.map((row) => [row.hold_id, row.account_id]));
}
