import { useQuery } from "@tanstack/react-query";
import { Money } from "../../components/money.tsx";
import { api, type Balance, unwrap } from "../../lib/api.ts";
import { displayCount } from "../../lib/format.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { runwayDays } from "./runway.ts";

const SPAN_DAYS = 30;
const DAY_MS = 86_400_000;

const dayBefore = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

async function fetchSpend() {
  const [from, to] = [dayBefore(SPAN_DAYS - 1), dayBefore(0)];
  return unwrap(api.GET("/api/usage/summary", { params: { query: { from, to, by: "day" } } }));
}

/** How fast credit goes, and how long it lasts at that pace. A line that is not there yet is not missed. */
export function Pace({ balance }: { balance: Balance }) {
  const { data } = useQuery({ queryKey: [...queryKeys.usage, "pace"], queryFn: fetchSpend });
  if (!data) return <p className="mt-3 h-5" />;
  const days = runwayDays({ spendable: balance.spendable, days: data.groups, today: data.to });
  return (
    <p className="mt-3 text-sm text-muted">
      <Money usd={data.total.cost} className="text-ink" /> in the last {SPAN_DAYS} days
      {days !== null && (
        <>
          {" · lasts "}
          <span className="text-ink" title="At the pace of the last seven days">
            {days === 0 ? "less than a day" : `${displayCount(days)} ${days === 1 ? "day" : "days"}`}
          </span>
        </>
      )}
    </p>
  );
}
