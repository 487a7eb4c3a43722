import { type FormEvent, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import type { CardPayment, Cards, Config } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { displayUsd } from "../../lib/format.ts";
import { readCents } from "../../lib/read-cents.ts";
import { useCharge, useCheckout, useIsCharging } from "./use-cards.ts";

const ANOTHER = "another";

interface PayFormProps {
  cards: Cards["cards"];
  limits: NonNullable<Config["cards"]>;
}

/** An amount, and with which card: a saved one is charged, for another one there is the processor's page. */
export function PayForm({ cards, limits }: PayFormProps) {
  const [text, setText] = useState("25");
  const [cardId, setCardId] = useState(cards[0]?.id ?? ANOTHER);
  const [isKept, setIsKept] = useState(false);
  const [isTold, setIsTold] = useState(false);
  const { checkout, charge, isPending } = usePaying();
  const { amount, error: mistake } = readCents(text, limits);
  const card = cards.find(({ id }) => id === cardId);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTold(true);
    if (amount === null || isPending) return;
    if (card === undefined) checkout(amount, isKept);
    else charge.mutate({ amount, cardId: card.id }, { onSuccess: ({ state }) => state === "paid" && setText("") });
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <TextField
        label="Amount"
        prefix="$"
        inputMode="decimal"
        autoComplete="off"
        value={text}
        onValueChange={(next) => {
          setText(next);
          setIsTold(false);
        }}
        error={isTold && text !== "" ? mistake : null}
        hint={`${displayUsd(limits.least)} to ${displayUsd(limits.most)}, at most ${displayUsd(limits.perDay)} in 24 hours.`}
      />
      {cards.length > 0 && (
        <Select
          label="Card"
          value={card?.id ?? ANOTHER}
          onChange={setCardId}
          options={[
            ...cards.map(({ id, brand, last4 }) => ({ value: id, label: `${brand} •••• ${last4}` })),
            { value: ANOTHER, label: "Another card" },
          ]}
        />
      )}
      {card === undefined && (
        <label className="flex items-center gap-2.5 text-sm">
          <input
            type="checkbox"
            className="size-4 accent-ink"
            checked={isKept}
            onChange={(event) => setIsKept(event.target.checked)}
          />
          Keep the card for later payments
        </label>
      )}
      <p className="text-[13px] text-pretty text-muted">
        It can be spent at once. It can't be sent to others until the time for chargebacks is over.
      </p>
      {charge.data && <Outcome payment={charge.data} />}
      {charge.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(charge.error)}
        </p>
      )}
      <Button type="submit" size="lg" pending={isPending}>
        {labelOf(amount, card)}
      </Button>
    </form>
  );
}

function labelOf(amount: string | null, card: Cards["cards"][number] | undefined): string {
  const sum = amount === null ? "" : ` ${displayUsd(amount)}`;
  return card === undefined ? `Go on to pay${sum}` : `Pay${sum} with ${card.brand} •••• ${card.last4}`;
}

const OUTCOME: Record<CardPayment["state"], string> = {
  paid: "Paid. The credit is yours to spend.",
  failed: "The card was not charged.",
  open: "The processor is still at it. The payment is below, and changes there.",
  action:
    "The bank asks you to confirm, and nothing was charged. Choose “Another card”: on the processor's page it can.",
};

const Outcome = ({ payment: { state, reason } }: { payment: CardPayment }) => (
  <p
    role="status"
    className={`text-sm text-pretty ${state === "paid" ? "text-good" : state === "failed" ? "text-bad" : ""}`}
  >
    {OUTCOME[state]} {reason}
  </p>
);

/** The two ways as one: what is said is about the last try. */
function usePaying() {
  const page = useCheckout();
  const saved = useCharge();
  const isCharging = useIsCharging();
  const isLast = (page.submittedAt ?? 0) <= (saved.submittedAt ?? 0);
  return {
    checkout: (amount: string, save: boolean) => page.mutate({ amount, save }),
    charge: {
      mutate: saved.mutate,
      data: isLast ? saved.data : undefined,
      error: isLast ? saved.error : page.error,
    },
    isPending: page.isPending || isCharging,
  };
}
