import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type MoneyRequest, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const LIMIT = 25;

export const useRequests = (): UseQueryResult<{ requests: MoneyRequest[] }> =>
  useQuery({
    queryKey: queryKeys.requests,
    queryFn: () => unwrap(api.GET("/api/requests", { params: { query: { limit: LIMIT } } })),
  });

export function useAsk(): UseMutationResult<unknown, Error, { amount: string; message: string }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body) => unwrap(api.POST("/api/requests", { body: { ...body, expiresInDays: 30 } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.requests }),
  });
}

export function useCancelRequest(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.POST("/api/requests/{id}/cancel", { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.requests }),
  });
}
