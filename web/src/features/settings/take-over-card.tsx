import { lazy } from "react";
import { QueryView } from "../../components/query-view.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { WithWallet } from "../../components/with-wallet.tsx";
import type { Account } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { displayExactTime } from "../../lib/format.ts";
import { useMemberships } from "../../lib/memberships.ts";
import { type OwnerChange, useCancelTakeOver, useOwnerChange } from "./use-owner-change.ts";

const TakeOverOffer = lazy(async () => ({ default: (await import("./take-over-offer.tsx")).TakeOverOffer }));

/** Who signs for an account in the contract. Where the platform does, a wallet of its owner can instead. */
export function TakeOverCard({ account: { currentOwner } }: { account: Account }) {
  const account = useMemberships().data?.find(({ current }) => current);
  if (!account?.may.includes("ownership")) return null;
  return (
    <Card aria-labelledby="signer">
      <CardHeader id="signer" title="Who signs for this account's credit" />
      <div className="flex flex-col gap-4 p-5 text-sm sm:p-6">
        {!account.custodial && (
          <p className="text-pretty break-words">
            Only the wallet <Hex of={currentOwner} />, which owns the account in the contract. We can't, nor can we
            replace it.
          </p>
        )}
        {account.custodial && <p>We do, because no wallet of yours owns the account in the contract.</p>}
        {account.custodial && account.chainAccount === null && (
          <p className="text-muted">It is opened there with the first deposit. After that a wallet can own it.</p>
        )}
        {account.custodial && account.chainAccount !== null && <Change />}
      </div>
    </Card>
  );
}

function Change() {
  const owner = useOwnerChange();
  return (
    <QueryView query={owner} name="change of owner" loading={<Skeleton className="h-24" />}>
      {({ change, waitHours }) => {
        if (change?.state === "waiting") return <Waiting change={change} />;
        if (change?.state === "pending" || change?.state === "completed") return <OnItsWay change={change} />;
        return (
          <>
            {change?.state === "failed" && <p role="alert">It was not handed over. {change.reason}</p>}
            {change?.state === "cancelled" && <p role="status">Cancelled: nothing has changed.</p>}
            <WithWallet fallback={<Skeleton className="h-24" />}>
              <TakeOverOffer waitHours={waitHours} />
            </WithWallet>
          </>
        );
      }}
    </QueryView>
  );
}

function Waiting({ change: { id, wallet, waitsUntil } }: { change: OwnerChange }) {
  const cancel = useCancelTakeOver();
  return (
    <>
      <p role="status" className="text-pretty">
        The wallet <Hex of={wallet} /> has signed.{" "}
        {waitsUntil !== null &&
          `It owns the account from ${displayExactTime(waitsUntil)} on. Until then you can cancel it.`}
      </p>
      <Button variant="secondary" className="self-start" pending={cancel.isPending} onClick={() => cancel.mutate(id)}>
        Cancel
      </Button>
      {cancel.error && (
        <p role="alert" className="text-bad">
          {describeError(cancel.error)}
        </p>
      )}
    </>
  );
}

const OnItsWay = ({ change: { wallet, transactionHash } }: { change: OwnerChange }) => (
  <p role="status" className="text-pretty">
    It is being handed over to the wallet <Hex of={wallet} />. This takes some seconds.{" "}
    {transactionHash !== null && <TransactionLink hash={transactionHash} />}
  </p>
);

const Hex = ({ of }: { of: string }) => <span className="font-mono text-[13px] break-all">{of}</span>;
