import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { useReferrals } from "./use-referrals.ts";

/** Whom the link has brought. Who they are stays theirs. */
export function ReferredPeople() {
  const referrals = useReferrals();
  return (
    <Card aria-labelledby="people">
      <CardHeader id="people" title="People" description="Under names that only you see, newest first." />
      <QueryView
        query={referrals}
        name="people"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.people.length === 0}
        empty={<EmptyNote title="Nobody yet">Give your link to somebody who has no account here.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="people" className="mt-3">
            <thead>
              <tr>
                <Th>Person</Th>
                <Th className="hidden sm:table-cell">Since</Th>
                <Th className="text-right">Paid</Th>
                <Th className="text-right">Your 1 %</Th>
              </tr>
            </thead>
            <tbody>
              {data.people.map((person) => (
                <Row key={person.id}>
                  <Td className="font-mono text-[13px]">
                    {person.id}{" "}
                    {person.endedAt !== null && (
                      <span title="The same people turned out to be behind both accounts.">
                        <Badge>Ended</Badge>
                      </span>
                    )}
                  </Td>
                  <Td className="hidden text-muted sm:table-cell">
                    <TimeAgo iso={person.since} />
                  </Td>
                  <Td className="text-right">
                    <Money usd={person.gross} />
                  </Td>
                  <Td className="text-right">
                    <Money usd={person.earned} />
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
