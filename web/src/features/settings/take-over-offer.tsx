import { useConnection } from "wagmi";
import { Button } from "../../components/ui/button.tsx";
import { describeError, isRejected } from "../../lib/errors.ts";
import { useMe } from "../../lib/session.ts";
import { LinkWalletButton } from "./link-wallet-button.tsx";
import { useTakeOver } from "./use-take-over.ts";

/** What it means, before somebody does it; then the wallet at hand signs. */
export function TakeOverOffer({ waitHours }: { waitHours: number }) {
  const { address } = useConnection();
  const wallets = useMe().data?.wallets ?? [];
  const takeOver = useTakeOver();
  const isLinked = wallets.some((wallet) => wallet.address.toLowerCase() === address?.toLowerCase());
  return (
    <>
      <ul className="list-disc space-y-1 pl-4 text-pretty text-muted">
        <li>
          A wallet of yours can own it instead. From then on only that wallet can sign, and nobody can replace it.
        </li>
        <li>
          {waitHours > 0 ? `It takes ${waitHours} hours: you are told by e-mail, and can cancel it until then.` : null}{" "}
          Credit that you send in between ends it, and then it has to be signed again.
        </li>
      </ul>
      {address && isLinked ? (
        <>
          <p className="break-all">
            Connected: <span className="font-mono text-[13px]">{address}</span>
          </p>
          <Button
            variant="secondary"
            className="self-start"
            pending={takeOver.isPending}
            onClick={() => takeOver.mutate(address)}
          >
            Let this wallet own the account
          </Button>
        </>
      ) : (
        <LinkWalletButton />
      )}
      {takeOver.error && !isRejected(takeOver.error) && (
        <p role="alert" className="text-bad">
          {describeError(takeOver.error)}
        </p>
      )}
    </>
  );
}
