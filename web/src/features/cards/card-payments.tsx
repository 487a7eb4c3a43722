import { Money } from "../../components/money.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import type { CardPayment } from "../../lib/api.ts";

const STATE = {
  open: { label: "Not paid yet", tone: "neutral" },
  action: { label: "To be confirmed", tone: "ember" },
  paid: { label: "Paid", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
} as const;

/** What was paid by card, newest first. */
export const CardPayments = ({ payments }: { payments: CardPayment[] }) =>
  payments.length > 0 && (
    <section aria-labelledby="card-payments">
      <h3 id="card-payments" className="text-sm font-medium">
        Payments by card
      </h3>
      <ul className="mt-1 divide-y text-sm">
        {payments.map((payment) => (
          <Paid key={payment.id} payment={payment} />
        ))}
      </ul>
    </section>
  );

function Paid({ payment: { state, amount, refunded, disputed, reason, createdAt } }: { payment: CardPayment }) {
  const { label, tone } = STATE[state];
  const taken = [
    { label: "refunded", usd: refunded },
    { label: "disputed", usd: disputed },
  ].filter(({ usd }) => usd !== "0");
  return (
    <li className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 py-2">
      <span className="text-muted">
        <TimeAgo iso={createdAt} />
      </span>
      <Badge tone={tone}>{label}</Badge>
      <Money usd={amount} className="font-medium" />
      {(reason !== null || taken.length > 0) && (
        <span className="w-full text-[13px] text-muted">
          {reason}
          {taken.map((one) => (
            <span key={one.label} className="mr-3">
              <Money usd={one.usd} /> {one.label}
            </span>
          ))}
        </span>
      )}
    </li>
  );
}
