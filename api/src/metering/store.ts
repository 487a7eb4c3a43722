import { nanoUsd } from "@infr/money";
import type { Queryable, Tx } from "../db/types.ts";
import type { Offer } from "./offer.ts";
import { priceVersionOf } from "./price-version.ts";

type OfferRow = {
  node_id: string;
  node_name: string;
  url: string;
  operator_id: string;
  model: string;
  price_version: string;
  context_tokens: number;
  max_completion_tokens: number;
  prompt_nano: bigint;
  cached_nano: bigint;
  completion_nano: bigint;
  reasoning_nano: bigint;
  created_at: Date;
};

/** Every model of every enabled node with its price in force; a model without a price is not for sale. */
export async function loadOffers(sql: Queryable): Promise<Offer[]> {
  const rows = await sql<OfferRow[]>`
    select n.node_id, n.name as node_name, n.url, n.account_id as operator_id, m.model, m.price_version,
      m.context_tokens, m.max_completion_tokens, p.prompt_nano, p.cached_nano, p.completion_nano, p.reasoning_nano,
      n.created_at
    from nodes n
    join node_models m using (node_id)
    join prices p using (price_version)
    where n.enabled
    order by m.model, n.node_id`;
  return rows.map((row) => ({
    nodeId: row.node_id,
    nodeName: row.node_name,
    url: row.url,
    operatorId: row.operator_id,
    model: row.model,
    priceVersion: row.price_version,
    contextTokens: row.context_tokens,
    maxCompletionTokens: row.max_completion_tokens,
    createdAt: row.created_at,
    prices: {
      prompt: nanoUsd(row.prompt_nano),
      cached: nanoUsd(row.cached_nano),
      completion: nanoUsd(row.completion_nano),
      reasoning: nanoUsd(row.reasoning_nano),
    },
  }));
}

/** Puts a model up for sale at a price. A new price is a new version; what was metered keeps the old one. */
export async function saveOffer(
  tx: Tx,
  offer: Pick<Offer, "nodeId" | "model" | "prices" | "contextTokens" | "maxCompletionTokens">,
): Promise<void> {
  const version = priceVersionOf(offer);
  await tx`
    insert into prices (price_version, node_id, model, prompt_nano, cached_nano, completion_nano, reasoning_nano)
    values (${version}, ${offer.nodeId}, ${offer.model}, ${offer.prices.prompt}, ${offer.prices.cached},
      ${offer.prices.completion}, ${offer.prices.reasoning})
    on conflict (price_version) do nothing`;
  await tx`
    insert into node_models (node_id, model, price_version, context_tokens, max_completion_tokens)
    values (${offer.nodeId}, ${offer.model}, ${version}, ${offer.contextTokens}, ${offer.maxCompletionTokens})
    on conflict (node_id, model) do update set
      price_version = excluded.price_version,
      context_tokens = excluded.context_tokens,
      max_completion_tokens = excluded.max_completion_tokens`;
}

/** Makes the usage partitions of this month and the two after it. */
export async function createUsageMonths(sql: Queryable): Promise<void> {
  await sql`
    select create_usage_month((date_trunc('month', now()) + make_interval(months => n))::date) from generate_series(0, 2) n`;
}
