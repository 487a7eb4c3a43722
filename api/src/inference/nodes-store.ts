import type { Queryable, Tx } from "../db/types.ts";
import { InvalidInputError } from "../errors.ts";
import type { VolumeStep } from "../metering/concrete-prices.ts";

/** What an operator says of a node besides what it sells. */
export type NodeTerms = {
  hardware: string | null;
  /** Percent of the price in each hour of a week, UTC. */
  schedule: number[] | null;
  /** Requests that it serves at once. */
  capacity: number | null;
  demandPercent: number;
  volume: VolumeStep[];
};

export type NodeRow = {
  node_id: string;
  name: string;
  url: string;
  enabled: boolean;
  live: boolean;
  hardware: string | null;
  schedule: number[] | null;
  capacity: number | null;
  demand_percent: number;
  volume_nano: bigint[];
  volume_percent: number[];
  created_at: Date;
};

/** An operator's node; the same URL again is the same node. @throws InvalidInputError for hardware that is not listed */
export async function saveNode(
  tx: Tx,
  node: { nodeId: string; accountId: string; name: string; url: string } & NodeTerms,
): Promise<NodeRow> {
  await requireHardware(tx, node.hardware);
  const volume = columnsOf(node.volume);
  const [row] = await tx<[NodeRow]>`
    insert into nodes (node_id, account_id, name, url, hardware, schedule, capacity, demand_percent, volume_nano,
      volume_percent)
    values (${node.nodeId}, ${node.accountId}, ${node.name}, ${node.url}, ${node.hardware},
      ${node.schedule}::smallint[], ${node.capacity}, ${node.demandPercent}, ${volume.from}::bigint[],
      ${volume.percent}::smallint[])
    on conflict (account_id, url) do update set
      name = excluded.name,
      enabled = true,
      live = true,
      canary_failures = 0,
      hardware = excluded.hardware,
      schedule = excluded.schedule,
      capacity = excluded.capacity,
      demand_percent = excluded.demand_percent,
      volume_nano = excluded.volume_nano,
      volume_percent = excluded.volume_percent
    returning node_id, name, url, enabled, live, hardware, schedule, capacity, demand_percent,
      volume_nano, volume_percent, created_at`;
  return row;
}

const columnsOf = (volume: VolumeStep[]) => ({
  from: volume.map(({ from }) => from.toString()),
  percent: volume.map(({ percent }) => percent),
});

async function requireHardware(tx: Tx, hardware: string | null): Promise<void> {
  if (hardware === null) return;
  const rows = await tx<Array<{ hardware: string }>>`select hardware from hardware order by hardware`;
  const known = rows.map((row) => row.hardware);
  if (!known.includes(hardware)) {
    throw new InvalidInputError(`hardware has to be one of ${known.join(", ")}, or left out.`, "hardware");
  }
}

/** Changes what is said of a node. One that was just probed is live. */
export async function saveTerms(
  tx: Tx,
  node: { nodeId: string; name: string; enabled: boolean; isProbed: boolean } & NodeTerms,
): Promise<NodeRow> {
  await requireHardware(tx, node.hardware);
  const volume = columnsOf(node.volume);
  const [row] = await tx<[NodeRow]>`
    update nodes set
      name = ${node.name},
      enabled = ${node.enabled},
      hardware = ${node.hardware},
      schedule = ${node.schedule}::smallint[],
      capacity = ${node.capacity},
      demand_percent = ${node.demandPercent},
      volume_nano = ${volume.from}::bigint[],
      volume_percent = ${volume.percent}::smallint[],
      live = live or ${node.isProbed},
      canary_failures = case when ${node.isProbed} then 0 else canary_failures end
    where node_id = ${node.nodeId}
    returning node_id, name, url, enabled, live, hardware, schedule, capacity, demand_percent,
      volume_nano, volume_percent, created_at`;
  return row;
}

/** Takes what is not offered any more off the market. What was metered keeps its prices: they stand in the book. */
export async function removeOffers(
  tx: Tx,
  { nodeId, kind, except }: { nodeId: string; kind?: "model" | "resource"; except: Array<{ product: string }> },
): Promise<void> {
  await tx`
    delete from node_models
    where node_id = ${nodeId} and not model = any (${except.map(({ product }) => product)})
      ${kind ? tx`and kind = ${kind}` : tx``}`;
}

export async function nodesOf(sql: Queryable, accountId: string): Promise<NodeRow[]> {
  return sql<NodeRow[]>`
    select node_id, name, url, enabled, live, hardware, schedule, capacity, demand_percent,
      volume_nano, volume_percent, created_at from nodes
    where account_id = ${accountId} order by created_at limit 1000`;
}

/** A node, if it is this account's. */
export async function nodeOf(
  sql: Queryable,
  { nodeId, accountId }: { nodeId: string; accountId: string },
): Promise<NodeRow | undefined> {
  const [row] = await sql<NodeRow[]>`
    select node_id, name, url, enabled, live, hardware, schedule, capacity, demand_percent,
      volume_nano, volume_percent, created_at from nodes
    where node_id = ${nodeId} and account_id = ${accountId}`;
  return row;
}

/** Takes a node off the market. Requests that it is serving end as they would. @returns whether it is this account's */
export async function disableNode(
  sql: Queryable,
  { nodeId, accountId }: { nodeId: string; accountId: string },
): Promise<boolean> {
  const rows = await sql`
    update nodes set enabled = false where node_id = ${nodeId} and account_id = ${accountId} returning node_id`;
  return rows.length > 0;
}

/** What is public of a node. */
export async function anyNode(
  sql: Queryable,
  nodeId: string,
): Promise<Pick<NodeRow, "node_id" | "name" | "enabled" | "live"> | undefined> {
  const [row] = await sql<Array<Pick<NodeRow, "node_id" | "name" | "enabled" | "live">>>`
    select node_id, name, enabled, live from nodes where node_id = ${nodeId}`;
  return row;
}
