import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Sheet } from "../../components/ui/sheet.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Delivery, WebhookEndpoint } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { displayLatency } from "../../lib/format.ts";
import { useDeleteEndpoint, useDeliveries, useEnableEndpoint, useRedeliver, useTestEndpoint } from "./use-webhooks.ts";

const STATES = {
  pending: { label: "On its way", tone: "ember" },
  delivered: { label: "Delivered", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  dropped: { label: "Dropped", tone: "neutral" },
} as const;

interface EndpointSheetProps {
  endpoint: WebhookEndpoint | null;
  onClose: () => void;
}

/** What was posted to an endpoint, each attempt with its answer; and what can be done to it. */
export const EndpointSheet = ({ endpoint, onClose }: EndpointSheetProps) => (
  <Sheet
    open={endpoint !== null}
    onOpenChange={(open) => !open && onClose()}
    title="Deliveries"
    description={endpoint?.url}
  >
    {endpoint && (
      <div className="flex flex-col gap-6">
        <Actions endpoint={endpoint} onDeleted={onClose} />
        <Deliveries id={endpoint.id} />
      </div>
    )}
  </Sheet>
);

function Actions({ endpoint: { id, state }, onDeleted }: { endpoint: WebhookEndpoint; onDeleted: () => void }) {
  const [test, enable, end] = [useTestEndpoint(), useEnableEndpoint(), useDeleteEndpoint()];
  const error = test.error ?? enable.error ?? end.error;
  return (
    <div className="flex flex-wrap gap-2">
      <Button size="sm" pending={test.isPending} onClick={() => test.mutate(id)}>
        Send a test
      </Button>
      <Button
        variant="secondary"
        size="sm"
        pending={enable.isPending}
        onClick={() => enable.mutate({ id, disabled: state === "enabled" })}
      >
        {state === "enabled" ? "Disable" : "Enable"}
      </Button>
      <Button
        variant="danger"
        size="sm"
        pending={end.isPending}
        onClick={() => end.mutate(id, { onSuccess: onDeleted })}
      >
        Delete
      </Button>
      {error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(error)}
        </p>
      )}
    </div>
  );
}

function Deliveries({ id }: { id: string }) {
  const deliveries = useDeliveries(id);
  return (
    <QueryView
      query={deliveries}
      name="deliveries"
      loading={<Skeleton className="h-40" />}
      isEmpty={(data) => data.deliveries.length === 0}
      empty={<EmptyNote title="Nothing was posted yet">Send a test to see whether your server is reached.</EmptyNote>}
    >
      {(data) => (
        <ul aria-label="Deliveries" className="divide-y">
          {data.deliveries.map((delivery) => (
            <DeliveryItem key={delivery.id} endpointId={id} delivery={delivery} />
          ))}
        </ul>
      )}
    </QueryView>
  );
}

function DeliveryItem({ endpointId, delivery }: { endpointId: string; delivery: Delivery }) {
  const redeliver = useRedeliver();
  const { label, tone } = STATES[delivery.state];
  return (
    <li className="flex flex-col gap-2 py-3 text-sm">
      <div className="flex items-center justify-between gap-3">
        <span className="min-w-0">
          <span className="block truncate font-mono text-[13px]">{delivery.type}</span>
          <span className="text-xs text-muted">
            <TimeAgo iso={delivery.createdAt} />
          </span>
        </span>
        <span className="flex items-center gap-2">
          <Badge tone={tone}>{label}</Badge>
          <Button
            variant="secondary"
            size="sm"
            pending={redeliver.isPending}
            onClick={() => redeliver.mutate({ id: endpointId, deliveryId: delivery.id })}
          >
            Send again
          </Button>
        </span>
      </div>
      {delivery.attempts.map((attempt) => (
        <p key={attempt.at} className="text-xs text-muted">
          <TimeAgo iso={attempt.at} />: {attempt.status ?? attempt.error ?? "no answer"} in{" "}
          {displayLatency(attempt.tookMs)}
        </p>
      ))}
      {redeliver.error && (
        <p role="alert" className="text-xs text-bad">
          {describeError(redeliver.error)}
        </p>
      )}
    </li>
  );
}
