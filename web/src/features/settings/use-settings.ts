import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type Me, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** Sends a code to the address. @returns the challenge that the code counts with */
export const useSendCode = (): UseMutationResult<{ challenge: string }, Error, string> =>
  useMutation({ mutationFn: (email) => unwrap(api.POST("/api/me/emails", { body: { email } })) });

export function useLinkEmail(): UseMutationResult<Me, Error, { challenge: string; code: string }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body) => unwrap(api.POST("/api/me/emails/verify", { body })),
    onSuccess: (me) => queries.setQueryData(queryKeys.me, me),
  });
}

/** Takes a way in away; sessions on other devices end with it. */
export function useUnlinkWallet(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (address) => unwrap(api.DELETE("/api/me/wallets/{address}", { params: { path: { address } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.me }),
  });
}

export function useUnlinkEmail(): UseMutationResult<unknown, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id) => unwrap(api.DELETE("/api/me/emails/{id}", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.me }),
  });
}

type Kinds = Awaited<ReturnType<typeof readKinds>>;
export type MailKind = Kinds["kinds"][number];
const readKinds = () => unwrap(api.GET("/api/notifications/mails"));

export const useMailKinds = (): UseQueryResult<Kinds> => useQuery({ queryKey: queryKeys.mails, queryFn: readKinds });

export function useChooseMails(): UseMutationResult<unknown, Error, { kind: MailKind["kind"]; wanted: boolean }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ kind, wanted }) =>
      unwrap(api.PUT("/api/notifications/mails/{kind}", { params: { path: { kind } }, body: { wanted } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.mails }),
  });
}
