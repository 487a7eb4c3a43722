import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type Delivery, unwrap, type WebhookEndpoint } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const DELIVERIES = 50;

export const useEndpoints = (): UseQueryResult<{ endpoints: WebhookEndpoint[] }> =>
  useQuery({ queryKey: queryKeys.webhooks, queryFn: () => unwrap(api.GET("/api/webhook-endpoints")) });

/** What was posted to an endpoint, newest first. */
export const useDeliveries = (id: string): UseQueryResult<{ deliveries: Delivery[] }> =>
  useQuery({
    queryKey: [...queryKeys.webhooks, id],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhook-endpoints/{id}/deliveries", { params: { path: { id }, query: { limit: DELIVERIES } } }),
      ),
  });

const createEndpoint = (url: string) => unwrap(api.POST("/api/webhook-endpoints", { body: { url } }));
type Created = Awaited<ReturnType<typeof createEndpoint>>;

/** @returns the endpoint and its secret, which is told this once */
export const useCreateEndpoint = (): UseMutationResult<Created, Error, string> => useWrite(createEndpoint);

export const useTestEndpoint = (): UseMutationResult<unknown, Error, string> =>
  useWrite((id) => unwrap(api.POST("/api/webhook-endpoints/{id}/test", { params: { path: { id } } })));

export const useDeleteEndpoint = (): UseMutationResult<unknown, Error, string> =>
  useWrite((id) => unwrap(api.DELETE("/api/webhook-endpoints/{id}", { params: { path: { id } } })));

export const useEnableEndpoint = (): UseMutationResult<unknown, Error, { id: string; disabled: boolean }> =>
  useWrite(({ id, disabled }) =>
    unwrap(api.PATCH("/api/webhook-endpoints/{id}", { params: { path: { id } }, body: { disabled } })),
  );

export const useRedeliver = (): UseMutationResult<unknown, Error, { id: string; deliveryId: string }> =>
  useWrite((path) =>
    unwrap(api.POST("/api/webhook-endpoints/{id}/deliveries/{deliveryId}/redeliver", { params: { path } })),
  );

function useWrite<Input, Output>(write: (input: Input) => Promise<Output>): UseMutationResult<Output, Error, Input> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.webhooks }),
  });
}
