import { useConnect, useConnectors } from "wagmi";
import { Button } from "../../components/ui/button.tsx";
import { describeError, isRejected } from "../../lib/errors.ts";

/** Signed in, but no wallet in this tab: reading goes on, paying needs one. Any wallet may pay for the account. */
export function WalletChoice() {
  const connectors = useConnectors();
  const connect = useConnect();
  return (
    <>
      <h2 className="text-[15px] font-semibold">Which wallet pays?</h2>
      <p className="mt-1 text-sm text-muted">It may be another one than you signed in with.</p>
      <div className="mt-4 flex flex-wrap gap-2">
        {connectors.map((connector) => (
          <Button
            key={connector.uid}
            variant="secondary"
            pending={connect.isPending && connect.variables.connector === connector}
            onClick={() => connect.mutate({ connector })}
          >
            {connector.name}
          </Button>
        ))}
        {connectors.length === 0 && <p className="text-sm">No wallet was found in this browser.</p>}
      </div>
      <p aria-live="polite" className="text-sm text-bad not-empty:mt-3">
        {connect.error && !isRejected(connect.error) && describeError(connect.error)}
      </p>
    </>
  );
}
