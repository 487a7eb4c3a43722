import { QueryView } from "../../components/query-view.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import type { Config } from "../../lib/api.ts";
import { CardPayments } from "./card-payments.tsx";
import { PayForm } from "./pay-form.tsx";
import { SavedCards } from "./saved-cards.tsx";
import { useCards } from "./use-cards.ts";

interface CardPanelProps {
  limits: NonNullable<Config["cards"]>;
  /** The payment that somebody has just made on the processor's page. */
  made: string | null;
}

/** Paying by card: on the processor's page, or with a card that was saved there. */
export function CardPanel({ limits, made }: CardPanelProps) {
  const cards = useCards();
  return (
    <Card aria-label="Card" className="p-5 sm:p-6">
      <QueryView query={cards} name="cards" loading={<Skeleton className="h-48" />}>
        {(data) => (
          <div className="flex flex-col gap-6">
            {data.payments.some(({ id, state }) => id === made && state === "open") && (
              <p role="status" className="text-sm">
                Waiting for the processor to say that it was paid. The credit follows at once.
              </p>
            )}
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
