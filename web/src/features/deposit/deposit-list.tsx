import { useQuery } from "@tanstack/react-query";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { TransactionLink } from "../../components/transaction-progress.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { api, type Deposit, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const LIMIT = 25;

const RAILS: Record<string, string> = {
  deposit: "Wallet",
  depositFor: "Wallet",
  permit: "Wallet",
  authorization: "Gasless",
  payer: "x402",
  address: "Deposit address",
  attributed: "Transfer",
};

const FINALITY = {
  seen: { label: "Seen", tone: "neutral", hint: "In a block; Base has not posted it to Ethereum yet" },
  safe: { label: "Safe", tone: "good", hint: "Posted to Ethereum" },
  final: { label: "Final", tone: "good", hint: "Finalized on Ethereum" },
} as const;

export function DepositList() {
  const deposits = useQuery({
    queryKey: queryKeys.deposits,
    queryFn: () => unwrap(api.GET("/api/deposits", { params: { query: { limit: LIMIT } } })),
  });
  return (
    <Card aria-labelledby="deposits">
      <CardHeader id="deposits" title="Deposits" />
      <QueryView
        query={deposits}
        name="deposits"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.deposits.length === 0}
        empty={<EmptyNote title="No deposits yet">The first one opens your account on-chain.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="deposits" className="mt-3">
            <thead>
              <tr>
                <Th>Time</Th>
                <Th className="text-right">Amount</Th>
                <Th className="hidden sm:table-cell">From</Th>
                <Th className="hidden sm:table-cell">Transaction</Th>
                <Th>Status</Th>
              </tr>
            </thead>
            <tbody>
              {data.deposits.map((deposit) => (
                <DepositRow key={deposit.id} deposit={deposit} />
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}

function DepositRow({ deposit }: { deposit: Deposit }) {
  const finality = FINALITY[deposit.finality];
  return (
    <Row>
      <Td className="text-muted">
        <TimeAgo iso={deposit.bookedAt} />
      </Td>
      <Td className="text-right font-medium">
        <Money usd={deposit.amount} />
      </Td>
      <Td className="hidden sm:table-cell">{RAILS[deposit.rail] ?? deposit.rail}</Td>
      <Td className="hidden sm:table-cell">
        <TransactionLink hash={deposit.transactionHash} />
      </Td>
      <Td>
        {deposit.status === "reversed" ? (
          <Badge tone="bad">Reversed</Badge>
        ) : (
          <span title={finality.hint}>
            <Badge tone={finality.tone}>{finality.label}</Badge>
          </span>
        )}
      </Td>
    </Row>
  );
}
