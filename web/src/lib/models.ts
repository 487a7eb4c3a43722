import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./api.ts";
import { queryKeys } from "./query-keys.ts";

const STALE_MS = 60_000;

/** OpenAI's fields, and OpenRouter's for prices: dollars per token as decimal strings. */
export interface Model {
  id: string;
  context_length: number;
  pricing: { prompt: string; completion: string };
  /** How many nodes sell it. */
  nodes: number;
}

/** The models for sale, with their best prices; anybody may know. */
export const useModels = (): UseQueryResult<Model[]> =>
  useQuery({ queryKey: queryKeys.models, queryFn: fetchModels, staleTime: STALE_MS });

/** `/v1` speaks OpenAI's shapes, which the OpenAPI document leaves to OpenAI. */
async function fetchModels(): Promise<Model[]> {
  const list: unknown = await unwrap(api.GET("/v1/models"));
  return (list as { data: Model[] }).data;
}
