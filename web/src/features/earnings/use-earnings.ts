import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type EarnedBatch, type Earnings, type Payout, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const LIMIT = 25;

export const useEarnings = (): UseQueryResult<Earnings> =>
  useQuery({
    queryKey: queryKeys.earnings,
    queryFn: () => unwrap(api.GET("/api/earnings")),
  });

export const useEarnedBatches = (): UseQueryResult<{ batches: EarnedBatch[] }> =>
  useQuery({
    queryKey: [...queryKeys.earnings, "batches"],
    queryFn: () => unwrap(api.GET("/api/earnings/batches", { params: { query: { limit: LIMIT } } })),
  });

export const usePayouts = (): UseQueryResult<{ payouts: Payout[] }> =>
  useQuery({
    queryKey: queryKeys.payouts,
    queryFn: () => unwrap(api.GET("/api/payouts", { params: { query: { limit: LIMIT } } })),
  });

/** Asks for all that is available, to the wallet that the contract pays: no transaction of one's own, no gas. */
export function useRequestPayout(): UseMutationResult<unknown, Error, void> {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: () => unwrap(api.POST("/api/payouts", { body: { method: "wallet" } })),
    onSuccess: refresh,
  });
}

export function useCancelPayout(): UseMutationResult<unknown, Error, string> {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (id) => unwrap(api.POST("/api/payouts/{id}/cancel", { params: { path: { id } } })),
    onSuccess: refresh,
  });
}

function useRefresh(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all([queryKeys.payouts, queryKeys.earnings].map((queryKey) => queries.invalidateQueries({ queryKey })));
}
