import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { useEarnedBatches } from "./use-earnings.ts";

/** What each batch brought, and the transaction that settled it. */
export function EarnedBatches() {
  const batches = useEarnedBatches();
  return (
    <Card aria-labelledby="batches">
      <CardHeader id="batches" title="Batches" description="Each settles what was served since the one before it." />
      <QueryView
        query={batches}
        name="batches"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.batches.length === 0}
        empty={<EmptyNote title="No batches yet">The first request that your node serves goes into one.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="batches" className="mt-3">
            <thead>
              <tr>
                <Th>Batch</Th>
                <Th className="text-right">Gross</Th>
                <Th className="text-right">Earned</Th>
                <Th className="hidden text-right md:table-cell">Referral</Th>
                <Th className="hidden sm:table-cell">Settled</Th>
                <Th className="hidden md:table-cell">Transaction</Th>
                <Th>State</Th>
              </tr>
            </thead>
            <tbody>
              {data.batches.map((batch) => (
                <Row key={batch.seq}>
                  <Td className="tabular-nums">#{batch.seq}</Td>
                  <Td className="text-right">
                    <Money usd={batch.gross} digits={6} />
                  </Td>
                  <Td className="text-right">
                    <Money usd={batch.earned} digits={6} />
                  </Td>
                  <Td className="hidden text-right md:table-cell">
                    <Money usd={batch.referral} digits={6} />
                  </Td>
                  <Td className="hidden text-muted sm:table-cell">
                    {batch.settledAt ? <TimeAgo iso={batch.settledAt} /> : "–"}
                  </Td>
                  <Td className="hidden md:table-cell">
                    {batch.transactionHash && <TransactionLink hash={batch.transactionHash} />}
                  </Td>
                  <Td>
                    <Badge tone={batch.settledAt ? "good" : "ember"}>{batch.state}</Badge>
                  </Td>
                </Row>
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}
