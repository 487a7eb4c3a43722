import {
  type QueryClient,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap } from "./api.ts";
import { queryKeys } from "./query-keys.ts";

export interface NewKey {
  id: string;
  name: string;
  key: string;
}

const newKeyQuery = [...queryKeys.keys, "new"] as const;

/** Makes a key. The API tells it once; it stays in this page's memory for the snippets until the page is closed. */
export function useCreateKey(): UseMutationResult<NewKey, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name) => unwrap(api.POST("/api/keys", { body: { name } })),
    onSuccess: async (created) => {
      queries.setQueryData(newKeyQuery, created);
      await queries.invalidateQueries({ queryKey: queryKeys.keys, predicate: ({ queryKey }) => queryKey.length === 1 });
    },
  });
}

/** The key made last in this page, if there is one. */
export function useNewKey(): NewKey | null {
  const { data }: UseQueryResult<NewKey | null> = useQuery({
    queryKey: newKeyQuery,
    queryFn: () => null,
    enabled: false,
    gcTime: Number.POSITIVE_INFINITY,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? null;
}

/** A revoked key must not stay in the snippets. */
export function forgetNewKey(queries: QueryClient, id: string): void {
  queries.setQueryData<NewKey | null>(newKeyQuery, (known) => (known?.id === id ? null : known));
}
