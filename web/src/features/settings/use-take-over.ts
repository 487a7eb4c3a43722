import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Address } from "viem";
import { useConfig } from "wagmi";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { signTakeOver } from "../../lib/sign-order.ts";

/** Has a linked wallet sign to own the account; when the waiting time is over it does. */
export function useTakeOver(): UseMutationResult<void, Error, Address> {
  const { chainId, contracts } = useAppConfig();
  const wagmi = useConfig();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (wallet) => {
      const { id, order } = await unwrap(api.POST("/api/account/owner", { body: { wallet } }));
      // It has been signed before, in another tab.
      if (order === null) return;
      const signature = await signTakeOver(wagmi, { order, wallet, at: { chainId, escrow: contracts.escrow } });
      await unwrap(api.POST("/api/account/owner/{id}/signature", { params: { path: { id } }, body: { signature } }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.ownerChange }),
  });
}
