import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { OperatorStanding } from "../../lib/api.ts";
import { useOperators, useSetStanding } from "./use-admin.ts";

/** Who sells nodes, and how far each is trusted with credit that the platform pays for. */
export function OperatorsCard() {
  const operators = useOperators();
  return (
    <Card aria-labelledby="operators">
      <CardHeader
        id="operators"
        title="Operators"
        description="Low standing: what platform-funded credit pays there is settled when it can't be disputed any more."
      />
      <QueryView
        query={operators}
        name="operators"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.operators.length === 0}
        empty={<EmptyNote title="Nobody yet">Operators stand here from their first node on.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="operators" className="mt-3">
            <thead>
              <tr>
                <Th>Account</Th>
                <Th className="hidden sm:table-cell">Since</Th>
                <Th className="text-right">Nodes live</Th>
                <Th className="hidden text-right sm:table-cell">Settled</Th>
                <Th>Standing</Th>
              </tr>
            </thead>
            <tbody>
              {data.operators.map((operator) => (
                <OperatorRow key={operator.accountId} operator={operator} />
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}

function OperatorRow({
  operator: { accountId, since, nodes, live, settled, standing },
}: {
  operator: OperatorStanding;
}) {
  const change = useSetStanding();
  const next = standing === "good" ? "low" : "good";
  return (
    <Row>
      <Td className="max-w-40 truncate font-mono text-[13px]" title={accountId}>
        {accountId}
      </Td>
      <Td className="hidden text-muted sm:table-cell">
        <TimeAgo iso={since} />
      </Td>
      <Td className="text-right tabular-nums">
        {live} of {nodes}
      </Td>
      <Td className="hidden text-right sm:table-cell">
        <Money usd={settled} />
      </Td>
      <Td>
        <span className="flex items-center gap-2">
          <Badge tone={standing === "good" ? "good" : "ember"}>{standing}</Badge>
          <Button
            variant="secondary"
            size="sm"
            pending={change.isPending}
            onClick={() => change.mutate({ id: accountId, standing: next, reason: "set on the administrators' page" })}
          >
            Set {next}
          </Button>
        </span>
      </Td>
    </Row>
  );
}
