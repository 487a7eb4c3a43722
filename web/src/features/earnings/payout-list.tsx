import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { Payout } from "../../lib/api.ts";
import { useCancelPayout, usePayouts } from "./use-earnings.ts";

const STATES = {
  pending: { label: "Pending", tone: "neutral" },
  processing: { label: "Processing", tone: "ember" },
  sent: { label: "Sent", tone: "ember" },
  completed: { label: "Completed", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  canceled: { label: "Canceled", tone: "neutral" },
} as const;

export function PayoutList() {
  const payouts = usePayouts();
  return (
    <Card aria-labelledby="payouts">
      <CardHeader id="payouts" title="Payouts" />
      <QueryView
        query={payouts}
        name="payouts"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.payouts.length === 0}
        empty={<EmptyNote title="No payouts yet">Earnings can be withdrawn from $10 on.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="payouts" className="mt-3">
            <thead>
              <tr>
                <Th>Asked for</Th>
                <Th className="text-right">Amount</Th>
                <Th className="hidden sm:table-cell">Transaction</Th>
                <Th>State</Th>
                <Th>
                  <span className="sr-only">Action</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {data.payouts.map((payout) => (
                <PayoutRow key={payout.id} payout={payout} />
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}

function PayoutRow({ payout }: { payout: Payout }) {
  const cancel = useCancelPayout();
  const { label, tone } = STATES[payout.state];
  return (
    <Row>
      <Td className="text-muted">
        <TimeAgo iso={payout.createdAt} />
      </Td>
      <Td className="text-right">{payout.amount === null ? "–" : <Money usd={payout.amount} digits={6} />}</Td>
      <Td className="hidden sm:table-cell">
        {payout.transactionHash && <TransactionLink hash={payout.transactionHash} />}
      </Td>
      <Td>
        <Badge tone={tone}>{label}</Badge>
        {payout.reason && <span className="mt-1 block text-xs text-pretty text-muted">{payout.reason}</span>}
      </Td>
      <Td className="text-right">
        {payout.state === "pending" && (
          <Button variant="ghost" size="sm" pending={cancel.isPending} onClick={() => cancel.mutate(payout.id)}>
            Cancel
          </Button>
        )}
      </Td>
    </Row>
  );
}
