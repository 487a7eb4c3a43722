import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Earnings } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { displayExactTime, shortHex } from "../../lib/format.ts";
import { useEarnings, useRequestPayout } from "./use-earnings.ts";

/** What was earned and where it is on its way to the wallet; what has to be so for a payout is told before it is asked for. */
export function EarningsCard() {
  const earnings = useEarnings();
  return (
    <Card aria-labelledby="earnings">
      <CardHeader
        id="earnings"
        title="Earnings"
        description="80 % of what your nodes served, and 1 % of what people use who came through your link."
      />
      <QueryView query={earnings} name="earnings" loading={<Skeleton className="m-6 h-40" />}>
        {(data) => (
          <>
            <Stages earnings={data} />
            <Terms earnings={data} />
          </>
        )}
      </QueryView>
    </Card>
  );
}

const STAGES = [
  { label: "Unsettled", hint: "Gross, in no batch yet", of: "unsettled" },
  { label: "In batch", hint: "Gross, on its way", of: "inBatch" },
  { label: "Held", hint: "Settled, 24 to 48 hours", of: "held" },
  { label: "Available", hint: "Can be paid out", of: "available" },
  { label: "Paid", hint: "So far", of: "paid" },
] as const;

const Stages = ({ earnings }: { earnings: Earnings }) => (
  <dl className="mt-5 grid border-y max-sm:divide-y sm:auto-cols-fr sm:grid-flow-col sm:divide-x">
    {STAGES.map(({ label, hint, of }) => (
      <div
        key={of}
        className="flex items-center justify-between gap-x-4 gap-y-2 px-5 py-3 sm:flex-col sm:items-start sm:py-4"
      >
        <dt className="text-sm">
          {label}
          <span className="block text-xs text-muted">{hint}</span>
        </dt>
        <dd className="font-medium sm:text-lg">
          <Money usd={earnings[of]} />
        </dd>
      </div>
    ))}
  </dl>
);

function Terms({ earnings: { terms, nextMaturesAt } }: { earnings: Earnings }) {
  const request = useRequestPayout();
  return (
    <div className="grid gap-6 px-5 py-4 sm:grid-cols-2 sm:px-6">
      <Facts>
        <Fact name="Paid to" hint="A change waits 24 hours">
          {terms.payoutTo ? <span title={terms.payoutTo}>{shortHex(terms.payoutTo)}</span> : "The account's owner"}
        </Fact>
        <Fact name="Least payout">
          <Money usd={terms.minimum} />
        </Fact>
        <Fact name="Without verification" hint="In 30 days; above it the owner's wallet has to be verified">
          <Money usd={terms.paidOfLate} /> of <Money usd={terms.unverifiedLimit} />
        </Fact>
        <Fact name="Verified">{terms.verified ? "Yes" : "No"}</Fact>
        {nextMaturesAt && <Fact name="Next is available">{displayExactTime(nextMaturesAt)}</Fact>}
      </Facts>
      <div className="flex flex-col items-start justify-end gap-3">
        {terms.waitsFor && <p className="text-sm text-pretty text-muted">{terms.waitsFor}</p>}
        {request.error && (
          <p role="alert" className="text-sm text-bad">
            {describeError(request.error)}
          </p>
        )}
        <Button disabled={terms.waitsFor !== null} pending={request.isPending} onClick={() => request.mutate()}>
          Withdraw all
        </Button>
      </div>
    </div>
  );
}
