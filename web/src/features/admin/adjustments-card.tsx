import { type FormEvent, useState } from "react";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { Adjustment } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useAdjustments, useDecide, usePropose } from "./use-admin.ts";

const TONES = { proposed: "ember", approved: "good", rejected: "neutral" } as const;
const NOTHING = { accountId: "", amount: "", cause: "", reason: "" };

/** One proposes, another approves: nobody changes the books alone. */
export function AdjustmentsCard() {
  const adjustments = useAdjustments();
  return (
    <Card aria-labelledby="adjustments">
      <CardHeader
        id="adjustments"
        title="Adjustments"
        description="One administrator proposes, another one approves. Nothing is booked before."
      />
      <ProposalForm />
      <QueryView
        query={adjustments}
        name="adjustments"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.adjustments.length === 0}
        empty={<EmptyNote title="None yet">What is proposed stands here until somebody else decides on it.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="adjustments">
            <thead>
              <tr>
                <Th>What</Th>
                <Th className="text-right">Amount</Th>
                <Th>State</Th>
                <Th>
                  <span className="sr-only">Decide</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {data.adjustments.map((adjustment) => (
                <AdjustmentRow key={adjustment.id} adjustment={adjustment} />
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}

function ProposalForm() {
  const [draft, setDraft] = useState(NOTHING);
  const propose = usePropose();
  const field = (name: keyof typeof NOTHING) => ({
    value: draft[name],
    onValueChange: (value: string) => setDraft({ ...draft, [name]: value.trimStart() }),
    required: true,
    autoComplete: "off",
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    propose.mutate(draft, { onSuccess: () => setDraft(NOTHING) });
  };
  return (
    <form onSubmit={submit} className="grid gap-4 px-5 py-5 sm:grid-cols-2 sm:px-6">
      <TextField label="Account" placeholder="acct_…" {...field("accountId")} />
      <TextField label="Amount" prefix="$" inputMode="decimal" {...field("amount")} />
      <TextField label="Cause" placeholder="ticket-17" hint="Your name for it: once." {...field("cause")} />
      <TextField label="Reason" minLength={10} {...field("reason")} />
      <div className="flex flex-wrap items-center gap-3 sm:col-span-2">
        <Button type="submit" size="sm" pending={propose.isPending}>
          Propose
        </Button>
        {propose.error && (
          <p role="alert" className="text-sm text-bad">
            {describeError(propose.error)}
          </p>
        )}
      </div>
    </form>
  );
}

function AdjustmentRow({ adjustment }: { adjustment: Adjustment }) {
  const { id, state, cause, reason, accountId, debit, credit, amount, proposedAt } = adjustment;
  const decide = useDecide();
  return (
    <Row>
      <Td className="min-w-48">
        <span className="block text-sm font-medium">{cause}</span>
        <span className="block text-xs text-pretty text-muted">
          {accountId ?? `${debit} ← ${credit}`}: {reason} <TimeAgo iso={proposedAt} />
        </span>
        {decide.error && (
          <span role="alert" className="block text-xs text-bad">
            {describeError(decide.error)}
          </span>
        )}
      </Td>
      <Td className="text-right">
        <Money usd={amount} />
      </Td>
      <Td>
        <Badge tone={TONES[state]}>{state}</Badge>
      </Td>
      <Td className="text-right">
        {state === "proposed" && (
          <span className="inline-flex gap-2">
            <Button
              size="sm"
              aria-label={`Approve ${cause}`}
              pending={decide.isPending}
              onClick={() => decide.mutate({ id, verb: "approve" })}
            >
              Approve
            </Button>
            <Button
              size="sm"
              variant="danger"
              aria-label={`Reject ${cause}`}
              disabled={decide.isPending}
              onClick={() => decide.mutate({ id, verb: "reject" })}
            >
              Reject
            </Button>
          </span>
        )}
      </Td>
    </Row>
  );
}
