import type { ReactNode } from "react";
import { Page } from "../../components/page.tsx";
import { EmptyNote, ErrorNote, QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { UsageTable } from "./usage-table.tsx";
import { useUsage } from "./use-usage.ts";

export function UsagePage({ emptyAction }: { emptyAction: ReactNode }) {
  const usage = useUsage();
  return (
    <Page title="Usage" description="Every request, what it cost, and the batch that settled it.">
      <Card aria-label="Usage">
        <QueryView
          query={usage}
          name="usage"
          loading={<Skeleton className="m-6 h-64" />}
          isEmpty={(data) => data.pages[0]?.usage.length === 0}
          empty={
            <EmptyNote title="No requests yet" action={emptyAction}>
              The first one shows up here the moment it is answered.
            </EmptyNote>
          }
        >
          {(data) => <UsageTable label="Usage" rows={data.pages.flatMap((page) => page.usage)} />}
        </QueryView>
        {usage.isFetchNextPageError && (
          <ErrorNote
            error={usage.error}
            pending={usage.isFetchingNextPage}
            onRetry={() => void usage.fetchNextPage()}
          />
        )}
      </Card>
      {usage.hasNextPage && !usage.isFetchNextPageError && (
        <div className="mt-5 flex justify-center">
          <Button variant="secondary" pending={usage.isFetchingNextPage} onClick={() => void usage.fetchNextPage()}>
            Load more
          </Button>
        </div>
      )}
    </Page>
  );
}
