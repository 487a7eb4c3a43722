import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { loadWallet } from "../../lib/chain/wallet.ts";
import { forgetAccount } from "../../lib/forget-account.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** Ends the session and lets go of the wallet; nothing of the account stays in the page. */
export function useSignOut(): UseMutationResult<void, Error, void> {
  const config = useAppConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await unwrap(api.POST("/api/auth/logout"));
      const [wagmi, { disconnect }] = await Promise.all([loadWallet(config), import("wagmi/actions")]);
      await disconnect(wagmi);
      queries.setQueryData(queryKeys.session, null);
      forgetAccount(queries);
    },
  });
}
