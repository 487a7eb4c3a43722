import { type FormEvent, useState } from "react";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { SharingLimits } from "../../components/sharing-limits.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { StandingOrder } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { readRecipient } from "./recipient.ts";
import { useChangeOrder, useOrder, useStandingOrders } from "./use-standing-orders.ts";

type Every = StandingOrder["every"];
const EVERY: Array<{ value: Every; label: string }> = [
  { value: "day", label: "every day" },
  { value: "week", label: "every week" },
  { value: "month", label: "every month" },
];
const STATES = {
  active: { label: "Active", tone: "good" },
  paused: { label: "Paused", tone: "neutral" },
  ended: { label: "Ended", tone: "neutral" },
} as const;
const EMPTY = { to: "", amount: "" };

/** "$10 to X every week". */
export function StandingCard() {
  const orders = useStandingOrders();
  return (
    <Card aria-labelledby="standing">
      <CardHeader
        id="standing"
        title="Standing orders"
        description="The first one goes now. With a wallet you get a mail each time there is something to sign."
      />
      <OrderForm />
      <QueryView
        query={orders}
        name="standing orders"
        loading={<Skeleton className="m-6 h-16" />}
        isEmpty={(data) => data.orders.length === 0}
        empty={<EmptyNote title="No standing orders">What you send again and again is listed here.</EmptyNote>}
      >
        {(data) => (
          <ul aria-label="Standing orders" className="divide-y border-t px-5 text-sm sm:px-6">
            {data.orders.map((order) => (
              <OrderRow key={order.id} order={order} />
            ))}
          </ul>
        )}
      </QueryView>
    </Card>
  );
}

function OrderForm() {
  const [text, setText] = useState(EMPTY);
  const [period, setPeriod] = useState<Every>("week");
  const [toldOf, setToldOf] = useState(false);
  const order = useOrder();
  const to = readRecipient(text.to);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setToldOf(true);
    if (to) order.mutate({ to, amount: text.amount.trim(), every: period }, { onSuccess: () => setText(EMPTY) });
  };
  return (
    <form onSubmit={submit} className="flex flex-wrap items-end gap-3 p-5 sm:p-6">
      <TextField
        label="To whom"
        placeholder="name@example.com, 0x… or acct_…"
        autoComplete="off"
        required
        value={text.to}
        onValueChange={(value) => setText({ ...text, to: value })}
        error={toldOf && text.to !== "" && !to ? "A wallet, an e-mail address or an account." : null}
        className="min-w-48 flex-1"
      />
      <TextField
        label="Each time"
        prefix="$"
        inputMode="decimal"
        required
        value={text.amount}
        onValueChange={(value) => setText({ ...text, amount: value })}
        className="w-28"
      />
      <Select label="How often" value={period} options={EVERY} onChange={(value) => setPeriod(value as Every)} />
      <Button type="submit" variant="secondary" pending={order.isPending}>
        Order
      </Button>
      <SharingLimits toSomebody />
      {order.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(order.error)}
        </p>
      )}
    </form>
  );
}

function OrderRow({ order }: { order: StandingOrder }) {
  const change = useChangeOrder();
  const { label, tone } = STATES[order.state];
  const set = (state: StandingOrder["state"]) => change.mutate({ id: order.id, state });
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <span className="min-w-0 flex-1 truncate" title={order.to.name}>
        <Money usd={order.amount} /> to {order.to.name} every {order.every}
      </span>
      {order.state === "active" && (
        <span className="text-xs text-muted">
          next <TimeAgo iso={order.nextAt} />
        </span>
      )}
      <Badge tone={tone}>{label}</Badge>
      {order.state !== "ended" && (
        <>
          <Button
            variant="ghost"
            size="sm"
            pending={change.isPending}
            onClick={() => set(order.state === "active" ? "paused" : "active")}
          >
            {order.state === "active" ? "Pause" : "Go on"}
          </Button>
          <Button variant="ghost" size="sm" pending={change.isPending} onClick={() => set("ended")}>
            End
          </Button>
        </>
      )}
      {order.failure && <p className="w-full text-xs text-bad">Not carried out last time: {order.failure}</p>}
    </li>
  );
}
