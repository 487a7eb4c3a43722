import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { AdminOverview } from "../../lib/api.ts";
import { shortHex } from "../../lib/format.ts";
import { useOverview, useRecentBatches } from "./use-admin.ts";

/** What needs somebody's eye. */
export function OverviewCard() {
  const overview = useOverview();
  return (
    <Card aria-labelledby="eye">
      <CardHeader id="eye" title="Reconciliation" description="Ledger, indexer, contract and USDC at one block." />
      <div className="px-5 pt-2 pb-4 sm:px-6">
        <QueryView query={overview} name="reconciliation" loading={<Skeleton className="my-4 h-32" />}>
          {(data) => (
            <Facts>
              <Compared found={data.reconciliation} />
              <Fact name="Room for grants" hint="what account 1 still covers">
                <Money usd={data.fundingRoom} />
              </Fact>
              <Fact name="Suspense" hint="transfers of which nobody knows whose they are">
                {data.suspense.length === 0 ? "None" : data.suspense.length}
              </Fact>
              {data.suspense.map((lost) => (
                <Fact
                  key={lost.transactionHash}
                  name={shortHex(lost.sender)}
                  hint={<TransactionLink hash={lost.transactionHash} />}
                >
                  <Money usd={lost.amount} />
                </Fact>
              ))}
            </Facts>
          )}
        </QueryView>
      </div>
    </Card>
  );
}

function Compared({ found }: { found: AdminOverview["reconciliation"] }) {
  if (found === null) return <Fact name="Compared">Not yet</Fact>;
  return (
    <>
      <Fact name="Compared" hint={<TimeAgo iso={found.finishedAt} />}>
        block {found.block}{" "}
        {found.ok ? <Badge tone="good">No difference</Badge> : <Badge tone="bad">{found.differences.length}</Badge>}
      </Fact>
      {found.differences.map(({ what, accountId, ledger, chain }) => (
        <Fact key={`${what} ${accountId}`} name={what} hint={accountId}>
          <span className="tabular-nums">
            {ledger} ≠ {chain}
          </span>
        </Fact>
      ))}
    </>
  );
}

/** The newest batches, and how far they are. */
export function BatchesCard() {
  const batches = useRecentBatches();
  return (
    <Card aria-labelledby="batches">
      <CardHeader id="batches" title="Batches" />
      <div className="px-5 pt-2 pb-4 sm:px-6">
        <QueryView query={batches} name="batches" loading={<Skeleton className="my-4 h-32" />}>
          {(data) => (
            <Facts>
              {data.batches.map((batch) => (
                <Fact key={batch.builtAt} name={`#${batch.seq}`} hint={<TimeAgo iso={batch.builtAt} />}>
                  <Money usd={batch.gross} />{" "}
                  <Badge tone={batch.state === "mined" || batch.state === "final" ? "good" : "ember"}>
                    {batch.state}
                  </Badge>
                </Fact>
              ))}
              {data.batches.length === 0 && <Fact name="None yet">–</Fact>}
            </Facts>
          )}
        </QueryView>
      </div>
    </Card>
  );
}
