import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { SharingLimits } from "../../components/sharing-limits.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { type AskedFor, api, unwrap } from "../../lib/api.ts";
import { describeError, isRejected } from "../../lib/errors.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { useSession } from "../../lib/session.ts";
import { useSend } from "./use-transfers.ts";

const OVER = {
  pending: "Somebody has paid it: it is on its way.",
  paid: "It is paid. Nobody has to do anything more.",
  cancelled: "It was taken back. Nobody can pay it any more.",
  expired: "Its time is over. Ask for a new link.",
} as const;

const useAskedFor = (id: string): UseQueryResult<AskedFor> =>
  useQuery({
    queryKey: [...queryKeys.requests, id],
    queryFn: () => unwrap(api.GET("/api/requests/{id}", { params: { path: { id } } })),
  });

/** What a link asks for, and the button that pays it. `signIn` is shown to visitors. */
export function PayCard({ id, signIn }: { id: string; signIn: ReactNode }) {
  const asked = useAskedFor(id);
  return (
    <Card aria-labelledby="pay">
      <QueryView query={asked} name="the request" loading={<Skeleton className="m-6 h-32" />}>
        {(data) => (
          <>
            <CardHeader id="pay" title="You are asked for" description={`By ${data.from}`} />
            <div className="flex flex-col gap-4 p-5 text-sm sm:p-6">
              <p className="text-4xl font-semibold tracking-tight">
                <Money usd={data.amount} />
              </p>
              {data.message && <q className="text-[15px]">{data.message}</q>}
              {data.state === "open" ? (
                <Pay asked={data} signIn={signIn} />
              ) : (
                <p role="status" className={data.state === "paid" ? "text-good" : "text-muted"}>
                  {OVER[data.state]}
                </p>
              )}
            </div>
          </>
        )}
      </QueryView>
    </Card>
  );
}

function Pay({ asked, signIn }: { asked: AskedFor; signIn: ReactNode }) {
  const { data: account } = useSession();
  const send = useSend();
  if (!account)
    return (
      <>
        <p className="text-muted">Sign in to pay it from your credit.</p>
        {signIn}
      </>
    );
  const error = send.error && !isRejected(send.error) ? send.error : null;
  return (
    <>
      <SharingLimits toSomebody />
      {error && (
        <p role="alert" className="text-bad">
          {describeError(error)}
        </p>
      )}
      <Button
        className="self-start"
        pending={send.isPending}
        onClick={() => send.mutate({ to: { request: asked.id }, amount: asked.amount, memo: asked.message })}
      >
        Pay <Money usd={asked.amount} />
      </Button>
    </>
  );
}
