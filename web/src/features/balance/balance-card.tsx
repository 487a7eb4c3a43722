import { parseUsd } from "@infr/money";
import type { ReactNode } from "react";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Balance } from "../../lib/api.ts";
import { Pace } from "./pace.tsx";
import { useBalance } from "./use-balance.ts";

/** What can be spent now, and what that number is made of. */
export function BalanceCard({ action }: { action: ReactNode }) {
  const balance = useBalance();
  return (
    <Card aria-label="Balance">
      <QueryView query={balance} name="balance" loading={<Loading />}>
        {(data) => (
          <>
            <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-4 p-5 sm:p-6">
              <div>
                <h2 className="flex items-center gap-2 text-sm text-muted">
                  Spendable
                  <span className="size-1.5 rounded-full bg-good" title="Updates by itself" />
                </h2>
                <p className="mt-1 text-[40px] leading-none font-semibold tracking-tight sm:text-5xl">
                  <Money usd={data.spendable} />
                </p>
                <Pace balance={data} />
              </div>
              {action}
            </div>
            <Parts balance={data} />
          </>
        )}
      </QueryView>
    </Card>
  );
}

function Parts({ balance }: { balance: Balance }) {
  const parts = [
    { label: "On-chain", hint: "USDC credit in the contract", usd: balance.onChain, always: true },
    { label: "Held", hint: "Running requests", usd: balance.held, always: true },
    { label: "Unsettled", hint: "Used, not yet in a batch", usd: balance.unsettled, always: true },
    { label: "Granted", hint: "Paid for by infr", usd: balance.funded, always: false },
    { label: "Debt", hint: "Repaid by the next deposit", usd: balance.debt, always: false },
  ].filter(({ usd, always }) => always || parseUsd(usd) !== 0n);
  return (
    <dl className="grid border-t max-sm:divide-y sm:auto-cols-fr sm:grid-flow-col sm:divide-x">
      {parts.map(({ label, hint, usd }) => (
        <div
          key={label}
          className="flex items-center justify-between gap-x-4 gap-y-2 px-5 py-3 sm:flex-col sm:items-start sm:px-6 sm:py-4"
        >
          <dt className="text-sm">
            {label}
            <span className="block text-xs text-muted">{hint}</span>
          </dt>
          <dd className="font-medium sm:text-lg">
            <Money usd={usd} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const Loading = () => (
  <div className="p-5 sm:p-6">
    <Skeleton className="w-20" />
    <Skeleton className="mt-2 h-11 w-44" />
    <div className="mt-8 flex gap-6">
      <Skeleton className="h-9 flex-1" />
      <Skeleton className="h-9 flex-1" />
      <Skeleton className="h-9 flex-1" />
    </div>
  </div>
);
