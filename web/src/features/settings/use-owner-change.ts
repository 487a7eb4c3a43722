import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const readState = () => unwrap(api.GET("/api/account/owner"));
type OwnerChangeState = Awaited<ReturnType<typeof readState>>;
export type OwnerChange = NonNullable<OwnerChangeState["change"]>;

/** The newest change of the account's owner, and how long one waits. */
export const useOwnerChange = (): UseQueryResult<OwnerChangeState> =>
  useQuery({ queryKey: queryKeys.ownerChange, queryFn: readState });

export function useCancelTakeOver(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.DELETE("/api/account/owner/{id}", { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.ownerChange }),
  });
}
