import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useRef } from "react";
import { api, type StandingOrder, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import type { Recipient } from "./recipient.ts";

const LIMIT = 50;

export const useStandingOrders = (): UseQueryResult<{ orders: StandingOrder[] }> =>
  useQuery({
    queryKey: queryKeys.standingOrders,
    queryFn: () => unwrap(api.GET("/api/standing-orders", { params: { query: { limit: LIMIT } } })),
  });

type Wanted = { to: Recipient; amount: string; every: StandingOrder["every"] };

export function useOrder(): UseMutationResult<unknown, Error, Wanted> {
  const queries = useQueryClient();
  // What is ordered again after a lost answer is the same order.
  const ordering = useRef<{ wanted: string; key: string } | null>(null);
  return useMutation({
    mutationFn: (body) => {
      const wanted = JSON.stringify(body);
      if (ordering.current?.wanted !== wanted) ordering.current = { wanted, key: crypto.randomUUID() };
      const params = { header: { "idempotency-key": ordering.current.key } };
      return unwrap(api.POST("/api/standing-orders", { params, body: { ...body, memo: "" } }));
    },
    onSuccess: () => {
      ordering.current = null;
      return queries.invalidateQueries({ queryKey: queryKeys.standingOrders });
    },
  });
}

export function useChangeOrder(): UseMutationResult<unknown, Error, { id: string; state: StandingOrder["state"] }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, state }) =>
      unwrap(api.PATCH("/api/standing-orders/{id}", { params: { path: { id } }, body: { state } })),
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.standingOrders }),
  });
}
