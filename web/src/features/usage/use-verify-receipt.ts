import type { BatchVerification } from "@infr/sdk/verify";
import { type UseMutationResult, useMutation } from "@tanstack/react-query";
import { useConfig } from "wagmi";
import { getPublicClient } from "wagmi/actions";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";

/**
 * Gets a request's receipt and checks it in the browser, against the chain alone: of what the API says nothing is believed but
 * where the contract is.
 */
export function useVerifyReceipt(): UseMutationResult<BatchVerification, Error, string> {
  const { contracts } = useAppConfig();
  const chain = useConfig();
  return useMutation({
    mutationFn: async (requestId) => {
      const client = getPublicClient(chain);
      if (!client) throw new Error("There is no chain to check the receipt against. Reload the page.");
      const [{ openSettledBatches, verifyReceiptFile }, receipt] = await Promise.all([
        import("@infr/sdk/verify"),
        unwrap(api.GET("/api/receipts/{requestId}", { params: { path: { requestId } } })),
      ]);
      return verifyReceiptFile(receipt, await openSettledBatches({ client, escrow: contracts.escrow }));
    },
  });
}
