import { nanoUsd } from "@infr/money";
import type { ConcretePrices } from "@infr/protocol";
import type { Queryable, Tx } from "../db/types.ts";
import type { PriceSource, VolumeStep } from "./concrete-prices.ts";
import type { Offer } from "./offer.ts";

/** An offer as it stands in the database, its prices not worked out. */
export type StoredOffer = PriceSource &
  Pick<Offer, "nodeName" | "url" | "operatorId" | "isLive" | "canaryMs" | "supportedParameters" | "createdAt"> & {
    contextTokens: number | null;
    maxCompletionTokens: number | null;
  };

type OfferRow = {
  node_id: string;
  node_name: string;
  url: string;
  operator_id: string;
  live: boolean;
  canary_ms: number | null;
  kind: "model" | "resource";
  product: string;
  parameters_millions: number | null;
  supported_parameters: string[] | null;
  context_tokens: number | null;
  max_completion_tokens: number | null;
  prompt_nano: bigint | null;
  cached_nano: bigint | null;
  completion_nano: bigint | null;
  reasoning_nano: bigint | null;
  unit: string;
  unit_nano: bigint | null;
  hardware_percent: number;
  schedule: number[] | null;
  capacity: number | null;
  demand_percent: number;
  volume_nano: bigint[];
  volume_percent: number[];
  created_at: Date;
};

/** Everything that enabled nodes offer, or that one node offers, enabled or not. */
export async function loadOffers(sql: Queryable, nodeId: string | null = null): Promise<StoredOffer[]> {
  const rows = await sql<OfferRow[]>`
    select n.node_id, n.name as node_name, n.url, n.account_id as operator_id, n.live, n.canary_ms, m.kind,
      m.model as product, m.parameters_millions, m.supported_parameters, m.context_tokens, m.max_completion_tokens, m.prompt_nano,
      m.cached_nano, m.completion_nano, m.reasoning_nano, m.unit, m.unit_nano,
      coalesce(h.percent, 100) as hardware_percent, n.schedule, n.capacity, n.demand_percent,
      n.volume_nano, n.volume_percent, n.created_at
    from nodes n
    join node_models m using (node_id)
    left join hardware h using (hardware)
    where ${nodeId === null ? sql`n.enabled` : sql`n.node_id = ${nodeId}`}
    order by m.model, n.node_id`;
  return rows.map((row) => ({
    nodeId: row.node_id,
    nodeName: row.node_name,
    url: row.url,
    operatorId: row.operator_id,
    isLive: row.live,
    canaryMs: row.canary_ms,
    kind: row.kind,
    product: row.product,
    parametersMillions: row.parameters_millions,
    supportedParameters: row.supported_parameters,
    contextTokens: row.context_tokens,
    maxCompletionTokens: row.max_completion_tokens,
    asked: {
      prompt: row.prompt_nano,
      cached: row.cached_nano,
      completion: row.completion_nano,
      reasoning: row.reasoning_nano,
    },
    unit: row.unit,
    perUnit: row.unit_nano,
    hardwarePercent: row.hardware_percent,
    schedule: row.schedule,
    capacity: row.capacity,
    demandPercent: row.demand_percent,
    volume: volumeOf(row),
    createdAt: row.created_at,
  }));
}

/** The steps of a node's volume prices. */
export const volumeOf = (row: { volume_nano: bigint[]; volume_percent: number[] }): VolumeStep[] =>
  row.volume_nano.map((from, index) => ({ from: nanoUsd(from), percent: row.volume_percent[index] ?? 100 }));

/** What an account has used of each operator's nodes in a month (UTC), by the day on which it began. */
export async function usedOfOperators(
  sql: Queryable,
  { accountId, month }: { accountId: string; month: Date },
): Promise<Map<string, bigint>> {
  const rows = await sql<Array<{ operator_id: string; used: bigint }>>`
    select n.account_id as operator_id, sum(s.cost_nano)::bigint as used
    from usage_sums s
    join nodes n using (node_id)
    cross join (select (${month}::timestamptz at time zone 'UTC')::date as first) m
    where s.account_id = ${accountId} and s.day >= m.first and s.day < m.first + interval '1 month'
    group by n.account_id`;
  return new Map(rows.map((row) => [row.operator_id, row.used]));
}

