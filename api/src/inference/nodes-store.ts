import type { Queryable, Tx } from "../db/types.ts";

export type NodeRow = { node_id: string; name: string; url: string; enabled: boolean; created_at: Date };

/** An operator's node; the same URL again is the same node. */
export async function saveNode(
  tx: Tx,
  node: { nodeId: string; accountId: string; name: string; url: string },
): Promise<NodeRow> {
  const [row] = await tx<[NodeRow]>`
    insert into nodes (node_id, account_id, name, url)
    values (${node.nodeId}, ${node.accountId}, ${node.name}, ${node.url})
    on conflict (account_id, url) do update set name = excluded.name, enabled = true
    returning node_id, name, url, enabled, created_at`;
  return row;
}

export async function nodesOf(sql: Queryable, accountId: string): Promise<NodeRow[]> {
  return sql<NodeRow[]>`
    select node_id, name, url, enabled, created_at from nodes
    where account_id = ${accountId} order by created_at limit 1000`;
}
