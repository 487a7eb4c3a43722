import { type FormEvent, useState } from "react";
import { QueryView } from "../../components/query-view.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Cards, Config } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { displayUsd } from "../../lib/format.ts";
import { readCardAmount } from "./card-amount.ts";
import { CardPayments } from "./card-payments.tsx";
import { SavedCards } from "./saved-cards.tsx";
import { useCards, useCharge, useCheckout } from "./use-cards.ts";

const ANOTHER = "another";

type Limits = NonNullable<Config["cards"]>;

/** Paying by card: on the processor's page, or with a card that was saved there. */
export function CardPanel({ limits }: { limits: Limits }) {
  const cards = useCards();
  return (
    <Card aria-label="Card" className="p-5 sm:p-6">
      <QueryView query={cards} name="cards" loading={<Skeleton className="h-48" />}>
        {(data) => (
          <div className="flex flex-col gap-6">
            {data.blocked ? (
              <p className="text-sm text-bad">Payments by card are blocked for this account. Write to support.</p>
            ) : (
              <PayForm cards={data.cards} limits={limits} />
            )}
            <SavedCards cards={data.cards} />
            <CardPayments payments={data.payments} />
          </div>
        )}
      </QueryView>
    </Card>
  );
}

function PayForm({ cards, limits }: { cards: Cards["cards"]; limits: Limits }) {
  const [text, setText] = useState("25");
  const [cardId, setCardId] = useState(cards[0]?.id ?? ANOTHER);
  const [isTold, setIsTold] = useState(false);
  const { pay, isPending, error, needsConsent } = usePayment();
  const { amount, error: mistake } = readCardAmount(text, limits);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setIsTold(true);
    if (amount !== null) pay(amount, cards.some(({ id }) => id === cardId) ? cardId : null);
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <TextField
        label="Amount"
        prefix="$"
        inputMode="decimal"
        autoComplete="off"
        value={text}
        onValueChange={setText}
        error={isTold ? mistake : null}
        hint={`${displayUsd(limits.least)} to ${displayUsd(limits.most)}, at most ${displayUsd(limits.perDay)} in 24 hours.`}
      />
      {cards.length > 0 && (
        <Select
          label="Card"
          value={cardId}
          onChange={setCardId}
          options={[
            ...cards.map(({ id, brand, last4 }) => ({ value: id, label: `${brand} •••• ${last4}` })),
            { value: ANOTHER, label: "Another card" },
          ]}
        />
      )}
      <p className="text-[13px] text-pretty text-muted">
        It can be spent at once. It can't be sent to others until the time for chargebacks is over.
      </p>
      {needsConsent && (
        <p role="status" className="text-sm text-pretty">
          The bank asks you to confirm. Choose “Another card” and pay on the processor's page, where it can.
        </p>
      )}
      {error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(error)}
        </p>
      )}
      <Button type="submit" size="lg" pending={isPending}>
        {amount === null ? "Pay by card" : `Pay ${displayUsd(amount)} by card`}
      </Button>
    </form>
  );
}

/** Charges a saved card, or goes to the processor's page. What failed and is tried again is the same payment. */
function usePayment() {
  const checkout = useCheckout();
  const charge = useCharge();
  const [tried, setTried] = useState<{ of: string; key: string } | null>(null);
  const pay = (amount: string, cardId: string | null) => {
    if (cardId === null) return checkout.mutate({ amount, save: true });
    const of = `${amount} ${cardId}`;
    const key = tried?.of === of ? tried.key : crypto.randomUUID();
    setTried({ of, key });
    charge.mutate({ amount, cardId, key }, { onSuccess: () => setTried(null) });
  };
  return {
    pay,
    // The page that is left for the processor's stays busy until it is gone.
    isPending: checkout.isPending || checkout.isSuccess || charge.isPending,
    error: checkout.error ?? charge.error,
    needsConsent: charge.data?.state === "action",
  };
}
