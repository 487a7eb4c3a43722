import type { ReactNode } from "react";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { UsageTable } from "./usage-table.tsx";
import { useRecentUsage } from "./use-usage.ts";

interface RecentRequestsProps {
  /** Leads to the whole log. */
  all: ReactNode;
  emptyAction: ReactNode;
}

export function RecentRequests({ all, emptyAction }: RecentRequestsProps) {
  const recent = useRecentUsage();
  const any = recent.data !== undefined && recent.data.usage.length > 0;
  return (
    <Card aria-labelledby="recent">
      <CardHeader id="recent" title="Last requests" action={any && all} />
      <QueryView
        query={recent}
        name="last requests"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.usage.length === 0}
        empty={
          <EmptyNote title="No requests yet" action={emptyAction}>
            Try a model in the playground, or call the API with a key.
          </EmptyNote>
        }
      >
        {(data) => (
          <div className="mt-3">
            <UsageTable label="Last requests" rows={data.usage} />
          </div>
        )}
      </QueryView>
    </Card>
  );
}
