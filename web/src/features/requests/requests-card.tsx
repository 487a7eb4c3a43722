import { type FormEvent, useState } from "react";
import { CopyButton } from "../../components/copy-button.tsx";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { MoneyRequest } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useAsk, useCancelRequest, useRequests } from "./use-requests.ts";

const STATES = {
  open: { label: "Open", tone: "ember" },
  pending: { label: "On its way", tone: "ember" },
  paid: { label: "Paid", tone: "good" },
  cancelled: { label: "Cancelled", tone: "neutral" },
  expired: { label: "Expired", tone: "neutral" },
} as const;

/** A link by which somebody pays, once. */
export function RequestsCard() {
  const requests = useRequests();
  return (
    <Card aria-labelledby="requests">
      <CardHeader
        id="requests"
        title="Ask for money"
        description="A link for whoever is to pay. It is paid once, within 30 days."
      />
      <AskForm />
      <QueryView
        query={requests}
        name="requests"
        loading={<Skeleton className="m-6 h-16" />}
        isEmpty={(data) => data.requests.length === 0}
        empty={<EmptyNote title="No requests yet">What you ask for is listed here.</EmptyNote>}
      >
        {(data) => (
          <ul aria-label="Requests" className="divide-y border-t px-5 text-sm sm:px-6">
            {data.requests.map((request) => (
              <RequestRow key={request.id} request={request} />
            ))}
          </ul>
        )}
      </QueryView>
    </Card>
  );
}

function AskForm() {
  const [amount, setAmount] = useState("");
  const [message, setMessage] = useState("");
  const ask = useAsk();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate(
      { amount: amount.trim(), message },
      {
        onSuccess: () => {
          setAmount("");
          setMessage("");
        },
      },
    );
  };
  return (
    <form onSubmit={submit} className="flex flex-wrap items-end gap-3 p-5 sm:p-6">
      <TextField
        label="Amount to ask for"
        prefix="$"
        inputMode="decimal"
        required
        value={amount}
        onValueChange={setAmount}
        className="w-36"
      />
      <TextField
        label="What for"
        maxLength={280}
        value={message}
        onValueChange={setMessage}
        className="min-w-40 flex-1"
      />
      <Button type="submit" variant="secondary" pending={ask.isPending}>
        Make a link
      </Button>
      {ask.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(ask.error)}
        </p>
      )}
    </form>
  );
}

function RequestRow({ request }: { request: MoneyRequest }) {
  const cancel = useCancelRequest();
  const { label, tone } = STATES[request.state];
  return (
    <li className="flex flex-wrap items-center gap-3 py-2.5">
      <Money usd={request.amount} />
      <span className="min-w-0 flex-1 truncate text-muted" title={request.message}>
        {request.message}
      </span>
      <Badge tone={tone}>{label}</Badge>
      {request.state === "open" && (
        <>
          <CopyButton text={request.link} label="Copy link" />
          <Button variant="ghost" size="sm" pending={cancel.isPending} onClick={() => cancel.mutate(request.id)}>
            Cancel
          </Button>
        </>
      )}
      {cancel.error && (
        <p role="alert" className="w-full text-sm text-bad">
          {describeError(cancel.error)}
        </p>
      )}
    </li>
  );
}
