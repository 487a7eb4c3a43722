import { Meter } from "@base-ui/react/meter";
import { Trash2 } from "lucide-react";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Limit } from "../../lib/api.ts";
import { cn } from "../../lib/cn.ts";
import { describeError } from "../../lib/errors.ts";
import { displayExactTime } from "../../lib/format.ts";
import { useMay } from "../../lib/memberships.ts";
import { BudgetDialog } from "./budget-dialog.tsx";
import { PERIODS, shareUsed } from "./budgets.ts";
import { useSubjects } from "./use-subjects.ts";
import { useLimits, useRemoveLimit } from "./use-team.ts";

/** What may be spent, and how much of it is. */
export function BudgetsCard() {
  const limits = useLimits();
  const maySet = useMay("budgets");
  return (
    <Card aria-labelledby="budgets">
      <CardHeader
        id="budgets"
        title="Budgets"
        description="Exact: what a request can cost is set aside within them before it runs."
        action={maySet && <BudgetDialog />}
      />
      <div className="px-5 pt-2 pb-5 sm:px-6">
        <QueryView
          query={limits}
          name="budgets"
          loading={<Skeleton className="my-4 h-24" />}
          isEmpty={(data) => data.limits.length === 0}
          empty={
            <EmptyNote title="No budgets">
              {maySet ? "Set one on the team, a member, a project or a key." : "Only the team's balance limits you."}
            </EmptyNote>
          }
        >
          {(data) => (
            <ul aria-label="Budgets" className="divide-y">
              {data.limits.map((limit) => (
                <BudgetRow key={`${limit.scope}:${limit.subjectId}:${limit.period}`} limit={limit} maySet={maySet} />
              ))}
            </ul>
          )}
        </QueryView>
      </div>
    </Card>
  );
}

function BudgetRow({ limit, maySet }: { limit: Limit; maySet: boolean }) {
  const { labelOf } = useSubjects();
  const remove = useRemoveLimit();
  const label = `${labelOf(limit)}, ${PERIODS[limit.period].toLowerCase()}`;
  const share = shareUsed(limit);
  return (
    <li className="py-3 text-sm">
      <Meter.Root value={share} aria-valuetext={`${share} % used`} className="flex flex-col gap-2">
        <div className="flex items-center justify-between gap-4">
          <Meter.Label className="min-w-0 truncate font-medium">{label}</Meter.Label>
          <span className="flex items-center gap-1">
            <span className="text-right text-muted">
              <Money usd={limit.used} /> of <Money usd={limit.amount} />
            </span>
            {maySet && (
              <Button
                variant="ghost"
                size="icon"
                aria-label={`Remove the budget of ${label}`}
                pending={remove.isPending}
                onClick={() => remove.mutate(limit)}
              >
                {!remove.isPending && <Trash2 aria-hidden />}
              </Button>
            )}
          </span>
        </div>
        <Meter.Track className="block h-1.5 overflow-hidden rounded-full bg-sunken">
          <Meter.Indicator className={cn("block h-full rounded-full bg-ink", share >= 100 && "bg-bad")} />
        </Meter.Track>
      </Meter.Root>
      {limit.resetsAt && <p className="mt-1.5 text-xs text-muted">Begins anew {displayExactTime(limit.resetsAt)}</p>}
      {remove.error && (
        <p role="alert" className="mt-1.5 text-sm text-bad">
          {describeError(remove.error)}
        </p>
      )}
    </li>
  );
}
