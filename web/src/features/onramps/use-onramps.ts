import { type UseMutationResult, type UseQueryResult, useMutation, useQuery } from "@tanstack/react-query";
import { api, type Config, type Purchase, unwrap } from "../../lib/api.ts";
import { leaveFor } from "../../lib/leave-for.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const LIMIT = 10;

export type Provider = Config["onramps"][number];

export const usePurchases = (): UseQueryResult<Purchase[]> =>
  useQuery({
    queryKey: queryKeys.onramps,
    queryFn: async () => (await unwrap(api.GET("/api/onramps", { params: { query: { limit: LIMIT } } }))).purchases,
  });

/** Opens the provider's page: it sends the USDC to the account's address. */
export const useBuy = (): UseMutationResult<void, Error, { provider: Provider; amount: string }> =>
  useMutation({
    mutationFn: async ({ provider, amount }) => {
      const params = { path: { provider } };
      const { url } = await unwrap(api.POST("/api/onramps/{provider}/sessions", { params, body: { amount } }));
      await leaveFor(url);
    },
  });
