import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Plan, Subscription } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useChangeSubscription, usePlans, useSubscribe } from "./use-plans.ts";

/** Credit for each period, paid by card. */
export function PlansPanel({ begun }: { begun: string | null }) {
  const plans = usePlans();
  return (
    <Card aria-label="Plans" className="p-5 sm:p-6">
      <QueryView query={plans} name="plans" loading={<Skeleton className="h-32" />}>
        {(data) => (
          <ul className="flex flex-col gap-4">
            {data.plans.map((plan) => (
              <Offered
                key={plan.id}
                plan={plan}
                subscription={data.subscriptions.find(({ planId, status }) => planId === plan.id && status !== "ended")}
                other={data.plans.find(
                  ({ id }) =>
                    id !== plan.id &&
                    data.subscriptions.some(({ planId, status }) => planId === id && status !== "ended"),
                )}
                isBegun={begun === plan.id}
              />
            ))}
          </ul>
        )}
      </QueryView>
    </Card>
  );
}

interface OfferedProps {
  plan: Plan;
  subscription: Subscription | undefined;
  /** A plan that the account has already: there can be one. */
  other: Plan | undefined;
  /** Somebody has just subscribed to it on the processor's page. */
  isBegun: boolean;
}

function Offered({ plan, subscription, other, isBegun }: OfferedProps) {
  const subscribe = useSubscribe();
  return (
    <li className="flex flex-wrap items-center justify-between gap-4 rounded-lg border p-4">
      <div>
        <h3 className="text-sm font-semibold">{plan.name}</h3>
        <p className="mt-1 text-sm text-muted">
          <Money usd={plan.credit} className="text-ink" /> of credit for <Money usd={plan.price} className="text-ink" />{" "}
          a period. It expires with the period.
        </p>
      </div>
      {subscription && <Subscribed subscription={subscription} />}
      {!subscription && isBegun && (
        <p role="status" className="text-sm">
          Waiting for the processor to say that it was paid.
        </p>
      )}
      {!subscription && !isBegun && (
        <Button
          variant="secondary"
          disabled={other !== undefined}
          title={other && `End ${other.name} first: an account has one plan`}
          pending={subscribe.isPending}
          onClick={() => subscribe.mutate(plan.id)}
        >
          Subscribe
        </Button>
      )}
      {subscribe.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(subscribe.error)}
        </p>
      )}
    </li>
  );
}

const STATUS: Record<Subscription["status"], string> = {
  incomplete: "Not paid yet",
  active: "Subscribed",
  past_due: "Payment failed",
  ended: "Ended",
};

function Subscribed({ subscription: { id, status, endsAtPeriodEnd, periodEnd } }: { subscription: Subscription }) {
  const change = useChangeSubscription();
  return (
    <div className="flex flex-wrap items-center gap-3 text-sm">
      <Badge tone={status === "active" ? "good" : "bad"}>{STATUS[status]}</Badge>
      {periodEnd !== null && (
        <span className="text-muted">
          {endsAtPeriodEnd ? "Ends " : "Renews "}
          <TimeAgo iso={periodEnd} />
        </span>
      )}
      <Button
        variant={endsAtPeriodEnd ? "secondary" : "ghost"}
        size="sm"
        pending={change.isPending}
        onClick={() => change.mutate({ id, endsAtPeriodEnd: !endsAtPeriodEnd })}
      >
        {endsAtPeriodEnd ? "Go on after all" : "End with the period"}
      </Button>
      {change.error && (
        <p role="alert" className="w-full text-bad">
          {describeError(change.error)}
        </p>
      )}
    </div>
  );
}
