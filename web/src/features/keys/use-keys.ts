import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type ApiKey, api, unwrap } from "../../lib/api.ts";
import { forgetNewKey } from "../../lib/new-key.ts";
import { queryKeys } from "../../lib/query-keys.ts";

export const useKeys = (): UseQueryResult<{ keys: ApiKey[] }> =>
  useQuery({ queryKey: queryKeys.keys, queryFn: () => unwrap(api.GET("/api/keys")) });

export function useRevokeKey(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.DELETE("/api/keys/{id}", { params: { path: { id } } })),
    onSuccess: (_, id) => {
      forgetNewKey(queries, id);
      return queries.invalidateQueries({ queryKey: queryKeys.keys });
    },
  });
}
