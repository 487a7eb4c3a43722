import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { useActs } from "./use-admin.ts";

/** Whatever administrators did. */
export function LogCard() {
  const acts = useActs();
  return (
    <Card aria-labelledby="log">
      <CardHeader id="log" title="Log" description="Every administrative act. Nothing is ever taken out of it." />
      <QueryView
        query={acts}
        name="log"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.acts.length === 0}
        empty={<EmptyNote title="Nothing yet">Whatever an administrator does stands here.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="log" className="mt-3">
            <thead>
              <tr>
                <Th>When</Th>
                <Th>Act</Th>
                <Th>On</Th>
                <Th className="hidden md:table-cell">By</Th>
              </tr>
            </thead>
            <tbody>
              {data.acts.map((act) => (
                <Row key={act.id}>
                  <Td className="whitespace-nowrap text-muted">
                    <TimeAgo iso={act.at} />
                  </Td>
                  <Td>{act.act.replaceAll("_", " ")}</Td>
                  <Td className="max-w-48 truncate font-mono text-[13px]" title={act.subjectId}>
                    {act.subjectId}
                  </Td>
                  <Td className="hidden max-w-48 truncate font-mono text-[13px] md:table-cell" title={act.userId}>
                    {act.userId}
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
