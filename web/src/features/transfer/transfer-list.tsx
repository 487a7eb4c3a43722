import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { Transfer } from "../../lib/api.ts";
import { useTransfers } from "./use-transfers.ts";

const STATES = {
  awaiting_signature: { label: "Not signed", tone: "neutral" },
  pending: { label: "On its way", tone: "ember" },
  completed: { label: "Done", tone: "good" },
  expired: { label: "Expired", tone: "neutral" },
  failed: { label: "Failed", tone: "bad" },
} as const;

export function TransferList() {
  const transfers = useTransfers();
  return (
    <Card aria-labelledby="transfers">
      <CardHeader id="transfers" title="Transfers" />
      <QueryView
        query={transfers}
        name="transfers"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.transfers.length === 0}
        empty={<EmptyNote title="No transfers yet">What you send and what comes to you is listed here.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="transfers" className="mt-3">
            <thead>
              <tr>
                <Th>Time</Th>
                <Th>With</Th>
                <Th className="text-right">Amount</Th>
                <Th className="hidden sm:table-cell">Transaction</Th>
                <Th>State</Th>
              </tr>
            </thead>
            <tbody>
              {data.transfers.map((transfer) => (
                <TransferRow key={transfer.id} transfer={transfer} />
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}

function TransferRow({ transfer }: { transfer: Transfer }) {
  const { label, tone } = STATES[transfer.state];
  const isSent = transfer.direction === "sent";
  const other = isSent ? transfer.to.name : transfer.from;
  return (
    <Row>
      <Td className="text-muted">
        <TimeAgo iso={transfer.createdAt} />
      </Td>
      <Td className="w-full max-w-0">
        <span className="block truncate" title={other}>
          {isSent ? "To" : "From"} {other}
        </span>
        {transfer.memo && <span className="mt-0.5 block truncate text-xs text-muted">{transfer.memo}</span>}
      </Td>
      <Td className="text-right">
        {isSent ? "−" : "+"}
        <Money usd={transfer.amount} />
      </Td>
      <Td className="hidden sm:table-cell">
        {transfer.transactionHash && <TransactionLink hash={transfer.transactionHash} />}
      </Td>
      <Td>
        <span title={transfer.reason ?? undefined}>
          <Badge tone={tone}>{label}</Badge>
        </span>
      </Td>
    </Row>
  );
}
