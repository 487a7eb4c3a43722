import type { ReactNode } from "react";
import { Page } from "../../components/page.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { ApiKey } from "../../lib/api.ts";
import { cn } from "../../lib/cn.ts";
import { shortName } from "../../lib/format.ts";
import { useTeam } from "../../lib/team.ts";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { RevokeKey } from "./revoke-key.tsx";
import { useKeys } from "./use-keys.ts";

export function KeysPage({ quickstart }: { quickstart: ReactNode }) {
  const keys = useKeys();
  return (
    <Page title="API keys" description="A key spends this account's credit." action={<CreateKeyDialog />}>
      <div className="flex flex-col gap-6">
        <Card aria-label="API keys">
          <QueryView
            query={keys}
            name="API keys"
            loading={<Skeleton className="m-6 h-24" />}
            isEmpty={(data) => data.keys.length === 0}
            empty={
              <EmptyNote title="No keys yet" action={<CreateKeyDialog size="sm" />}>
                Create one and point any OpenAI client at the API.
              </EmptyNote>
            }
          >
            {(data) => (
              <Table aria-label="API keys">
                <thead>
                  <tr>
                    <Th>Name</Th>
                    <Th className="hidden sm:table-cell">Key</Th>
                    <Th className="hidden sm:table-cell">Created</Th>
                    <Th className="hidden sm:table-cell">Last used</Th>
                    <Th>
                      <span className="sr-only">Action</span>
                    </Th>
                  </tr>
                </thead>
                <tbody>
                  {data.keys.map((key) => (
                    <KeyRow key={key.id} apiKey={key} />
                  ))}
                </tbody>
              </Table>
            )}
          </QueryView>
        </Card>
        {quickstart}
      </div>
    </Page>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const revoked = apiKey.revokedAt !== null;
  const maker = useTeam().data?.members.find(({ id }) => id === apiKey.madeBy)?.name;
  const belongsTo = [apiKey.project, maker && shortName(maker)].filter(Boolean).join(" · ");
  return (
    <Row className={cn(revoked && "text-muted")}>
      <Td className="w-full max-w-0 sm:max-w-60">
        <span className="block truncate font-medium" title={apiKey.name}>
          {apiKey.name}
        </span>
        {belongsTo && <span className="mt-0.5 hidden truncate text-xs text-muted sm:block">{belongsTo}</span>}
        <span className="mt-0.5 block truncate text-xs text-muted sm:hidden">
          <span className="font-mono">{apiKey.prefix}…</span>
          {belongsTo && ` · ${belongsTo}`} · {apiKey.lastUsedAt ? "used " : "never used"}
          {apiKey.lastUsedAt && <TimeAgo iso={apiKey.lastUsedAt} />}
        </span>
      </Td>
      <Td className="hidden font-mono text-[13px] whitespace-nowrap sm:table-cell">{apiKey.prefix}…</Td>
      <Td className="hidden text-muted sm:table-cell">
        <TimeAgo iso={apiKey.createdAt} />
      </Td>
      <Td className="hidden text-muted sm:table-cell">
        {apiKey.lastUsedAt ? <TimeAgo iso={apiKey.lastUsedAt} /> : "Never"}
      </Td>
      <Td className="text-right">{revoked ? <Badge>Revoked</Badge> : <RevokeKey apiKey={apiKey} />}</Td>
    </Row>
  );
}
