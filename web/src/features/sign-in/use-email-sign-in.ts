import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../../lib/api.ts";
import { forgetAccount } from "../../lib/forget-account.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** Sends a code to an address. @returns the challenge that the code counts with, in this page alone */
export const useAskForCode = (): UseMutationResult<{ challenge: string }, Error, string> =>
  useMutation({ mutationFn: (email) => unwrap(api.POST("/api/auth/email", { body: { email } })) });

/** Signs in by that code; who was never here has an account then. */
export function useSignInWithCode(): UseMutationResult<void, Error, { challenge: string; code: string }> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body) => {
      const { account } = await unwrap(api.POST("/api/auth/email/verify", { body }));
      queries.setQueryData(queryKeys.session, account);
      forgetAccount(queries);
    },
  });
}
