import { parseUsd } from "@infr/money";
import { Link } from "@tanstack/react-router";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { buttonStyles } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Reserves } from "../../lib/api.ts";
import { displayCount } from "../../lib/format.ts";
import { useReserves } from "./use-reserves.ts";

/** What is held against what is owed, for visitors; told anew each time the books are compared with the chain. */
export function LiveReserves() {
  const reserves = useReserves();
  return (
    <Card aria-labelledby="reserves">
      <CardHeader
        id="reserves"
        title="Reserves"
        description="USDC in the contract against everything it owes, read from the chain."
        action={reserves.data && !isNothing(reserves.data) && <Coverage {...reserves.data} />}
      />
      <QueryView
        query={reserves}
        name="reserves"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={isNothing}
        empty={
          <EmptyNote title="Nothing is held and nothing owed" action={<CheckLink />}>
            Both stand here as soon as somebody has deposited.
          </EmptyNote>
        }
      >
        {(data) => <Figures reserves={data} />}
      </QueryView>
    </Card>
  );
}

const isNothing = ({ usdcHeld, liabilities }: Reserves): boolean =>
  parseUsd(usdcHeld) === 0n && parseUsd(liabilities) === 0n;

const Figures = ({ reserves: { usdcHeld, liabilities, block, finishedAt } }: { reserves: Reserves }) => (
  <div className="flex flex-col gap-5 p-5 sm:p-6">
    <dl className="grid grid-cols-2 gap-4">
      {[
        { name: "Held", usd: usdcHeld },
        { name: "Owed", usd: liabilities },
      ].map(({ name, usd }) => (
        <div key={name}>
          <dt className="text-sm text-muted">{name}</dt>
          <dd className="mt-0.5 text-2xl font-semibold tracking-tight">
            <Money usd={usd} digits={2} />
          </dd>
        </div>
      ))}
    </dl>
    <div className="flex flex-wrap items-center justify-between gap-3 text-[13px] text-muted">
      <p>
        Block <span className="tabular-nums">{displayCount(block)}</span>, <TimeAgo iso={finishedAt} />
      </p>
      <CheckLink />
    </div>
  </div>
);

const CheckLink = () => (
  <Link to="/reserves" className={buttonStyles({ variant: "ghost", size: "sm", className: "-my-1.5" })}>
    Check it yourself
  </Link>
);

const Coverage = ({ usdcHeld, liabilities }: Reserves) =>
  parseUsd(usdcHeld) >= parseUsd(liabilities) ? (
    <Badge tone="good">Covered</Badge>
  ) : (
    <Badge tone="bad">Not covered</Badge>
  );
