import { QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { describeError } from "../../lib/errors.ts";
import { type DesktopNotices, useDesktopNotices, useTurnOff, useTurnOn } from "./use-desktop-notices.ts";

/** A notification on this machine when credit runs low, also while no page is open. */
export function DesktopNoticesCard() {
  const notices = useDesktopNotices();
  return (
    <Card aria-labelledby="desktop">
      <CardHeader
        id="desktop"
        title="Desktop notifications"
        description="When your credit falls below $1, on this machine, even while infr is closed."
      />
      <div className="p-5 sm:p-6">
        <QueryView query={notices} name="desktop notifications" loading={<Skeleton className="h-9 w-32" />}>
          {(data) => <Switch notices={data} />}
        </QueryView>
      </div>
    </Card>
  );
}

function Switch({ notices }: { notices: DesktopNotices }) {
  const turnOn = useTurnOn();
  const turnOff = useTurnOff();
  if (notices.state === "impossible") {
    return <p className="text-sm text-muted">This browser, or this server, has no web push.</p>;
  }
  const error = turnOn.error ?? turnOff.error;
  return (
    <>
      {notices.state === "on" ? (
        <Button variant="secondary" pending={turnOff.isPending} onClick={() => turnOff.mutate(notices.id)}>
          Turn off here
        </Button>
      ) : (
        <Button variant="secondary" pending={turnOn.isPending} onClick={() => turnOn.mutate(notices.publicKey)}>
          Turn on here
        </Button>
      )}
      {error && (
        <p role="alert" className="mt-3 text-sm text-bad">
          {describeError(error)}
        </p>
      )}
    </>
  );
}
