import { useState } from "react";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { WebhookEndpoint } from "../../lib/api.ts";
import { AddEndpoint } from "./add-endpoint.tsx";
import { EndpointSheet } from "./endpoint-sheet.tsx";
import { useEndpoints } from "./use-webhooks.ts";

const STATES = {
  enabled: { label: "Enabled", tone: "good" },
  disabled: { label: "Disabled", tone: "neutral" },
  failing: { label: "Failing", tone: "bad" },
} as const;

/** Where events are posted to. Behind each, what was posted and what came of it. */
export function EndpointsCard() {
  const endpoints = useEndpoints();
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Card aria-labelledby="webhooks">
      <CardHeader
        id="webhooks"
        title="Webhooks"
        description="Your server is told what happens to this account, signed by Standard Webhooks."
        action={<AddEndpoint />}
      />
      <QueryView
        query={endpoints}
        name="webhooks"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.endpoints.length === 0}
        empty={<EmptyNote title="No webhooks yet">Add the URL of a server that is to be told.</EmptyNote>}
      >
        {(data) => (
          <>
            <Table aria-labelledby="webhooks" className="mt-3">
              <thead>
                <tr>
                  <Th>URL</Th>
                  <Th className="hidden sm:table-cell">Added</Th>
                  <Th>State</Th>
                  <Th>
                    <span className="sr-only">Details</span>
                  </Th>
                </tr>
              </thead>
              <tbody>
                {data.endpoints.map((endpoint) => (
                  <EndpointRow key={endpoint.id} endpoint={endpoint} onOpen={() => setOpen(endpoint.id)} />
                ))}
              </tbody>
            </Table>
            <EndpointSheet
              endpoint={data.endpoints.find(({ id }) => id === open) ?? null}
              onClose={() => setOpen(null)}
            />
          </>
        )}
      </QueryView>
    </Card>
  );
}

function EndpointRow({ endpoint, onOpen }: { endpoint: WebhookEndpoint; onOpen: () => void }) {
  const { label, tone } = STATES[endpoint.state];
  return (
    <Row>
      <Td className="w-full max-w-0 truncate font-mono text-[13px]" title={endpoint.url}>
        {endpoint.url}
      </Td>
      <Td className="hidden text-muted sm:table-cell">
        <TimeAgo iso={endpoint.createdAt} />
      </Td>
      <Td>
        <Badge tone={tone}>{label}</Badge>
      </Td>
      <Td className="text-right">
        <Button variant="secondary" size="sm" aria-label={`Deliveries to ${endpoint.url}`} onClick={onOpen}>
          Deliveries
        </Button>
      </Td>
    </Row>
  );
}
