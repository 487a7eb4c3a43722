import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type Model, unwrap } from "./api.ts";
import { queryKeys } from "./query-keys.ts";

const STALE_MS = 60_000;

/** The models for sale, with their best prices; anybody may know. */
export const useModels = (): UseQueryResult<Model[]> =>
  useQuery({
    queryKey: queryKeys.models,
    queryFn: async () => (await unwrap(api.GET("/v1/models"))).data,
    staleTime: STALE_MS,
  });
