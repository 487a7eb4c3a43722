import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type Me, unwrap } from "./api.ts";
import { forgetAccount } from "./forget-account.ts";
import { queryKeys } from "./query-keys.ts";
import { useSession } from "./session.ts";

export type Membership = Me["accounts"][number];
export type Permission = Membership["may"][number];

const useMe = <T>(select: (me: Me) => T, enabled: boolean): UseQueryResult<T> =>
  useQuery({ queryKey: queryKeys.me, queryFn: () => unwrap(api.GET("/api/me")), select, enabled });

/** The accounts that somebody belongs to, and what he may do in each. */
export const useMemberships = (): UseQueryResult<Membership[]> => useMe(accountsOf, useIsSignedIn());
const accountsOf = (me: Me) => me.accounts;

/** The id of who is signed in. */
export const useOwnId = (): string | undefined => useMe(idOf, useIsSignedIn()).data;
const idOf = (me: Me) => me.id;

const useIsSignedIn = (): boolean => Boolean(useSession().data);

/** Whether somebody's role in the account that he is in allows something; false until that is known. */
export function useMay(permission: Permission): boolean {
  const { data } = useMemberships();
  return data?.find(({ current }) => current)?.may.includes(permission) ?? false;
}

/** Goes on in another account: nothing of the one before stays in the page. */
export function useSwitchAccount(): UseMutationResult<void, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (accountId) => {
      await unwrap(api.POST("/api/me/account", { body: { accountId } }));
      forgetAccount(queries, accountId);
      await queries.invalidateQueries({ queryKey: queryKeys.session });
    },
  });
}
