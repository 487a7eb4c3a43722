import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type TopUp, type TopUpPage, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const LIMIT = 50;

/** What whoever has a link sees. */
export const useTopUpPage = (id: string): UseQueryResult<TopUpPage> =>
  useQuery({
    queryKey: [...queryKeys.topUps, id],
    queryFn: () => unwrap(api.GET("/api/top-ups/{id}", { params: { path: { id } } })),
  });

export const useTopUps = (): UseQueryResult<{ links: TopUp[] }> =>
  useQuery({
    queryKey: queryKeys.topUps,
    queryFn: () => unwrap(api.GET("/api/top-ups", { params: { query: { limit: LIMIT } } })),
  });

export function useMakeTopUp(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (message) => unwrap(api.POST("/api/top-ups", { body: { message } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.topUps }),
  });
}

export function useEndTopUp(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.DELETE("/api/top-ups/{id}", { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.topUps }),
  });
}
