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

/** Makes a key; the API tells it once. */
export function useCreateKey(): UseMutationResult<NewKey, Error, { name: string; project?: string }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body) => unwrap(api.POST("/api/keys", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.keys, exact: true }),
  });
}

/** Keeps a key in this page's memory, for the snippets, until the page is closed. */
export const rememberNewKey = (queries: QueryClient, created: NewKey): void => {
  queries.setQueryData(newKeyQuery, created);
};

/** The key remembered last, if there is one. */
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
