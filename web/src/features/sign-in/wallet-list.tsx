import { LoaderCircle, Wallet } from "lucide-react";
import { type Connector, useConnection, useConnectors } from "wagmi";
import { Button } from "../../components/ui/button.tsx";
import { describeError, isRejected } from "../../lib/errors.ts";
import { shortHex } from "../../lib/format.ts";
import { useSignIn } from "./use-sign-in.ts";

/** The wallets of this browser; choosing one connects it and signs in. */
export function WalletList() {
  const connectors = useConnectors();
  const { address, connector: current } = useConnection();
  const signIn = useSignIn();
  const failed = signIn.error && !isRejected(signIn.error);

  if (connectors.length === 0) return <NoWallet />;
  return (
    <>
      <ul className="flex flex-col gap-2">
        {connectors.map((connector) => (
          <li key={connector.uid}>
            <WalletButton
              connector={connector}
              detail={current?.uid === connector.uid && address ? shortHex(address) : null}
              pending={signIn.isPending && signIn.variables.uid === connector.uid}
              disabled={signIn.isPending}
              onClick={() => signIn.mutate(connector)}
            />
          </li>
        ))}
      </ul>
      <p aria-live="polite" className="mt-3 min-h-5 text-sm text-muted">
        {signIn.isPending && "Confirm in your wallet."}
        {failed && <span className="text-bad">{describeError(signIn.error)}</span>}
      </p>
    </>
  );
}

interface WalletButtonProps {
  connector: Connector;
  detail: string | null;
  pending: boolean;
  disabled: boolean;
  onClick: () => void;
}

function WalletButton({ connector, detail, pending, disabled, onClick }: WalletButtonProps) {
  return (
    <Button
      variant="secondary"
      disabled={disabled}
      onClick={onClick}
      className="h-14 w-full justify-start gap-3 px-3.5 text-[15px]"
    >
      {connector.icon ? (
        <img src={connector.icon.trim()} alt="" className="size-8 rounded-lg" />
      ) : (
        <span className="flex size-8 items-center justify-center rounded-lg bg-ember-soft text-ember-ink">
          <Wallet aria-hidden />
        </span>
      )}
      <span className="flex-1 truncate text-left">{connector.name}</span>
      {detail && <span className="font-mono text-xs text-muted">{detail}</span>}
      {pending && <LoaderCircle aria-hidden className="animate-spin text-muted" />}
    </Button>
  );
}

const NoWallet = () => (
  <p className="text-sm text-pretty text-muted">
    No wallet was found in this browser. Install one that speaks EIP-6963, such as{" "}
    <a className="text-ink underline underline-offset-4" href="https://metamask.io" target="_blank" rel="noreferrer">
      MetaMask
    </a>{" "}
    or{" "}
    <a className="text-ink underline underline-offset-4" href="https://rabby.io" target="_blank" rel="noreferrer">
      Rabby
    </a>
    , then reload this page.
  </p>
);
