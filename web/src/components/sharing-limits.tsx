import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, type SharingRoom, unwrap } from "../lib/api.ts";
import { queryKeys } from "../lib/query-keys.ts";
import { Money } from "./money.tsx";
import { QueryView } from "./query-view.tsx";
import { Skeleton } from "./ui/skeleton.tsx";

const useSharingRoom = (): UseQueryResult<SharingRoom> =>
  useQuery({ queryKey: queryKeys.sharing, queryFn: () => unwrap(api.GET("/api/transfers/limits")) });

/** What may be given, before anybody tries: balance, the day's limit, and that for new recipients where it matters. */
export function SharingLimits({ toSomebody }: { toSomebody: boolean }) {
  const room = useSharingRoom();
  return (
    <section aria-label="Limits" className="text-[13px] text-pretty text-muted">
      <QueryView query={room} name="limits" loading={<Skeleton className="h-5" />}>
        {({ shareable, perDay, leftToday, toNewPerDay, leftToNew, refusal }) =>
          refusal !== null ? (
            <p className="text-bad">{refusal}</p>
          ) : (
            <p>
              You can share <Money usd={shareable} className="text-ink" />. Left of today's <Money usd={perDay} />:{" "}
              <Money usd={leftToday} className="text-ink" />
              {toSomebody && (
                <>
                  ; of the <Money usd={toNewPerDay} /> in 24 hours to people who got nothing from you before:{" "}
                  <Money usd={leftToNew} className="text-ink" />
                </>
              )}
              .
            </p>
          )
        }
      </QueryView>
    </section>
  );
}
