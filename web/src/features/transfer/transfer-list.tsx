import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { Transfer } from "../../lib/api.ts";
import { describeError, isRejected } from "../../lib/errors.ts";
import { useCancel, useSignTransfer, useTransfers } from "./use-transfers.ts";

const STATES = {
  awaiting_signature: { label: "Not signed", tone: "neutral" },
  pending: { label: "On its way", tone: "ember" },
  unclaimed: { label: "Waits", tone: "ember" },
  completed: { label: "Done", tone: "good" },
  returned: { label: "Came back", tone: "neutral" },
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

function Sign({ transfer }: { transfer: Transfer }) {
  const sign = useSignTransfer();
  const error = sign.error && !isRejected(sign.error) ? sign.error : null;
  return (
    <>
      <Button
        variant="ghost"
        size="sm"
        aria-label={`Sign the transfer to ${transfer.to.name}`}
        pending={sign.isPending}
        onClick={() => sign.mutate(transfer)}
      >
        Sign
      </Button>
      {error && (
        <p role="alert" className="text-xs text-bad">
          {describeError(error)}
        </p>
      )}
    </>
  );
}

function Cancel({ transfer }: { transfer: Transfer }) {
  const cancel = useCancel();
  const error = cancel.error && !isRejected(cancel.error) ? cancel.error : null;
  return (
    <>
      <Button
        variant="ghost"
        size="sm"
        aria-label={`Call back what ${transfer.to.name} has not claimed`}
        pending={cancel.isPending}
        onClick={() => cancel.mutate(transfer.id)}
      >
        Call back
      </Button>
      {error && (
        <p role="alert" className="text-xs text-bad">
          {describeError(error)}
        </p>
      )}
    </>
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
      <Td className="text-right whitespace-nowrap">
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
        {isSent && transfer.state === "unclaimed" && <Cancel transfer={transfer} />}
        {isSent && transfer.state === "awaiting_signature" && <Sign transfer={transfer} />}
      </Td>
    </Row>
  );
}
