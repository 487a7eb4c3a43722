import { useConnection, useSwitchChain } from "wagmi";
import { Button } from "../../components/ui/button.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { describeError, isRejected } from "../../lib/errors.ts";

/** Only deposits need the right network; until then everything can be read. */
export function WrongChainBanner() {
  const { chainId, chainName } = useAppConfig();
  const connection = useConnection();
  const switchChain = useSwitchChain();
  if (!connection.isConnected || connection.chainId === chainId) return null;

  const failed = switchChain.error && !isRejected(switchChain.error);
  return (
    <div role="alert" className="border-b bg-ember-soft text-ember-ink">
      <div className="mx-auto flex max-w-5xl flex-wrap items-center justify-between gap-3 px-5 py-2.5 text-sm sm:px-8">
        <p>{failed ? describeError(switchChain.error) : `Your wallet is on another network than ${chainName}.`}</p>
        <Button size="sm" pending={switchChain.isPending} onClick={() => switchChain.mutate({ chainId })}>
          Switch to {chainName}
        </Button>
      </div>
    </div>
  );
}
