import { queryOptions, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { actingAccount, setActing } from "./acting.ts";
import { type Account, api, type Me, unwrap } from "./api.ts";
import { ApiError } from "./errors.ts";
import { queryKeys } from "./query-keys.ts";

export const sessionQuery = queryOptions({ queryKey: queryKeys.session, queryFn: fetchAccount, staleTime: 30_000 });

/** The signed-in account, `null` when signed out. */
export const useSession = (): UseQueryResult<Account | null> => useQuery(sessionQuery);

/** Who is signed in, and how. Asked when somebody is. */
export function useMe(): UseQueryResult<Me> {
  const { data: account } = useSession();
  return useQuery({
    queryKey: queryKeys.me,
    queryFn: () => unwrap(api.GET("/api/me")),
    enabled: account !== undefined && account !== null,
  });
}

/** Whether an administrator is signed in; undefined as long as it is not known. */
export const useIsAdmin = (): boolean | undefined => useMe().data?.admin;

async function fetchAccount(): Promise<Account | null> {
  try {
    const { account } = await unwrap(api.GET("/api/account"));
    setActing(account.id);
    return account as Account;
  } catch (error) {
    // He was taken out of the team that this tab was in, or somebody else has signed in since.
    if (error instanceof ApiError && error.status === 404 && actingAccount() !== null) {
      setActing(null);
      return fetchAccount();
    }
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}
