import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const readName = () => unwrap(api.GET("/api/name"));
type OwnName = Awaited<ReturnType<typeof readName>>;

/** The name that credit can be sent to. */
export const useName = (): UseQueryResult<OwnName> => useQuery({ queryKey: queryKeys.name, queryFn: readName });

export function useChooseName(): UseMutationResult<OwnName, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name) => unwrap(api.PUT("/api/name", { body: { name } })),
    onSuccess: (name) => queries.setQueryData(queryKeys.name, name),
  });
}
