import type { Verification } from "@infr/sdk/verify";
import { type UseMutationResult, useMutation } from "@tanstack/react-query";
import { useConfig } from "wagmi";
import { getPublicClient } from "wagmi/actions";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";

/**
 * Whether the signed-in account is counted in what was owed at the end of a day (UTC), and whether the contract owed and held
 * that much: checked in the browser.
 */
export function useCheckDay(): UseMutationResult<Verification, Error, string> {
  const { contracts } = useAppConfig();
  const chain = useConfig();
  return useMutation({
    mutationFn: async (day) => {
      const client = getPublicClient(chain);
      if (!client) throw new Error("There is no chain to check the day against. Reload the page.");
      const path = { params: { path: { day } } };
      const [{ openSettledBatches, verifyReservesFile, verifyReservesTotal }, published, file] = await Promise.all([
        import("@infr/sdk/verify"),
        unwrap(api.GET("/api/reserves/{day}", path)),
        unwrap(api.GET("/api/reserves/{day}/proof", path)),
      ]);
      const own = verifyReservesFile(file, { root: published.root });
      const total = await verifyReservesTotal(file, await openSettledBatches({ client, escrow: contracts.escrow }));
      return { ok: own.ok && total.ok, checks: [...own.checks, ...total.checks] };
    },
  });
}
