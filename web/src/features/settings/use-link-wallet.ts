import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Connector, useConfig } from "wagmi";
import { api, type Me, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { connectTo, signInMessage } from "../../lib/sign-in-message.ts";

const STATEMENT = "Link this wallet to your infr account. This costs nothing and moves nothing.";

/** Connects the chosen wallet, and links it unless it is. */
export function useLinkWallet(): UseMutationResult<void, Error, Connector> {
  const wagmi = useConfig();
  const { chainId } = useAppConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (connector) => {
      const address = (await connectTo(wagmi, connector)).toLowerCase();
      const known = queries.getQueryData<Me>(queryKeys.me)?.wallets ?? [];
      if (known.some((wallet) => wallet.address.toLowerCase() === address)) return;
      const body = await signInMessage(wagmi, { connector, chainId, statement: STATEMENT });
      queries.setQueryData(queryKeys.me, await unwrap(api.POST("/api/me/wallets", { body })));
    },
  });
}
