import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useConfig, useConnection } from "wagmi";
import { getWalletClient } from "wagmi/actions";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { chainOf } from "../../lib/chain/chain.ts";
import { describeError, isRejected } from "../../lib/errors.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** Dev mode only: what a local chain needs before a wallet can pay on it. */
export function DevTools() {
  const config = useAppConfig();
  const wagmi = useConfig();
  const { address } = useConnection();
  const queries = useQueryClient();

  const faucet = useMutation({
    mutationFn: async () => {
      const { fundWallet } = await import("../../lib/dev/fund-wallet.ts");
      if (address) await fundWallet(config, address);
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: queryKeys.walletUsdc }),
  });
  const addNetwork = useMutation({
    mutationFn: async () => {
      const wallet = await getWalletClient(wagmi, { assertChainId: false });
      await wallet.addChain({ chain: chainOf(config) });
    },
  });
  const error = [faucet.error, addNetwork.error].find((it) => it && !isRejected(it));

  return (
    <Card aria-label="Development">
      <CardHeader
        title="Local network"
        description={`${config.chainName}, chain ${config.chainId}. Its money is play money.`}
      />
      <div className="flex flex-wrap gap-2 p-5 sm:p-6 sm:pt-4">
        <Button
          variant="secondary"
          size="sm"
          pending={faucet.isPending}
          disabled={!address}
          onClick={() => faucet.mutate()}
        >
          Get test USDC
        </Button>
        <Button
          variant="secondary"
          size="sm"
          pending={addNetwork.isPending}
          disabled={!address}
          onClick={() => addNetwork.mutate()}
        >
          Add network
        </Button>
      </div>
      <p aria-live="polite" className="px-5 text-sm sm:px-6 not-empty:pb-5">
        {error ? (
          <span className="text-bad">{describeError(error)}</span>
        ) : (
          faucet.isSuccess && "1,000 test USDC and 10 ETH are in your wallet."
        )}
      </p>
    </Card>
  );
}
