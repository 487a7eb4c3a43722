import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** A node that serves a model, in OpenRouter's shape; percentages and milliseconds of the last day, null without traffic. */
export interface Endpoint {
  node_id: string;
  provider_name: string;
  /** 0 is live. */
  status: number;
  max_completion_tokens: number;
  pricing: { prompt: string; completion: string };
  uptime_last_1d: number | null;
  error_rate_last_1d: number | null;
  latency_last_1d: number | null;
  discrepancy_last_1d: number | null;
}

export const useEndpoints = (model: string): UseQueryResult<Endpoint[]> =>
  useQuery({ queryKey: [...queryKeys.models, model], queryFn: () => fetchEndpoints(model) });

/** `/v1` speaks OpenRouter's shapes here, which the OpenAPI document leaves to it. */
async function fetchEndpoints(model: string): Promise<Endpoint[]> {
  const answer: unknown = await unwrap(api.GET("/v1/models/{id}/endpoints", { params: { path: { id: model } } }));
  return (answer as { data: { endpoints: Endpoint[] } }).data.endpoints;
}
