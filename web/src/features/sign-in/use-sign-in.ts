import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Connector, useConfig } from "wagmi";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { forgetAccount } from "../../lib/forget-account.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { signInMessage } from "../../lib/sign-in-message.ts";

const STATEMENT = "Sign in to infr. This costs nothing and moves nothing.";

/** Connects the chosen wallet and signs in with it. */
export function useSignIn(): UseMutationResult<void, Error, Connector> {
  const wagmi = useConfig();
  const { chainId } = useAppConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (connector) => {
      const body = await signInMessage(wagmi, { connector, chainId, statement: STATEMENT });
      const { account } = await unwrap(api.POST("/api/auth/verify", { body }));
      queries.setQueryData(queryKeys.session, account);
      forgetAccount(queries);
    },
  });
}
