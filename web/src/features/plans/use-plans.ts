import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type Plan, type Subscription, unwrap } from "../../lib/api.ts";
import { leaveFor } from "../../lib/leave-for.ts";
import { queryKeys } from "../../lib/query-keys.ts";

export interface PlansView {
  plans: Plan[];
  subscriptions: Subscription[];
}

export const usePlans = (): UseQueryResult<PlansView> =>
  useQuery({
    queryKey: queryKeys.subscriptions,
    queryFn: async () => {
      const [{ plans }, { subscriptions }] = await Promise.all([
        unwrap(api.GET("/api/plans")),
        unwrap(api.GET("/api/subscriptions")),
      ]);
      return { plans, subscriptions };
    },
  });

/** Opens the processor's page. */
export const useSubscribe = (): UseMutationResult<void, Error, string> =>
  useMutation({
    mutationFn: async (id) => {
      const { url } = await unwrap(api.POST("/api/plans/{id}/checkout", { params: { path: { id } } }));
      await leaveFor(url);
    },
  });

/** Ends a subscription with its period, or has it go on after all. */
export function useChangeSubscription(): UseMutationResult<unknown, Error, { id: string; endsAtPeriodEnd: boolean }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, endsAtPeriodEnd }) =>
      unwrap(api.PATCH("/api/subscriptions/{id}", { params: { path: { id } }, body: { endsAtPeriodEnd } })),
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.subscriptions }),
  });
}
