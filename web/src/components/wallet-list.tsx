import type { UseMutationResult } from "@tanstack/react-query";
import { LoaderCircle, Wallet } from "lucide-react";
import { type Connector, useConnection, useConnectors } from "wagmi";
import { describeError, isRejected } from "../lib/errors.ts";
import { shortHex } from "../lib/format.ts";
import { Button } from "./ui/button.tsx";

interface WalletListProps {
  /** What choosing one does. */
  choose: Pick<UseMutationResult<void, Error, Connector>, "error" | "isPending" | "variables"> & {
    mutate: (connector: Connector) => void;
  };
}

/** The wallets of this browser. A refusal in the wallet is quiet. */
export function WalletList({ choose }: WalletListProps) {
  const connectors = useConnectors();
  const { address, connector: current } = useConnection();
  const failed = choose.error && !isRejected(choose.error);

  if (connectors.length === 0) return <NoWallet />;
  return (
    <>
      <ul className="flex flex-col gap-2">
        {connectors.map((connector) => (
          <li key={connector.uid}>
            <WalletButton
              connector={connector}
              detail={current?.uid === connector.uid && address ? shortHex(address) : null}
              pending={choose.isPending && choose.variables?.uid === connector.uid}
              disabled={choose.isPending}
              onClick={() => choose.mutate(connector)}
            />
          </li>
        ))}
      </ul>
      <p aria-live="polite" className="mt-3 min-h-5 text-sm text-muted">
        {choose.isPending && "Confirm in your wallet."}
        {failed && <span className="text-bad">{describeError(choose.error)}</span>}
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
