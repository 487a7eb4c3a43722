import { useQuery } from "@tanstack/react-query";
import { Page } from "../../components/page.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { buttonStyles } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { api, unwrap } from "../../lib/api.ts";
import { displayMonth } from "../../lib/format.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const FORMATS = ["pdf", "csv", "json"] as const;

/** A statement and invoice for every month, to be kept, booked, and priced again from its receipts. */
export function StatementsPage() {
  const statements = useQuery({ queryKey: queryKeys.statements, queryFn: () => unwrap(api.GET("/api/statements")) });
  return (
    <Page
      title="Statements"
      description={
        <>
          What was paid in, used and left, month by month. <code>infr reprice</code> computes every line again.
        </>
      }
    >
      <Card aria-label="Statements">
        <QueryView
          query={statements}
          name="statements"
          loading={<Skeleton className="m-6 h-24" />}
          isEmpty={(data) => data.statements.length === 0}
          empty={<EmptyNote title="No statement yet">The first month with any movement has one.</EmptyNote>}
        >
          {(data) => (
            <Table aria-label="Statements">
              <thead>
                <tr>
                  <Th>Month (UTC)</Th>
                  <Th className="hidden sm:table-cell">State</Th>
                  <Th className="text-right">Download</Th>
                </tr>
              </thead>
              <tbody>
                {data.statements.map(({ month, closed }) => (
                  <Row key={month}>
                    <Td className="font-medium">{displayMonth(month)}</Td>
                    <Td className="hidden sm:table-cell">
                      {closed ? <Badge tone="good">Closed</Badge> : <Badge tone="ember">Running</Badge>}
                    </Td>
                    <Td>
                      <Downloads month={month} />
                    </Td>
                  </Row>
                ))}
              </tbody>
            </Table>
          )}
        </QueryView>
      </Card>
    </Page>
  );
}

/** Links, so that the browser saves what it gets. */
const Downloads = ({ month }: { month: string }) => (
  <span className="flex justify-end gap-1">
    {FORMATS.map((format) => (
      <a
        key={format}
        href={`/api/statements/${month}.${format}`}
        download={`infr-${month}.${format}`}
        aria-label={`${displayMonth(month)} as ${format.toUpperCase()}`}
        className={buttonStyles({ variant: "ghost", size: "sm" })}
      >
        {format.toUpperCase()}
      </a>
    ))}
  </span>
);
