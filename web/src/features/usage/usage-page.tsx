import { type ReactNode, useCallback, useEffect, useMemo } from "react";
import { Page } from "../../components/page.tsx";
import { EmptyNote, ErrorNote, QueryView } from "../../components/query-view.tsx";
import { buttonStyles } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { actingAccount } from "../../lib/acting.ts";
import { SpendCard } from "./spend-card.tsx";
import { UsageFilters } from "./usage-filters.tsx";
import { UsageLog } from "./usage-log.tsx";
import { filterOf, momentsOf, type UsageSearch } from "./usage-search.ts";
import { joinNewest, useNewest, useUsage } from "./use-usage.ts";

interface UsagePageProps {
  search: UsageSearch;
  /** Changes the URL; what is undefined goes. */
  onSearch: (change: Partial<Record<keyof UsageSearch, string | undefined>>) => void;
  emptyAction: ReactNode;
}

export function UsagePage({ search, onSearch, emptyAction }: UsagePageProps) {
  return (
    <Page title="Usage" description="Every request, what it cost, and the batch that settled it.">
      <div className="flex flex-col gap-6">
        <UsageFilters search={search} onChange={onSearch} />
        <SpendCard search={search} onSplit={(by) => onSearch({ by: by === "model" ? undefined : by })} />
        <Log search={search} emptyAction={emptyAction} />
      </div>
    </Page>
  );
}

function Log({ search, emptyAction }: Pick<UsagePageProps, "search" | "emptyAction">) {
  const usage = useUsage(search);
  const newest = useNewest(search);
  // The same array as long as nothing has come: a log of any length is gone through only when it grows.
  const loaded = useMemo(() => usage.data?.pages.flatMap((page) => page.usage) ?? [], [usage.data]);
  const rows = useMemo(() => joinNewest(newest.data?.usage ?? [], loaded), [newest.data, loaded]);
  const { refetch, fetchNextPage, isFetchingNextPage } = usage;
  const hasGap = rows === null;
  useEffect(() => {
    if (hasGap) void refetch();
  }, [hasGap, refetch]);
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [isFetchingNextPage, fetchNextPage]);

  return (
    <Card aria-label="Requests">
      <CardHeader title="Requests" action={<Exports search={search} />} />
      <div className="mt-3">
        <QueryView
          query={usage}
          name="usage"
          loading={<Skeleton className="m-6 h-64" />}
          isEmpty={() => rows?.length === 0}
          empty={
            <EmptyNote title="No requests here" action={emptyAction}>
              The next one shows up the moment it is answered.
            </EmptyNote>
          }
        >
          {() => (
            <UsageLog rows={rows ?? loaded} hasMore={usage.hasNextPage && !usage.isFetchNextPageError} onMore={more} />
          )}
        </QueryView>
        {usage.isFetchNextPageError && (
          <ErrorNote error={usage.error} pending={isFetchingNextPage} onRetry={() => void fetchNextPage()} />
        )}
      </div>
    </Card>
  );
}

/** A link sends no header, so the account that is looked at stands in it. */
function exportUrl(search: UsageSearch, format: "csv" | "jsonl"): string {
  const accountId = actingAccount();
  const query = { ...filterOf(search), ...momentsOf(search), format, ...(accountId !== null && { accountId }) };
  return `/api/usage/export?${new URLSearchParams(query)}`;
}

/** The API writes the files, with the same filters. */
const Exports = ({ search }: { search: UsageSearch }) => (
  <div className="flex gap-2">
    {(["csv", "jsonl"] as const).map((format) => (
      <a
        key={format}
        download
        href={exportUrl(search, format)}
        className={buttonStyles({ variant: "secondary", size: "sm" })}
      >
        {format.toUpperCase()}
        <span className="sr-only"> of these requests</span>
      </a>
    ))}
  </div>
);