/** What an operator says of one offer. */
export type NewOffer = Pick<
  StoredOffer,
  | "nodeId"
  | "kind"
  | "product"
  | "parametersMillions"
  | "supportedParameters"
  | "contextTokens"
  | "maxCompletionTokens"
  | "asked"
  | "unit"
  | "perUnit"
> & {
  /** Where it was found to answer; null: as before, or nobody asked. */
  path: string | null;
};

/** Puts something up for sale, or changes it. What was metered keeps the version that it was priced by. */
export async function saveOffer(tx: Tx, offer: NewOffer): Promise<void> {
  const { prompt, cached, completion, reasoning } = offer.asked;
  await tx`
    insert into node_models (node_id, model, kind, parameters_millions, supported_parameters, context_tokens,
      max_completion_tokens, prompt_nano, cached_nano, completion_nano, reasoning_nano, unit, unit_nano, path)
    values (${offer.nodeId}, ${offer.product}, ${offer.kind}, ${offer.parametersMillions}, ${offer.supportedParameters},
      ${offer.contextTokens}, ${offer.maxCompletionTokens}, ${prompt}, ${cached}, ${completion}, ${reasoning},
      ${offer.unit}, ${offer.perUnit}, coalesce(${offer.path}, '/v1/chat/completions'))
    on conflict (node_id, model) do update set
      kind = excluded.kind,
      parameters_millions = excluded.parameters_millions,
      supported_parameters = excluded.supported_parameters,
      context_tokens = excluded.context_tokens,
      max_completion_tokens = excluded.max_completion_tokens,
      prompt_nano = excluded.prompt_nano,
      cached_nano = excluded.cached_nano,
      completion_nano = excluded.completion_nano,
      reasoning_nano = excluded.reasoning_nano,
      unit = excluded.unit,
      unit_nano = excluded.unit_nano,
      path = coalesce(${offer.path}, node_models.path)`;
}

/** Writes down sets of prices under their versions; those that are known stay as they are. */
export async function savePrices(
  sql: Queryable,
  priced: Array<{ version: string; prices: ConcretePrices }>,
): Promise<void> {
  const rows = priced.map(({ version, prices }) => ({
    price_version: version,
    node_id: prices.node,
    kind: prices.kind,
    model: prices.product,
    prompt_nano: prices.prompt.toString(),
    cached_nano: prices.cached.toString(),
    completion_nano: prices.completion.toString(),
    reasoning_nano: prices.reasoning.toString(),
    unit: prices.unit,
    unit_nano: prices.perUnit.toString(),
  }));
  await sql`
    insert into prices (price_version, node_id, kind, model, prompt_nano, cached_nano, completion_nano, reasoning_nano,
      unit, unit_nano)
    select price_version, node_id, kind, model, prompt_nano, cached_nano, completion_nano, reasoning_nano, unit, unit_nano
    from json_populate_recordset(null::prices, ${JSON.stringify(rows)}::text::json)
    order by price_version
    on conflict do nothing`;
}

type PricesRow = {
  node_id: string;
  kind: "model" | "resource";
  model: string;
  prompt_nano: bigint;
  cached_nano: bigint;
  completion_nano: bigint;
  reasoning_nano: bigint;
  unit: string;
  unit_nano: bigint;
  created_at: Date;
};

/** The prices that a version names, and when they were first in force. */
export async function pricesOf(
  sql: Queryable,
  version: string,
): Promise<{ prices: ConcretePrices; since: Date } | undefined> {
  const [row] = await sql<PricesRow[]>`
    select node_id, kind, model, prompt_nano, cached_nano, completion_nano, reasoning_nano, unit, unit_nano, created_at
    from prices where price_version = ${version}`;
  if (!row) return undefined;
  const prices = {
    node: row.node_id,
    kind: row.kind,
    product: row.model,
    prompt: nanoUsd(row.prompt_nano),
    cached: nanoUsd(row.cached_nano),
    completion: nanoUsd(row.completion_nano),
    reasoning: nanoUsd(row.reasoning_nano),
    unit: row.unit,
    perUnit: nanoUsd(row.unit_nano),
  };
  return { prices, since: row.created_at };
}

/** Makes the usage partitions of this month and the two after it. */
export async function createUsageMonths(sql: Queryable): Promise<void> {
  await sql`
    select create_usage_month((date_trunc('month', now()) + make_interval(months => n))::date) from generate_series(0, 2) n`;
}
