import { nanoUsd } from "@infr/money";
import type { ConcretePrices } from "@infr/protocol";
import type { Queryable } from "../../db/types.ts";

/** A capture that costs something else than its prices say, or names prices of another node, model or operator. */
export async function wronglyPriced(sql: Queryable, batchId: bigint): Promise<string | undefined> {
  const [row] = await sql<Array<{ request_id: string }>>`
    select u.request_id from usage u
    left join prices p on p.price_version = u.price_version and p.node_id = u.node_id and p.model = u.model
    left join nodes n on n.node_id = u.node_id and n.account_id = u.operator_id
    where u.batch_id = ${batchId} and (
      p.price_version is null or n.node_id is null
      or u.prompt_nano <> u.prompt_tokens * p.prompt_nano or u.cached_nano <> u.cached_tokens * p.cached_nano
      or u.completion_nano <> u.completion_tokens * p.completion_nano
      or u.reasoning_nano <> u.reasoning_tokens * p.reasoning_nano or u.units_nano <> u.units * p.unit_nano
      or u.cost_nano <> u.prompt_nano + u.cached_nano + u.completion_nano + u.reasoning_nano + u.units_nano
    )
    limit 1`;
  return row?.request_id;
}

/** The sets of prices that a batch's captures name. */
export async function pricesOfBatch(
  sql: Queryable,
  batchId: bigint,
): Promise<Array<{ version: string; prices: ConcretePrices }>> {
  const rows = await sql<
    Array<{
      price_version: string;
      node_id: string;
      kind: "model" | "resource";
      model: string;
      prompt_nano: bigint;
      cached_nano: bigint;
      completion_nano: bigint;
      reasoning_nano: bigint;
      unit: string;
      unit_nano: bigint;
    }>
  >`
    select price_version, node_id, kind, model, prompt_nano, cached_nano, completion_nano, reasoning_nano, unit, unit_nano
    from prices where price_version in (select price_version from usage where batch_id = ${batchId})`;
  return rows.map((row) => ({
    version: row.price_version,
    prices: {
      node: row.node_id,
      kind: row.kind,
      product: row.model,
      prompt: nanoUsd(row.prompt_nano),
      cached: nanoUsd(row.cached_nano),
      completion: nanoUsd(row.completion_nano),
      reasoning: nanoUsd(row.reasoning_nano),
      unit: row.unit,
      perUnit: nanoUsd(row.unit_nano),
    },
  }));
}
