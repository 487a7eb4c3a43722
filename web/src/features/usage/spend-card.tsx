import { lazy, Suspense } from "react";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { displayCount } from "../../lib/format.ts";
import { type ChartData, chartData } from "./chart-data.ts";
import type { Split, UsageSearch } from "./usage-search.ts";
import { useSeries } from "./use-usage.ts";

const UsageChart = lazy(() => import("./usage-chart.tsx"));
const SPLITS = [
  { by: "model", label: "Model" },
  { by: "key", label: "Key" },
  { by: "node", label: "Node" },
] as const;

interface SpendCardProps {
  search: UsageSearch;
  onSplit: (by: Split) => void;
}

/** What was spent day by day, and on what: a picture, and the numbers of it. */
export function SpendCard({ search, onSplit }: SpendCardProps) {
  const by = search.by ?? "model";
  const series = useSeries(search, by);
  return (
    <Card aria-labelledby="spend">
      <CardHeader
        id="spend"
        title="Spend by day"
        description="Days in UTC, by when a request began."
        action={
          <fieldset className="flex gap-1">
            <legend className="sr-only">Split by</legend>
            {SPLITS.map((split) => (
              <Button
                key={split.by}
                variant="ghost"
                size="sm"
                aria-pressed={by === split.by}
                className="aria-pressed:bg-sunken aria-pressed:font-semibold"
                onClick={() => onSplit(split.by)}
              >
                {split.label}
              </Button>
            ))}
          </fieldset>
        }
      />
      <QueryView
        query={series}
        name="spend"
        loading={<Skeleton className="m-6 h-64" />}
        isEmpty={(data) => data.points.length === 0}
        empty={<EmptyNote title="Nothing was used">On these days, with these filters.</EmptyNote>}
      >
        {(data) => <Spend data={chartData(data)} />}
      </QueryView>
    </Card>
  );
}

const Spend = ({ data }: { data: ChartData }) => (
  <div className="flex flex-col gap-4 p-5 sm:p-6">
    <Suspense fallback={<Skeleton className="h-64" />}>
      <UsageChart data={data} />
    </Suspense>
    <ul aria-label="Spend" className="grid gap-x-8 gap-y-1.5 text-sm sm:grid-cols-2">
      {data.series.map(({ key, label, usd, requests }) => (
        <li key={key} className="flex min-w-0 items-baseline justify-between gap-3">
          <span className="truncate" title={label}>
            {label}
          </span>
          <span className="whitespace-nowrap">
            <span className="mr-3 text-xs text-muted tabular-nums">{displayCount(requests)} requests</span>
            <Money usd={usd} />
          </span>
        </li>
      ))}
    </ul>
  </div>
);
