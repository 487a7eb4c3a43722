import type { Queryable, Tx } from "../db/types.ts";
import { InvalidInputError } from "../errors.ts";

/** What an operator says of a node besides what it sells. */
export type NodeTerms = {
  hardware: string | null;
  /** Percent of the price in each hour of a week, UTC. */
  schedule: number[] | null;
  /** Requests that it serves at once. */
  capacity: number | null;
  demandPercent: number;
};

export type NodeRow = {
  node_id: string;
  name: string;
  url: string;
  enabled: boolean;
  hardware: string | null;
  schedule: number[] | null;
  capacity: number | null;
  demand_percent: number;
  created_at: Date;
};

/** An operator's node; the same URL again is the same node. @throws InvalidInputError for hardware that is not listed */
export async function saveNode(
  tx: Tx,
  node: { nodeId: string; accountId: string; name: string; url: string } & NodeTerms,
): Promise<NodeRow> {
  await requireHardware(tx, node.hardware);
  const [row] = await tx<[NodeRow]>`
    insert into nodes (node_id, account_id, name, url, hardware, schedule, capacity, demand_percent)
    values (${node.nodeId}, ${node.accountId}, ${node.name}, ${node.url}, ${node.hardware},
      ${node.schedule}::smallint[], ${node.capacity}, ${node.demandPercent})
    on conflict (account_id, url) do update set
      name = excluded.name,
      enabled = true,
      hardware = excluded.hardware,
      schedule = excluded.schedule,
      capacity = excluded.capacity,
      demand_percent = excluded.demand_percent
    returning node_id, name, url, enabled, hardware, schedule, capacity, demand_percent, created_at`;
  return row;
}

async function requireHardware(tx: Tx, hardware: string | null): Promise<void> {
  if (hardware === null) return;
  const rows = await tx<Array<{ hardware: string }>>`select hardware from hardware order by hardware`;
  const known = rows.map((row) => row.hardware);
  if (!known.includes(hardware)) {
    throw new InvalidInputError(`hardware has to be one of ${known.join(", ")}, or left out.`, "hardware");
  }
}

export async function nodesOf(sql: Queryable, accountId: string): Promise<NodeRow[]> {
  return sql<NodeRow[]>`
    select node_id, name, url, enabled, hardware, schedule, capacity, demand_percent, created_at from nodes
    where account_id = ${accountId} order by created_at limit 1000`;
}
